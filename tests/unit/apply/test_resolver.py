"""Resolution: both resolvers give one lock, which holds nothing of this build alone and obeys the user's hashes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ml_buildpack.apply import commands
from ml_buildpack.apply.resolver import read_lock
from ml_buildpack.errors import BuildpackError, DigestMismatch, IndexUnauthorised, LockOutOfDate
from ml_buildpack.lock import LockedRevision
from ml_buildpack.plan.pin_origins import ADDED
from ml_buildpack.plan.resolution_method import Pinned, PinnedPart, UvExport, UvSelection
from support.distributions import Distribution
from support.file_server import FileServer, serve_repository
from support.local_index import Faults, LocalIndex, serve_index
from support.workplace import TREE, Workplace, files_below, find_uv, tree_at

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RESOLVERS = ("uv", "pip-tools")


@dataclass(frozen=True, kw_only=True, slots=True)
class WithExtra(Distribution):
    """A distribution with an extra named `x`; pip wants extras declared."""

    @property
    def metadata(self) -> str:
        """The core metadata."""
        # A dataclass with slots is made anew, so that a bare super() would name the class before.
        declared = super(WithExtra, self).metadata
        return f"{declared}Provides-Extra: x\n"


PLAIN = Distribution(name="plain")
ONE, TWO = Distribution(name="many", version="1.0"), Distribution(name="many", version="2.0")
DISTRIBUTIONS = (
    PLAIN,
    ONE,
    TWO,
    WithExtra(name="needs", requires=("many>=1", 'plain; extra == "x"', 'absent; python_version < "3"')),
    Distribution(name="Odd.Name"),
    Distribution(name="from-source", sdist_only=True),
)
NEAR = Distribution(name="near", version="3.0")
Files = Mapping[str, str | bytes]


@pytest.fixture(scope="module")
def shared_index() -> Iterator[LocalIndex]:
    """One index for all tests that only ask it."""
    with serve_index(*DISTRIBUTIONS) as running:
        yield running


def packages_of(text: str) -> dict[str, str | None]:
    """Name and version of each package of a lock."""
    return {package["name"]: package.get("version") for package in tomllib.loads(text)["packages"]}


def sha256_of(one: Distribution) -> str:
    """The digest of its wheel."""
    return hashlib.sha256(one.wheel()).hexdigest()


def near(directory: str) -> dict[str, bytes]:
    """A wheel that lies in the project."""
    return {f"{directory}/{NEAR.wheel_name}": NEAR.wheel()}


def brought_by(*origin: str) -> dict[str, object]:
    """What a package's table has of its origin."""
    return {"tool": {"ml-buildpack": {"origin": list(origin)}}}


CASES: dict[str, Callable[[LocalIndex], Files]] = {
    "lines": lambda _: {
        "requirements.txt": "-r more/base.txt\nneeds[x]\nabsent ; sys_platform == 'win32'\nodd_name\nfrom-source\n",
        "more/base.txt": f"-c c.txt\nmany==1.0 ; python_version >= '3' --hash=sha256:{sha256_of(ONE)}\n",
        "more/c.txt": "plain<2\n",
    },
    "addresses": lambda index: {
        "requirements.txt": f"plain @ {index.file_url(PLAIN.wheel_name)}\n{index.file_url(ONE.wheel_name)}\n"
    },
    "trees, and modules and settings that are not for the tools": lambda _: {
        "requirements.txt": "./pkg\n",
        **tree_at("pkg"),
        "logging.py": "1 / 0\n",
        "click.py": "1 / 0\n",
        "pip/__init__.py": "",
        "pyproject.toml": '[tool.uv]\nrequired-version = "<0.1"\n[tool.uv.pip]\nuniversal = true\n',
    },
    "editable tree": lambda _: {"requirements.txt": "-e ./pkg\n", **tree_at("pkg")},
    "project itself": lambda _: {"requirements.txt": "-e .\n", **TREE},
    "no index": lambda _: {
        "requirements.txt": f"--no-index\n-r r/more.txt\n./files/{ONE.wheel_name}\n",
        "r/more.txt": "-f ../wheels\nnear\n",
        **near("wheels"),
        f"files/{ONE.wheel_name}": ONE.wheel(),
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_both_resolvers_give_the_same_lock_and_leave_nothing(
    tmp_path: Path, shared_index: LocalIndex, case: str
) -> None:
    """Byte for byte; and the application directory holds what it held before, whatever its build backend writes."""
    files = CASES[case](shared_index)
    texts: dict[str, str] = {}
    for resolver in RESOLVERS:
        place = Workplace(root=tmp_path / resolver, variables={"PIP_INDEX_URL": shared_index.url})
        plan = place.plan(files, BP_RESOLVER=resolver)
        before = files_below(place.app_dir)
        texts[resolver] = place.resolve(plan)
        assert before == files_below(place.app_dir)

    assert texts["uv"] == texts["pip-tools"]
    assert str(tmp_path) not in texts["uv"]
    assert "marker" not in texts["uv"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("lines", {"from-source": "1.0", "many": "1.0", "needs": "1.0", "odd-name": "1.0", "plain": "1.0"}),
        ("addresses", {"many": "1.0", "plain": "1.0"}),
        ("editable tree", {"own-tree": None, "plain": "1.0"}),
        ("no index", {"many": "1.0", "near": "3.0"}),
    ],
)
def test_lock_has_what_the_lines_ask_for(
    tmp_path: Path, shared_index: LocalIndex, case: str, expected: dict[str, str | None]
) -> None:
    """And nothing else."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    assert expected == packages_of(place.resolve(place.plan(CASES[case](shared_index))))


def test_paths_start_at_the_application_directory(tmp_path: Path, shared_index: LocalIndex) -> None:
    """Wherever the build lies, and once each, although the directory is named in a line and in a variable."""
    files: Files = {"requirements.txt": "--find-links wheels\nnear\n-e ./pkg\n", **near("wheels"), **tree_at("pkg")}
    variables = {"PIP_INDEX_URL": shared_index.url, "PIP_FIND_LINKS": str(tmp_path / "app" / "wheels")}
    place = Workplace(root=tmp_path, variables=variables)

    packages = tomllib.loads(place.resolve(place.plan(files)))["packages"]

    wheel = {"path": f"wheels/{NEAR.wheel_name}", "hashes": {"sha256": sha256_of(NEAR)}}
    expected = {
        "near": {"name": "near", "version": "3.0", "wheels": [wheel], **brought_by("requirements.txt:2")},
        "own-tree": {
            "name": "own-tree",
            "directory": {"path": "pkg", "editable": True},
            **brought_by("requirements.txt:3"),
        },
    }
    assert expected == {package["name"]: package for package in packages if package["name"] != "plain"}


@pytest.mark.slow
@pytest.mark.parametrize("resolver", RESOLVERS)
def test_lock_says_what_brought_each_package(tmp_path: Path, shared_index: LocalIndex, resolver: str) -> None:
    """A line, as many as name it; other packages; the server. Whoever resolved, and however the file is included."""
    files: Files = {
        "requirements.txt": "-r more/base.txt\n-e ./pkg\nodd_name\n",
        "more/base.txt": "# the model\nneeds[x]\nmany<3\n",
        **tree_at("pkg"),
    }
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})
    plan = replace(place.plan(files, BP_RESOLVER=resolver), added=("from-source>=1",))
    plan = replace(plan, requirements_text=f"{plan.requirements_text}from-source>=1\n")

    lock = read_lock(place.resolve(plan), plan)

    assert {
        "from-source": (ADDED,),
        "many": ("more/base.txt:3", "required by needs"),
        "needs": ("more/base.txt:2",),
        "odd-name": ("requirements.txt:3",),
        "own-tree": ("requirements.txt:2",),
        "plain": ("required by needs", "required by own-tree"),
    } == {package.name: package.origin for package in lock.packages}


def test_origin_does_not_decide_what_is_installed(tmp_path: Path, shared_index: LocalIndex) -> None:
    """A line that moved is no reason to make a layer again."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})
    one, other = place.lock({"requirements.txt": "plain\n"}), place.lock({"requirements.txt": "\nplain\n"})

    assert one.packages[0].origin != other.packages[0].origin
    assert one.digest == other.digest


def test_several_links_directories_are_known_to_both(tmp_path: Path) -> None:
    """Pip separates them with spaces, uv with commas."""
    for one in (PLAIN, NEAR):
        (tmp_path / one.name).mkdir()
        (tmp_path / one.name / one.wheel_name).write_bytes(one.wheel())
    links = f"{tmp_path / 'plain'} {tmp_path / 'near'}"
    for resolver in RESOLVERS:
        place = Workplace(root=tmp_path / resolver, variables={"PIP_FIND_LINKS": links, "PIP_NO_INDEX": "1"})
        text = place.resolve(place.plan({"requirements.txt": "plain\nnear\n"}, BP_RESOLVER=resolver))
        assert {"near": "3.0", "plain": "1.0"} == packages_of(text)


# --- several indexes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "resolver"), [("line", "uv"), ("line", "pip-tools"), ("variable", "uv"), ("named", "uv")]
)
def test_best_version_of_all_indexes_is_taken(
    tmp_path: Path, shared_index: LocalIndex, resolver: str, way: str
) -> None:
    """As pip does: an extra index that holds an old copy, as PyTorch's do of everything, does not win so."""
    with serve_index(Distribution(name="many", version="0.5"), Distribution(name="torch", version="2.0")) as extra:
        variables = {"PIP_INDEX_URL": shared_index.url}
        lines = "torch\nmany\n"
        if way == "line":
            lines = f"--extra-index-url {extra.url}\n{lines}"
        else:
            name = "PIP_EXTRA_INDEX_URL" if way == "variable" else "UV_INDEX"
            variables[name] = extra.url if way == "variable" else f"gpu={extra.url}"
        place = Workplace(root=tmp_path, variables=variables)
        text = place.resolve(place.plan({"requirements.txt": lines}, BP_RESOLVER=resolver))

    assert {"many": "2.0", "torch": "2.0"} == packages_of(text)


def test_extra_index_that_refuses_is_named(tmp_path: Path, shared_index: LocalIndex) -> None:
    """Uv passes over it when it is asked for the best of all; what is missing then is the password."""
    with serve_index(Distribution(name="private"), faults=Faults(status=401)) as extra:
        variables = {"PIP_INDEX_URL": shared_index.url, "PIP_EXTRA_INDEX_URL": extra.url_with("user:old")}
        place = Workplace(root=tmp_path, variables=variables)
        with pytest.raises(IndexUnauthorised) as raised:
            place.resolve(place.plan({"requirements.txt": "private\nplain\n"}))

    assert 401 == raised.value.status
    assert "old" not in str(raised.value)


# --- credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "resolver"),
    [
        ("line", "uv"),
        ("line", "pip-tools"),
        ("interpolated", "uv"),
        ("whole URL", "uv"),
        ("variable", "uv"),
        ("direct URL", "pip-tools"),
    ],
)
def test_credentials_are_used_and_never_written(tmp_path: Path, index: LocalIndex, resolver: str, way: str) -> None:
    """However they came. The lock goes into the cache, and its metadata into the image."""
    index.faults = Faults(credentials="user:secret")
    lines, variables = {
        "line": (f"--index-url {index.url_with('user:secret')}\nplain\n", {}),
        "interpolated": (f"--index-url {index.url_with('user:${TOKEN}')}\nplain\n", {"TOKEN": "secret"}),
        "whole URL": ("--index-url ${WHOLE}\nplain\n", {"WHOLE": index.url_with("user:secret")}),
        "variable": ("plain\n", {"PIP_INDEX_URL": index.url_with("user:secret")}),
        "direct URL": (
            f"plain @ {index.file_url(PLAIN.wheel_name)}\n".replace("://", "://user:${TOKEN}@"),
            {"TOKEN": "secret", "PIP_INDEX_URL": index.url_with("user:secret")},
        ),
    }[way]
    place = Workplace(root=tmp_path, variables=variables)
    plan = place.plan({"requirements.txt": lines}, BP_RESOLVER=resolver)

    text = place.resolve(plan)

    assert {"plain": "1.0"} == packages_of(text)
    assert index.file_url(PLAIN.wheel_name) in text
    assert not any(word in text for word in ("secret", "user:", "TOKEN"))
    assert "secret" not in repr(read_lock(text, plan))


@pytest.mark.parametrize(("lines", "resolver"), [("absent\n", "uv"), ("many>9\n", "pip-tools"), ("plain==7\n", "uv")])
def test_errors_show_no_credentials(tmp_path: Path, index: LocalIndex, resolver: str, lines: str) -> None:
    """Neither in their fields nor in what they quote."""
    index.faults = Faults(credentials="user:secret")
    place = Workplace(root=tmp_path)
    plan = place.plan(
        {"requirements.txt": f"--index-url {index.url_with('user:secret')}\n{lines}"}, BP_RESOLVER=resolver
    )

    with pytest.raises(BuildpackError) as raised:
        place.resolve(plan)

    assert "secret" not in str(raised.value)


# --- the user's hashes -----------------------------------------------------------------------------------------------


def test_file_that_the_hashes_do_not_allow_is_refused(tmp_path: Path, shared_index: LocalIndex) -> None:
    """With the line that pins it: somebody replaced the file, or the line is wrong."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})
    plan = place.plan(
        {"requirements.txt": "-r more.txt\nplain\n", "more.txt": f"\nmany==1.0 --hash=sha256:{'0' * 64}\n"}
    )

    with pytest.raises(DigestMismatch) as raised:
        read_lock(place.resolve(plan), plan)

    error = raised.value
    expected = (ONE.wheel_name, ("0" * 64,), sha256_of(ONE), "more.txt:2")
    assert expected == (error.file, error.expected, error.actual, error.pinned_at)


def test_allowed_file_is_taken_where_a_release_has_several(tmp_path: Path) -> None:
    """The platform's own wheel would be the better one; the hash says which is meant."""
    wheels = [Distribution(name="wide", tag=tag) for tag in ("py3-none-any", "py2.py3-none-any")]
    for one in wheels:
        (tmp_path / "wheels").mkdir(exist_ok=True)
        (tmp_path / "wheels" / one.wheel_name).write_bytes(one.wheel())
    place = Workplace(root=tmp_path, variables={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")})
    for one in wheels:
        plan = place.plan({"requirements.txt": f"wide==1.0 --hash=sha256:{sha256_of(one)}\n"})
        lock = read_lock(place.resolve(plan), plan)
        assert [one.wheel_name] == [file.filename for file in lock.files]


def test_package_without_a_hash_may_come_from_any_file(tmp_path: Path, shared_index: LocalIndex) -> None:
    """The server's own packages have none, and what hashes forbid is for the packages that have some."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})
    plan = place.plan(
        {
            "requirements.txt": f"--require-hashes\nmany==1.0 --hash=sha256:{sha256_of(ONE)}\n-r b.txt\n",
            "b.txt": "plain\n",
        }
    )

    assert {"many", "plain"} == read_lock(place.resolve(plan), plan).names


# --- git -------------------------------------------------------------------------------------------------------------


def test_branch_of_a_repository_is_locked_to_its_commit(tmp_path: Path, files: FileServer) -> None:
    """A branch moves, a lock does not. The repository is served as plain files."""
    commit = serve_repository(tmp_path / "repo", files, TREE)
    place = Workplace(root=tmp_path, variables={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)})
    (tmp_path / PLAIN.wheel_name).write_bytes(PLAIN.wheel())
    url = files.url("/repo/.git")
    plan = place.plan({"requirements.txt": f"own-tree @ git+{url}@main\n"})

    lock = read_lock(place.resolve(plan), plan)

    expected = LockedRevision(url=url, commit=commit)
    assert {"own-tree": expected} == {one.name: one.source for one in lock.packages if one.name != "plain"}


def test_pin_of_an_index_is_looked_for_in_no_other(tmp_path: Path) -> None:
    """An index that is asked first in general has a file of that very release too."""
    own, other = Distribution(name="both", modules={"both.py": "OWN = 1\n"}), Distribution(name="both")
    with serve_index(own) as private, serve_index(other) as first:
        place = Workplace(root=tmp_path, variables={"PIP_EXTRA_INDEX_URL": first.url, "PIP_INDEX_URL": first.url})
        plan = place.plan({"requirements.txt": "both==1.0\n"})
        parts = (PinnedPart(text="both==1.0\n", index=private.url),)
        lock = place.resolve(replace(plan, method=Pinned(parts=parts)))

    assert (True, []) == (private.file_url(own.wheel_name) in lock, first.requested)


def test_lock_of_uv_is_not_stale_because_of_a_mirror(tmp_path: Path, shared_index: LocalIndex) -> None:
    """It names the index that it was made with, and a mirror is another one."""
    project = '[project]\nname = "served"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["plain"]\n'
    with serve_index(*DISTRIBUTIONS) as mirror:
        place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": mirror.url})
        plan = place.plan({"requirements.txt": "", "pyproject.toml": project})
        env = {**place.environment(), "UV_DEFAULT_INDEX": shared_index.url}
        assert 0 == commands.run((str(find_uv()), "lock"), env=env, cwd=place.app_dir).exit_code
        text = place.resolve(replace(plan, method=UvExport(selection=UvSelection())))
        (place.app_dir / "pyproject.toml").write_text(project.replace("plain", "needs"))
        with pytest.raises(LockOutOfDate):
            place.resolve(replace(plan, method=UvExport(selection=UvSelection())))

    assert "plain" in packages_of(text)

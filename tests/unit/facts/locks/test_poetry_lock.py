"""A `poetry.lock`: what is installed of it, and what is said of one that cannot be obeyed."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import InvalidSettings, LockMalformed, LockOutOfDate, Mistake
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.local_trees import LocalTree
from ml_buildpack.facts.locks.poetry_lock import read_poetry_lock
from ml_buildpack.facts.locks.poetry_project import content_hashes
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import DependencyFile, Requirements
from ml_buildpack.facts.requirements_text import OptionLine, RequirementLine
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

INPUTS = Path(__file__).resolve().parents[4] / "fixtures" / "inputs"
ONE, TWO, MD5 = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}", f"md5:{'3' * 32}"
PYPROJECT = """\
[tool.poetry]
name = "served"
package-mode = false
[tool.poetry.dependencies]
python = "^3.10"
six = "*"
"""
SIX = f"""\
[[package]]
name = "Six"
version = "1.17.0"
optional = false
python-versions = ">=2.7"
groups = ["main"]
files = [
    {{file = "six-1.17.0-py2.py3-none-any.whl", hash = "{ONE}"}},
    {{file = "six-1.17.0.tar.gz", hash = "{TWO}"}},
]
"""


def locked(packages: str, pyproject: str = PYPROJECT, version: str = "2.1", digest: str | None = None) -> str:
    """A lock of that project."""
    digest = content_hashes(tomllib.loads(pyproject))[0] if digest is None else digest
    return (
        f'{packages}\n[extras]\ntable = ["tabulate"]\n\n[metadata]\nlock-version = "{version}"\n'
        f'python-versions = "^3.10"\ncontent-hash = "{digest}"\n'
    )


def read(root: Path, lock: str, pyproject: str = PYPROJECT, settings: Settings | None = None) -> Dependencies:
    """What is read of that lock and that project."""
    files = write_project(root, {"poetry.lock": lock, "pyproject.toml": pyproject})
    found = read_poetry_lock(files, settings or Settings())
    assert found is not None
    return found


def texts(dependencies: Dependencies) -> list[str]:
    """The lines as an installer is given them."""
    return [line.pip_line for line in dependencies.requirements.requirements]


def mistakes(root: Path, lock: str, pyproject: str = PYPROJECT) -> list[tuple[str, int | None, str, str]]:
    """What is wrong with that lock."""
    with pytest.raises(LockMalformed) as caught:
        read(root, lock, pyproject)
    assert ("poetry.lock", "poetry lock") == (caught.value.lock, caught.value.command)
    return [(one.where, one.line, one.text, one.detail) for one in caught.value.mistakes]


def digest_of(text: str) -> str:
    """The sha256 of a file with that content."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_no_lock_is_not_there(tmp_path: Path) -> None:
    """Then another input decides."""
    assert read_poetry_lock(write_project(tmp_path, {"pyproject.toml": PYPROJECT}), Settings()) is None


def test_a_lock_is_read_whole(tmp_path: Path) -> None:
    """Every pin with its line and its files, the Python with both its origins, and both files' digests."""
    lock = locked(SIX)

    assert Dependencies(
        kind=InputKind.POETRY_LOCK,
        path="poetry.lock",
        requirements=Requirements(
            files=(
                DependencyFile(path="poetry.lock", sha256=digest_of(lock), constraint=False),
                DependencyFile(path="pyproject.toml", sha256=digest_of(PYPROJECT), constraint=False),
            ),
            requirements=(
                RequirementLine(
                    path="poetry.lock",
                    line=2,
                    text="six==1.17.0",
                    name=canonicalize_name("six"),
                    hashes=(ONE, TWO),
                ),
            ),
            constraints=(),
            options=(),
            pip_tools_marks=(),
            local_trees=(),
        ),
        exact=True,
        python_requests=(
            PythonRequest(spec=">=3.10,<4.0", origin="pyproject.toml", line=5, text="^3.10"),
            PythonRequest(spec=">=3.10,<4.0", origin="poetry.lock", line=17, text="^3.10"),
        ),
    ) == read(tmp_path, lock)


COMMON = [
    "blinker==1.9.0", "click==8.5.1", 'colorama==0.4.6 ; sys_platform == "win32"',
    'distro==1.9.0 ; sys_platform == "linux"', "flask==3.1.3", "itsdangerous==2.2.0", "jinja2==3.1.6",
    'markupsafe==2.1.5 ; python_version < "3.12"', 'markupsafe==3.0.4 ; python_version >= "3.12"', "werkzeug==3.1.9",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "others"),
    [
        pytest.param(
            "poetry-1.1", ["asgiref==3.12.1", 'typing-extensions==4.16.0 ; python_version < "3.11"'], id="lock 1.1"
        ),
        pytest.param(
            "poetry-1", ["asgiref==3.12.1", 'typing-extensions==4.16.0 ; python_version < "3.11"'], id="lock 2.0"
        ),
        pytest.param(
            "poetry-2",
            [
                'asgiref==3.12.1 ; python_version < "3.12"',
                'asgiref==3.13.0 ; python_version >= "3.12"',
                'typing-extensions==4.16.0 ; python_version == "3.10"',
            ],
            id="lock 2.1",
        ),
    ],
)
@pytest.mark.parametrize(
    ("settings", "added"),
    [
        pytest.param(Settings(), [], id="main"),
        pytest.param(Settings(extras=("Table",)), ["tabulate==0.10.0"], id="an extra"),
        pytest.param(Settings(groups=("dev",)), ["iniconfig==2.3.1"], id="a group"),
        pytest.param(Settings(groups=("main",)), [], id="the main group named"),
    ],
)
def test_locks_that_poetry_wrote(kind: str, others: list[str], settings: Settings, added: list[str]) -> None:
    """Of every version: the conditions are the same, whether the lock says them or they have to be found."""
    found = read_poetry_lock(find_project_files(INPUTS / kind), settings)

    assert found is not None
    assert sorted([*COMMON, *others, *added]) == sorted(texts(found))
    assert all(line.hashes for line in found.requirements.requirements)


# --- groups and markers that the lock says itself ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        pytest.param("markers = \"os_name == 'nt'\"", ['six==1.17.0 ; os_name == "nt"'], id="one for all groups"),
        pytest.param(
            "markers = {main = \"os_name == 'nt'\", dev = \"python_version < '3.11'\"}",
            ['six==1.17.0 ; os_name == "nt" or python_version < "3.11"'],
            id="one for each group",
        ),
        pytest.param("markers = {main = \"os_name == 'nt'\"}", ["six==1.17.0"], id="one group always"),
        pytest.param("markers = \"extra == 'table'\"", [], id="an extra that is not asked for"),
    ],
)
def test_markers_of_groups(tmp_path: Path, markers: str, expected: list[str]) -> None:
    """Any group that is asked for will do."""
    pyproject = PYPROJECT + '[tool.poetry.group.dev.dependencies]\nsix = "*"\n'
    lock = locked(SIX.replace('["main"]', f'["main", "dev"]\n{markers}'), pyproject)

    assert expected == texts(read(tmp_path, lock, pyproject, Settings(groups=("dev",))))


# --- conditions that have to be found ---------------------------------------------------------------------------------

OLD_PYPROJECT = """\
[tool.poetry]
name = "served"
package-mode = false
[tool.poetry.dependencies]
python = "^3.10"
served-client = {version = "^1", extras = ["all"]}
torch = [
    {url = "https://example.com/cpu/torch-2.5.whl", platform = "!=linux"},
    {version = "~2.5", source = "cuda", platform = "linux"},
]
[tool.poetry.group.jobs.dependencies]
celery = ">=5,<6 || >6.1"
"""
OLD_PACKAGES = """\
[[package]]
name = "celery"
version = "6.2"
[[package]]
name = "orjson"
version = "3.10"
[[package]]
name = "served-client"
version = "1.2"
[package.dependencies]
orjson = {version = "*", optional = true, markers = "python_version < \\"3.13\\" and extra == \\"fast\\""}
[package.extras]
all = ["served-client[fast]"]
fast = ["orjson (>=3)"]
[[package]]
name = "torch"
version = "2.5"
[package.source]
type = "url"
url = "https://example.com/cpu/torch-2.5.whl"
[[package]]
name = "torch"
version = "2.5"
[package.source]
type = "legacy"
url = "https://example.com/cuda"
reference = "cuda"
"""
OLD_LOCK = locked(re.sub(r'(version = "[\d.]+"\n)', r"\1files = []\n", OLD_PACKAGES), OLD_PYPROJECT, "2.0")


def test_extras_of_extras_and_the_same_release_from_two_places(tmp_path: Path) -> None:
    """What Poetry before 2.0 left to be solved again at every installation."""
    found = read(tmp_path, OLD_LOCK, OLD_PYPROJECT, Settings(groups=("jobs",)))

    assert [
        "celery==6.2",
        'orjson==3.10 ; python_version < "3.13"',
        "served-client==1.2",
        'torch @ https://example.com/cpu/torch-2.5.whl ; sys_platform != "linux"',
        'torch==2.5 ; sys_platform == "linux"',
    ] == texts(found)
    assert {canonicalize_name("torch"): "https://example.com/cuda"} == found.index_of


# --- where packages come from -----------------------------------------------------------------------------------------


def package(source: str, more: str = "", files: str = "[]") -> str:
    """A package from that source."""
    text = f'[[package]]\nname = "six"\nversion = "1.17.0"\ngroups = ["main"]\nfiles = {files}\n{more}'
    return f"{text}[package.source]\n{source}"


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param(
            f'type = "git"\nurl = "https://example.com/six.git"\nreference = "main"\nresolved_reference = "{COMMIT}"\n',
            f"six @ git+https://example.com/six.git@{COMMIT}",
            id="git",
        ),
        pytest.param(
            f'type = "git"\nurl = "git@example.com:a/six.git"\nresolved_reference = "{COMMIT}"\nsubdirectory = "py"\n',
            f"six @ git+ssh://git@example.com/a/six.git@{COMMIT}#subdirectory=py",
            id="git over ssh",
        ),
        pytest.param(
            'type = "url"\nurl = "https://example.com/six-1.17.0-py3-none-any.whl"\n',
            "six @ https://example.com/six-1.17.0-py3-none-any.whl",
            id="an address",
        ),
    ],
)
def test_other_sources_than_an_index(tmp_path: Path, source: str, line: str) -> None:
    """Each as pip writes it; git by its commit."""
    assert [line] == texts(read(tmp_path, locked(package(source))))


def test_paths_of_the_project(tmp_path: Path) -> None:
    """They are part of what decides, so their trees have digests."""
    write_project(tmp_path, {"lib/pyproject.toml": '[project]\nname = "six"\n', "six.whl": "x"})
    directory = package('type = "directory"\nurl = "lib"\n', "develop = true\n")
    wheel = package('type = "file"\nurl = "six.whl"\n', files=f'[{{file = "six.whl", hash = "{ONE}"}}]')

    found = read(tmp_path, locked(directory))
    file = read(tmp_path, locked(wheel))

    assert ["-e ./lib"] == texts(found)
    assert [("lib", True)] == [(tree.path, tree.editable) for tree in found.requirements.local_trees]
    assert [("./six.whl", (ONE,))] == [(line.pip_line, line.hashes) for line in file.requirements.requirements]


INDEX = 'type = "legacy"\nurl = "https://user:secret@pypi.example.com/simple"\nreference = "own"\n'
FILES = f'[{{file = "six.whl", hash = "{ONE}"}}]'


def test_an_index_of_its_own(tmp_path: Path) -> None:
    """The package comes from there and from nowhere else; credentials stay where the tools need them."""
    found = read(tmp_path, locked(package(INDEX, files=FILES) + "\n" + SIX.replace("Six", "seven")))

    assert {canonicalize_name("six"): "https://pypi.example.com/simple"} == found.index_of
    assert (
        OptionLine(
            path="poetry.lock", line=2, option="--extra-index-url", value="https://user:secret@pypi.example.com/simple"
        ),
    ) == found.requirements.options


def test_an_index_instead_of_the_public_one(tmp_path: Path) -> None:
    """Where nothing is from the public index, what the server needs does not come from there either."""
    found = read(tmp_path, locked(package(INDEX, files=FILES)))

    assert ["--index-url"] == [option.option for option in found.requirements.options]


def test_the_public_index_by_its_name_is_no_choice(tmp_path: Path) -> None:
    """A mirror that the build is given stands for it."""
    found = read(tmp_path, locked(package(INDEX.replace("user:secret@pypi.example.com", "pypi.org"), files=FILES)))

    assert ({}, ()) == (found.index_of, found.requirements.options)


def test_files_that_only_md5_knows(tmp_path: Path) -> None:
    """Old indexes have nothing else. It is said, and the version is obeyed."""
    found = read(tmp_path, locked(SIX.replace(ONE, MD5).replace(TWO, MD5)))

    assert [()] == [line.hashes for line in found.requirements.requirements]
    assert ("poetry.lock has no sha256 for six: its version is obeyed, its file is not checked",) == found.notes


# --- the project itself -----------------------------------------------------------------------------------------------


def test_a_package_is_installed_itself(tmp_path: Path) -> None:
    """As Poetry does, where it is one: editable, because its modules lie in the image anyway."""
    build = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
    pyproject = PYPROJECT.replace("package-mode = false\n", "") + build
    write_project(tmp_path, {"served/__init__.py": ""})

    found = read(tmp_path, locked(SIX, pyproject), pyproject)

    assert isinstance(found.project, LocalTree)
    assert (".", True, ()) == (found.project.path, found.project.editable, found.notes)


# --- what cannot be obeyed --------------------------------------------------------------------------------------------


def test_a_lock_that_is_out_of_date(tmp_path: Path) -> None:
    """The evidence: both digests, and what the lock lacks."""
    changed = PYPROJECT + 'orjson = "^3"\n'

    with pytest.raises(LockOutOfDate) as caught:
        read(tmp_path, locked(SIX), changed)

    old, new = (content_hashes(tomllib.loads(text))[0] for text in (PYPROJECT, changed))
    assert ("poetry.lock", "pyproject.toml", "poetry lock") == (
        caught.value.lock,
        caught.value.project,
        caught.value.command,
    )
    assert (
        Mistake(
            where="poetry.lock",
            line=18,
            text=f'content-hash = "{old}"',
            detail=f"The dependencies in pyproject.toml have the hash {new} now.",
        ),
        Mistake(where="pyproject.toml", line=7, text="orjson", detail="poetry.lock does not have it."),
    ) == caught.value.evidence


def test_a_change_of_something_else_is_none(tmp_path: Path) -> None:
    """The description is no dependency."""
    changed = PYPROJECT.replace('name = "served"', 'name = "served"\ndescription = "new"')

    assert ["six==1.17.0"] == texts(read(tmp_path, locked(SIX), changed))


@pytest.mark.parametrize(
    ("version", "detail"),
    [
        pytest.param("3.0", 'Its lock-version is "3.0"; known are 1.0 to 2.1.', id="of the future"),
        pytest.param("0.9", 'Its lock-version is "0.9"; known are 1.0 to 2.1.', id="of the past"),
        pytest.param("new", 'Its lock-version is "new"; known are 1.0 to 2.1.', id="no version"),
    ],
)
def test_unknown_versions(tmp_path: Path, version: str, detail: str) -> None:
    """What the rest of it means would be a guess."""
    assert [("poetry.lock", 1, "", detail)] == mistakes(tmp_path, locked(SIX, version=version))


def test_a_newer_minor_version_is_read_and_noted(tmp_path: Path) -> None:
    """Poetry's own rule."""
    found = read(tmp_path, locked(SIX, version="2.2"))

    assert "poetry.lock has version 2.2, which is newer than this buildpack knows" == found.notes[0]


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        pytest.param(
            "<<<<<<< HEAD\n", (1, "<<<<<<< HEAD", "A merge conflict was committed unresolved."), id="conflict"
        ),
        pytest.param("[[package]\n", (1, "[[package]", "This is not TOML: Expected"), id="no TOML"),
        pytest.param("package = 1\n", (1, "", '"package" must be a list.'), id="no list"),
        pytest.param("package = [1]\n", (1, "", '"package" must hold tables only.'), id="no tables"),
        pytest.param("a = " + "[" * 20_000, (None, "", "It is nested more deeply than can be read."), id="nested"),
        pytest.param("", (1, "", "Its lock-version is missing; known are 1.0 to 2.1."), id="empty"),
    ],
)
def test_malformed_files(tmp_path: Path, lock: str, expected: tuple[int | None, str, str]) -> None:
    """Each with its place."""
    where, line, text, detail = mistakes(tmp_path, lock)[-1]

    assert ("poetry.lock", *expected[:2]) == (where, line, text)
    assert detail.startswith(expected[2])


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        pytest.param('type = "directory"\nurl = "../lib"\n', "This path leads out of the application", id="outside"),
        pytest.param('type = "directory"\nurl = "lib"\n', 'There is no "lib".', id="missing"),
        pytest.param('type = "svn"\nurl = "x"\n', 'It comes from "svn", which is none of the sources', id="source"),
        pytest.param('type = "git"\nurl = "https://e.com/x"\n', "It names no commit", id="no commit"),
        pytest.param(
            f'type = "git"\nurl = "--upload-pack=x"\nresolved_reference = "{COMMIT}"\n',
            '"--upload-pack=x" is not a git repository',
            id="an option for git",
        ),
        pytest.param(
            f'type = "git"\nurl = "file:///etc"\nresolved_reference = "{COMMIT}"\n',
            '"file:///etc" is not a git repository',
            id="a repository of the builder",
        ),
        pytest.param(
            'type = "url"\nurl = "https://e.com/x.whl\\n--index-url https://evil"\n',
            '"https://e.com/x.whl',
            id="a line",
        ),
        pytest.param(
            'type = "legacy"\nurl = "https://e.com/simple --trusted-host evil"\n',
            '"https://e.com/simple',
            id="an option",
        ),
        pytest.param(
            f'type = "git"\nurl = "https://e.com/x"\nresolved_reference = "{COMMIT}"\nsubdirectory = "../x"\n',
            '"../x" is not a directory of a source tree.',
            id="a directory outside",
        ),
    ],
)
def test_hostile_and_unusable_sources(tmp_path: Path, source: str, detail: str) -> None:
    """A lock comes with the project, and is not to be trusted more than it."""
    found = mistakes(tmp_path, locked(package(source)))

    assert [("poetry.lock", 2)] == [one[:2] for one in found]
    assert found[0][3].startswith(detail)


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        pytest.param('"Six"', '"six\\nevil"', '"six\nevil" is not the name of a package.', id="name"),
        pytest.param('"1.17.0"', '"1.17.0 --pre"', '"1.17.0 --pre" is not a version.', id="version"),
        pytest.param('"1.17.0"', "1.17", '"version" must be text.', id="a number"),
        pytest.param(ONE, "sha256:1", '"sha256:1" is not a hash, such as sha256: and 64', id="hash"),
        pytest.param('["main"]', '["main"]\nmarkers = "os_name"', "This is not a marker:", id="marker"),
    ],
)
def test_malformed_packages(tmp_path: Path, before: str, after: str, detail: str) -> None:
    """Nothing of it reaches a line."""
    found = mistakes(tmp_path, locked(SIX.replace(before, after)))

    assert found[0][3].startswith(detail)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """One build, one list."""
    lock = locked(SIX.replace("1.17.0", "new") + "\n" + package('type = "cvs"\nurl = "x"\n'))

    assert [2, 13] == [one[1] for one in mistakes(tmp_path, lock)]


def test_a_lock_without_its_project(tmp_path: Path) -> None:
    """Whether it is up to date cannot be known."""
    with pytest.raises(LockMalformed) as caught:
        read_poetry_lock(write_project(tmp_path, {"poetry.lock": locked(SIX)}), Settings())

    detail = "It belongs to a pyproject.toml, and there is none beside it."
    assert (Mistake(where="poetry.lock", detail=detail),) == caught.value.mistakes


def test_extras_and_groups_that_there_are_not(tmp_path: Path) -> None:
    """Both settings are told, with what was perhaps meant."""
    settings = Settings(extras=("tables",), groups=("web",), origins=(("groups", "ml-buildpack.toml"),))

    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, locked(SIX), settings=settings)

    assert (
        Mistake(where="BP_EXTRAS", text="tables", detail='poetry.lock has no extra "tables". Did you mean "table"?'),
        Mistake(where="ml-buildpack.toml", text="web", detail='poetry.lock has no group "web". It has: main.'),
    ) == caught.value.mistakes


@pytest.mark.parametrize(
    ("constraint", "spec"),
    [
        pytest.param("^3.10", ">=3.10,<4.0", id="caret"),
        pytest.param(">=3.9,<3.9.7 || >3.9.7,<4.0", ">=3.9,<4,!=3.9.7", id="alternatives"),
    ],
)
def test_the_python_in_poetrys_words(tmp_path: Path, constraint: str, spec: str) -> None:
    """Streamlit made the second one common."""
    pyproject = PYPROJECT.replace("^3.10", constraint)

    found = read(tmp_path, locked(SIX, pyproject), pyproject)

    assert PythonRequest(spec=spec, origin="pyproject.toml", line=5, text=constraint) == found.python_requests[0]

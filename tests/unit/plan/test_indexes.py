"""Where packages come from: the places weighed against each other, and what the tools are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.dependency_files import Requirements, read_requirements
from ml_buildpack.facts.index_configuration import IndexConfiguration
from ml_buildpack.facts.index_source import Index, IndexSource, Login
from ml_buildpack.facts.wheelhouse import Wheelhouse
from ml_buildpack.plan.indexes import IndexPlan, plan_indexes
from support.projects import write_project

LINE, GIVEN, BOUND, FILE, OTHER = (
    f"https://{name}.test/simple" for name in ("line", "given", "bound", "file", "other")
)
PYPI, TORCH = "https://pypi.org/simple", "https://download.pytorch.org/whl/cpu"
NOTHING = IndexConfiguration()
WHEELHOUSE = Wheelhouse(
    path="wheelhouse", directory="/app/wheelhouse", packages=frozenset(), files=1, sha256="5" * 64, named_by=None
)
# What every plan says, so that no tool reads a file or an older name of a variable beside it.
ALWAYS = {"PIP_CONFIG_FILE": "/dev/null"}


def index(url: str, name: str | None = None) -> Index:
    """An index."""
    return Index(url=Secret(value=url), name=name)


def source(origin: str, *extra: str, default: str | None = None) -> IndexSource:
    """A place that names these indexes."""
    return IndexSource(origin=origin, default=index(default) if default else None, extra=tuple(map(index, extra)))


def requirements_of(root: Path, text: str, **files: str) -> Requirements:
    """The requirements in that text."""
    paths = {path.replace("__", "/").replace("_whl", ".whl"): content for path, content in files.items()}
    return read_requirements(write_project(root, {"requirements.txt": text, **paths}), ())


def plan(
    configuration: IndexConfiguration = NOTHING, env: dict[str, str] | None = None, text: Requirements | None = None
) -> IndexPlan:
    """The plan of a build in /app."""
    return plan_indexes(configuration, text, env or {}, app_dir="/app")


def variables(
    configuration: IndexConfiguration = NOTHING, env: dict[str, str] | None = None, text: Requirements | None = None
) -> dict[str, str]:
    """The variables after the plan, without those that are always there."""
    found = plan(configuration, env, text).applied_to(env or {})
    assert ALWAYS.items() <= found.items()
    return {name: value for name, value in found.items() if name not in ALWAYS}


def asked(found: dict[str, str]) -> list[str]:
    """The indexes in the order in which uv asks them. pip must know the same."""
    uv = [*found.get("UV_INDEX", "").split(), *found.get("UV_DEFAULT_INDEX", "").split()]
    pip = [*found.get("PIP_EXTRA_INDEX_URL", "").split(), *found.get("PIP_INDEX_URL", "").split()]
    assert pip == [url.partition("=")[2] if "=http" in url else url for url in uv]
    return uv


def test_nothing_said_is_nothing_set() -> None:
    """The tools' own default is PyPI."""
    assert {} == variables()


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ("line given bound file", LINE),
        ("given bound file", GIVEN),
        ("bound file", BOUND),
        ("file", FILE),
    ],
)
def test_first_place_that_names_the_index_wins(tmp_path: Path, places: str, expected: str) -> None:
    """Lines, variables, bindings, files."""
    text = requirements_of(tmp_path, f"--index-url {LINE}\nflask\n" if "line" in places else "flask\n")
    configuration = IndexConfiguration(
        bindings=(source("binding b", default=BOUND),) if "bound" in places else (),
        files=(source("uv.toml", default=FILE), source("pip.conf", default=OTHER)),
    )
    env = {"PIP_INDEX_URL": GIVEN} if "given" in places else {}

    assert [expected] == asked(variables(configuration, env, text))


def test_further_indexes_add_up_but_for_those_of_files(tmp_path: Path) -> None:
    """A variable takes the place of what files say, as with pip; PyPI stays the last."""
    text = requirements_of(tmp_path, f"--extra-index-url {LINE}\nflask\n")
    configuration = IndexConfiguration(bindings=(source("binding b", BOUND),), files=(source("pip.conf", FILE),))

    assert [GIVEN, BOUND, LINE, PYPI] == asked(variables(configuration, {"UV_INDEX": GIVEN}, text))
    assert [FILE, BOUND, LINE, PYPI] == asked(variables(configuration, {}, text))


def test_first_file_that_names_further_indexes_is_the_one() -> None:
    """Two tools' files at once are two opinions, not one list."""
    files = (source("uv.toml", default=GIVEN), source("pyproject.toml", FILE), source("pip.conf", OTHER))

    assert [FILE, GIVEN] == asked(variables(IndexConfiguration(files=files)))


def test_open_index_is_last_even_where_it_was_named_as_a_further_one() -> None:
    """Uv would ask it first, and anybody can put a package there."""
    assert [GIVEN, PYPI] == asked(variables(env={"PIP_INDEX_URL": GIVEN, "PIP_EXTRA_INDEX_URL": PYPI}))


def test_same_index_is_asked_once() -> None:
    """With a login or a slash, it is still the same."""
    env = {"PIP_EXTRA_INDEX_URL": f"{GIVEN} https://u:p@given.test/simple/", "PIP_INDEX_URL": GIVEN}

    assert [GIVEN] == asked(variables(env=env))


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"PIP_EXTRA_INDEX_URL": GIVEN}, "first-index"),
        ({"PIP_EXTRA_INDEX_URL": GIVEN, "UV_INDEX_STRATEGY": "unsafe-best-match"}, "unsafe-best-match"),
        ({"PIP_EXTRA_INDEX_URL": TORCH}, None),
        ({"PIP_INDEX_URL": GIVEN}, None),
    ],
)
def test_package_may_come_from_the_first_index_alone_where_one_is_somebodys_own(
    env: dict[str, str], expected: str | None
) -> None:
    """Unless the user decides otherwise."""
    assert expected == variables(env=env).get("UV_INDEX_STRATEGY")


def test_mixed_indexes_are_told_to_who_warns() -> None:
    """pip-tools compares versions of all indexes."""
    assert [True, False] == [plan(env={"PIP_EXTRA_INDEX_URL": url}).is_mixed for url in (GIVEN, TORCH)]


def test_login_of_a_binding_goes_to_its_host_and_to_no_other() -> None:
    """Also where a variable names the index, and the binding only knows who to be there."""
    configuration = IndexConfiguration(
        bindings=(source("binding b", default="https://me:pw@given.test/root"),),
    )
    env = {"PIP_INDEX_URL": GIVEN, "PIP_EXTRA_INDEX_URL": f"{OTHER} https://given.test:8443/simple"}

    expected = [OTHER, "https://given.test:8443/simple", "https://me:pw@given.test/simple"]
    assert expected == asked(variables(configuration, env))


def test_names_and_explicit_indexes_are_uvs() -> None:
    """A name has the login's variables; an explicit index is for packages that name it, and none does here."""
    explicit = replace(index(OTHER, "torch"), explicit=True)
    files = (IndexSource(origin="uv.toml", default=index(FILE, "corp"), extra=(explicit,)),)

    assert [f"corp={FILE}"] == asked(variables(IndexConfiguration(files=files)))
    env = {"UV_INDEX": f"my-own={GIVEN}", "UV_INDEX_MY_OWN_USERNAME": "me", "UV_INDEX_MY_OWN_PASSWORD": "p/w"}
    assert ["my-own=https://me:p%2Fw@given.test/simple", PYPI] == asked({**variables(env=env)})


def test_variables_in_files_and_lines_are_filled_in(tmp_path: Path) -> None:
    """So that files need hold no login."""
    text = requirements_of(tmp_path, "--extra-index-url https://me:${TOKEN}@line.test/simple\nflask\n")
    files = (source("pip.conf", default="https://me:${TOKEN}@file.test/simple"),)

    expected = ["https://me:s3cret@line.test/simple", "https://me:s3cret@file.test/simple"]
    assert expected == list(asked(variables(IndexConfiguration(files=files), {"TOKEN": "s3cret"}, text)))


def test_other_settings_reach_both_tools(tmp_path: Path) -> None:
    """Under the name of each; directories by their whole path. What was set under an older name is gone."""
    text = requirements_of(tmp_path, "--find-links wheels\n--trusted-host a.test\nflask\n", wheels__x="")
    env = {"UV_FIND_LINKS": "/given,https://f.test", "PIP_NO_INDEX": "no", "UV_EXTRA_INDEX_URL": GIVEN}

    expected = {
        "UV_FIND_LINKS": "/given,https://f.test,/app/wheels",
        "PIP_FIND_LINKS": "/given https://f.test /app/wheels",
        "UV_INSECURE_HOST": "a.test",
        "PIP_TRUSTED_HOST": "a.test",
        "UV_INDEX": GIVEN,
        "PIP_EXTRA_INDEX_URL": GIVEN,
        "UV_DEFAULT_INDEX": PYPI,
        "PIP_INDEX_URL": PYPI,
        "UV_INDEX_STRATEGY": "first-index",
    }
    assert expected == variables(env=env, text=text)


@pytest.mark.parametrize("env", [{"PIP_NO_INDEX": "1"}, {"PIP_NO_INDEX": "true", "PIP_INDEX_URL": GIVEN}])
def test_no_index_is_no_index(env: dict[str, str]) -> None:
    """Whatever else names one."""
    assert {"PIP_NO_INDEX": "1"} == variables(env=env)


def test_wheelhouse_takes_the_place_of_every_index() -> None:
    """Pages of links stay: a wheelhouse may be in two parts."""
    configuration = IndexConfiguration(wheelhouse=WHEELHOUSE, files=(source("pip.conf", FILE),))
    found = plan(configuration, {"PIP_INDEX_URL": GIVEN, "PIP_FIND_LINKS": "/more"})

    expected = {
        **ALWAYS, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/app/wheelhouse /more",
        "UV_FIND_LINKS": "/app/wheelhouse,/more",
    }  # fmt: skip
    assert (expected, WHEELHOUSE) == (found.applied_to({"PIP_INDEX_URL": GIVEN}), found.wheelhouse)


@pytest.mark.parametrize("line", ["--find-links vendor", "./vendor/near-1.0-py3-none-any.whl"])
@pytest.mark.parametrize("named_by", [None, "BP_WHEELHOUSE"])
def test_directory_that_requirements_use_is_an_ordinary_one(tmp_path: Path, line: str, named_by: str | None) -> None:
    """One vendored wheel does not mean that everything is vendored. What is named is what was meant."""
    text = requirements_of(tmp_path, f"{line}\nflask\n", **{"vendor__near-1.0-py3-none-any_whl": ""})
    wheelhouse = replace(WHEELHOUSE, path="vendor", named_by=named_by)

    found = plan(IndexConfiguration(wheelhouse=wheelhouse), {}, text)

    assert (None if named_by is None else wheelhouse) == found.wheelhouse


def test_logins_become_one_netrc() -> None:
    """For every tool."""
    logins = (Login(machine="a.test", user=Secret(value="me"), password=Secret(value="s3cret")),)

    found = plan(IndexConfiguration(logins=logins))

    assert "machine a.test login me password s3cret\n" == found.netrc
    assert "s3cret" in found.secrets
    assert "s3cret" not in repr(found)


def test_passwords_in_files_of_the_image_are_warned_about(tmp_path: Path) -> None:
    """With file and line; not those of which only the name stands there, and not git's usual user."""
    text = requirements_of(
        tmp_path,
        "--index-url https://u:p4ss@a.test/simple\n--extra-index-url https://u:${PASS}@b.test/simple\n"
        "c @ git+ssh://git@c.test/c.git\nd @ git+https://t0ken@d.test/d.git\n",
    )
    files = (source("pyproject.toml", "https://u:p4ss@e.test"), source("pip.conf", "https://u:p4ss@f.test"))

    (warning,) = plan(IndexConfiguration(files=files), {}, text).warnings

    assert warning.startswith("requirements.txt:1, requirements.txt:4, pyproject.toml: a password stands in a file")
    assert "p4ss" not in warning

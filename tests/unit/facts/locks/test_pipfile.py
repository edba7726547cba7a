"""A `Pipfile` without a lock: loose lines, as pip has them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import InvalidSettings, Mistake, RequirementsMalformed
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.pipfile import read_pipfile
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import DependencyFile, Requirements
from ml_buildpack.facts.requirements_text import OptionLine, RequirementLine
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

INPUTS = Path(__file__).resolve().parents[4] / "fixtures" / "inputs"
PIPFILE = """\
[[source]]
name = "own"
url = "https://${USER}:${PASSWORD}@pypi.example.com/simple"
verify_ssl = true

[packages]
Six = "*"
flask = { version = ">=3", extras = ["async"], markers = "os_name == 'posix'", index = "own" }

[dev-packages]
iniconfig = "*"

[requires]
python_full_version = "3.11.4"
"""
OWN = "https://${USER}:${PASSWORD}@pypi.example.com/simple"


def read(root: Path, pipfile: str, settings: Settings | None = None) -> Dependencies:
    """What is read of that Pipfile."""
    found = read_pipfile(write_project(root, {"Pipfile": pipfile}), settings or Settings())
    assert found is not None
    return found


def texts(dependencies: Dependencies) -> list[str]:
    """The lines as a resolver is given them."""
    return [line.pip_line for line in dependencies.requirements.requirements]


def mistakes(root: Path, pipfile: str) -> list[tuple[int | None, str]]:
    """What is wrong with that Pipfile, and where."""
    with pytest.raises(RequirementsMalformed) as caught:
        read(root, pipfile)
    return [(one.line, one.detail) for one in caught.value.mistakes]


def test_no_pipfile_is_not_there(tmp_path: Path) -> None:
    """Then another input decides."""
    assert read_pipfile(write_project(tmp_path, {}), Settings()) is None


def test_a_pipfile_is_read_whole(tmp_path: Path) -> None:
    """Every package with its line, its condition and its index; the Python."""
    assert Dependencies(
        kind=InputKind.PIPFILE,
        path="Pipfile",
        requirements=Requirements(
            files=(
                DependencyFile(path="Pipfile", sha256=hashlib.sha256(PIPFILE.encode()).hexdigest(), constraint=False),
            ),
            requirements=(
                RequirementLine(path="Pipfile", line=7, text="six", name=canonicalize_name("six")),
                RequirementLine(
                    path="Pipfile",
                    line=8,
                    text='flask[async]>=3 ; os_name == "posix"',
                    name=canonicalize_name("flask"),
                    extras=("async",),
                    marker='os_name == "posix"',
                ),
            ),
            constraints=(),
            options=(OptionLine(path="Pipfile", line=2, option="--index-url", value=OWN),),
            pip_tools_marks=(),
            local_trees=(),
        ),
        index_of={canonicalize_name("six"): OWN, canonicalize_name("flask"): OWN},
        python_requests=(PythonRequest(spec="==3.11.4", origin="Pipfile", line=14, text="3.11.4"),),
    ) == read(tmp_path, PIPFILE)


def test_the_fixture() -> None:
    """Without a source of its own, it says nothing about indexes."""
    found = read_pipfile(find_project_files(INPUTS / "pipfile"), Settings(groups=("dev-packages",)))

    assert found is not None
    assert [
        "flask[async]>=3.0",
        'distro ; sys_platform == "linux"',
        'colorama ; sys_platform == "win32"',
        "iniconfig",
    ] == texts(found)
    assert ({}, ()) == (found.index_of, found.requirements.options)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        pytest.param('"*"', "six", id="any"),
        pytest.param('"==1.17.0"', "six==1.17.0", id="exact"),
        pytest.param('">=1,<2"', "six>=1,<2", id="range"),
        pytest.param('{version = "*", sys_platform = "== \'linux\'"}', 'six ; sys_platform == "linux"', id="a key"),
        pytest.param(
            '{git = "https://example.com/six.git", ref = "main", subdirectory = "py"}',
            "six @ git+https://example.com/six.git@main#subdirectory=py",
            id="git",
        ),
        pytest.param(
            '{git = "ssh://git@example.com/six.git", editable = true}',
            "six @ git+ssh://git@example.com/six.git",
            id="editable git",
        ),
        pytest.param('{path = "lib"}', "./lib", id="a directory"),
        pytest.param('{path = "./lib", editable = true, extras = ["a"]}', "-e ./lib[a]", id="an editable one"),
        pytest.param('{file = "six.whl"}', "./six.whl", id="a file"),
        pytest.param('{file = "https://example.com/six.whl"}', "six @ https://example.com/six.whl", id="an address"),
    ],
)
def test_entries(tmp_path: Path, entry: str, line: str) -> None:
    """As Pipenv understands them."""
    write_project(tmp_path, {"lib/setup.py": "", "six-1-py3-none-any.whl": "", "six.whl": ""})
    if entry.startswith('{file = "six'):
        entry, line = entry.replace("six.whl", "six-1-py3-none-any.whl"), "./six-1-py3-none-any.whl"

    found = read(tmp_path, f"[packages]\nsix = {entry}\n")

    assert [line] == texts(found)
    assert [canonicalize_name("six")] == [one.name for one in found.requirements.requirements]


def test_a_table_of_its_own(tmp_path: Path) -> None:
    """TOML has two ways to write a table."""
    found = read(tmp_path, '[packages.six]\nversion = ">=1"\n')

    assert [(1, "six>=1")] == [(one.line, one.text) for one in found.requirements.requirements]


def test_groups_of_ones_own(tmp_path: Path) -> None:
    """Pipenv calls them categories; its own tables are none."""
    found = read(tmp_path, '[packages]\n[batch]\npandas = "*"\n[scripts]\nx = "y"\n', Settings(groups=("batch",)))

    assert ["pandas"] == texts(found)


@pytest.mark.parametrize(
    ("entry", "detail"),
    [
        pytest.param('"1.17"', '"1.17" compares nothing. Write "==1.17", or "*" for any.', id="no comparison"),
        pytest.param("1.17", '"six" must be text or a table.', id="a number"),
        pytest.param('"==1\\n--index-url https://evil"', "is not a version, such as", id="a line"),
        pytest.param('"==1 --index-url https://evil"', "is not a version, such as", id="an option"),
        pytest.param('{path = "./lib\\n-e ."}', "It has a line break in it.", id="a line in a path"),
        pytest.param('{path = "../six"}', "This path leads out of the application directory", id="outside"),
        pytest.param('{path = "six"}', 'There is no "six".', id="missing"),
        pytest.param('{version = "*", index = "other"}', 'There is no source "other".', id="source"),
        pytest.param('{version = "*", markers = "new"}', "This is not a marker:", id="marker"),
        pytest.param('{git = "https://e.com/a b"}', "Expected", id="an address with a space"),
    ],
)
def test_malformed_and_hostile_entries(tmp_path: Path, entry: str, detail: str) -> None:
    """Nothing of it reaches a line."""
    found = mistakes(tmp_path, f"[packages]\nsix = {entry}\n")

    assert [2] == [line for line, _ in found]
    assert detail in found[0][1]


@pytest.mark.parametrize(
    ("pipfile", "line", "detail"),
    [
        pytest.param("[packages\n", 1, "This is not TOML:", id="no TOML"),
        pytest.param(
            '[packages]\n[requires]\npython_version = "new"\n', 1, '"new" is not a version of Python', id="Python"
        ),
        pytest.param('[[source]]\nname = "x"\n', 2, 'It has no "url".', id="no address"),
        pytest.param(
            '[[source]]\nname = "x"\nurl = "https://e.com --pre"\n', 2, '"https://e.com --pre" is not', id="option"
        ),
        pytest.param('packages = "six"\n', 1, '"packages" must be a table.', id="no table"),
    ],
)
def test_malformed_files(tmp_path: Path, pipfile: str, line: int, detail: str) -> None:
    """Each with its place."""
    found = mistakes(tmp_path, pipfile)

    assert line == found[0][0]
    assert found[0][1].startswith(detail)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """One build, one list."""
    assert [2, 3] == [line for line, _ in mistakes(tmp_path, '[packages]\nsix = "1"\nflask = "3"\n')]


def test_groups_that_there_are_not(tmp_path: Path) -> None:
    """With what was perhaps meant."""
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, "[packages]\n[batch]\n", Settings(groups=("batsh",)))

    detail = 'Pipfile has no group "batsh". Did you mean "batch"?'
    assert (Mistake(where="BP_GROUPS", text="batsh", detail=detail),) == caught.value.mistakes

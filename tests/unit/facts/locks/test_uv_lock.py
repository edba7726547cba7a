"""A `uv.lock`: what is taken of it, of which project, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, LockMalformed, Mistake, SeveralWorkspaceMembers
from ml_buildpack.facts.dependencies import Dependencies, InputKind, UvSelection
from ml_buildpack.facts.local_trees import read_local_tree
from ml_buildpack.facts.locks.uv_lock import read_uv_lock
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import DependencyFile, Requirements
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

INPUTS = Path(__file__).resolve().parents[4] / "fixtures" / "inputs"
PYPROJECT = """\
[project]
name = "served"
version = "1"
[project.optional-dependencies]
table = ["tabulate"]
[dependency-groups]
dev = ["iniconfig"]
"""
HEAD = 'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n'
VIRTUAL = HEAD + '[[package]]\nname = "served"\nversion = "1"\nsource = { virtual = "." }\n'
WORKSPACE = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'


def read(root: Path, lock: str, pyproject: str = PYPROJECT, settings: Settings | None = None) -> Dependencies:
    """What is read of that lock and that project."""
    files = write_project(root, {"uv.lock": lock, "pyproject.toml": pyproject})
    found = read_uv_lock(files, settings or Settings())
    assert found is not None
    return found


def mistakes(root: Path, lock: str, pyproject: str = PYPROJECT) -> list[tuple[int | None, str]]:
    """What is wrong with that lock, and where."""
    with pytest.raises(LockMalformed) as caught:
        read(root, lock, pyproject)
    assert ("uv.lock", "uv lock") == (caught.value.lock, caught.value.command)
    return [(one.line, one.detail) for one in caught.value.mistakes]


def file(path: str, text: str) -> DependencyFile:
    """A file that was read."""
    return DependencyFile(path=path, sha256=hashlib.sha256(text.encode()).hexdigest(), constraint=False)


def requirements(*files: DependencyFile) -> Requirements:
    """No lines: uv exports them."""
    return Requirements(files=files, requirements=(), constraints=(), options=(), pip_tools_marks=(), local_trees=())


def member(name: str, source: str) -> str:
    """A package of the project in a lock."""
    return f'[[package]]\nname = "{name}"\nversion = "1"\nsource = {{ {source} }}\n'


def members(*names: str) -> str:
    """The head of the lock of a workspace."""
    return f"{HEAD}[manifest]\nmembers = {json.dumps(names)}\n"


def test_no_lock_is_not_there(tmp_path: Path) -> None:
    """Then another input decides."""
    assert read_uv_lock(write_project(tmp_path, {"pyproject.toml": PYPROJECT}), Settings()) is None


def test_what_is_taken_of_a_lock(tmp_path: Path) -> None:
    """For production nothing but the project's own dependencies: neither groups nor extras."""
    assert Dependencies(
        kind=InputKind.UV_LOCK,
        path="uv.lock",
        requirements=requirements(file("uv.lock", VIRTUAL), file("pyproject.toml", PYPROJECT)),
        uv=UvSelection(),
        python_requests=(PythonRequest(spec=">=3.10", origin="uv.lock", line=3, text=">=3.10"),),
    ) == read(tmp_path, VIRTUAL)


def test_extras_and_groups(tmp_path: Path) -> None:
    """Those of the project, in their normal form."""
    found = read(tmp_path, VIRTUAL, settings=Settings(extras=("Table",), groups=("dev",)))

    assert UvSelection(extras=("table",), groups=("dev",)) == found.uv


def test_groups_before_there_was_a_standard(tmp_path: Path) -> None:
    """Uv's own were called dev."""
    pyproject = '[project]\nname = "served"\n[tool.uv]\ndev-dependencies = ["iniconfig"]\n'

    assert UvSelection(groups=("dev",)) == read(tmp_path, VIRTUAL, pyproject, Settings(groups=("dev",))).uv


def test_extras_and_groups_that_there_are_not(tmp_path: Path) -> None:
    """Before uv is started."""
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, VIRTUAL, settings=Settings(extras=("tabel",), groups=("docs",)))

    assert (
        Mistake(where="BP_EXTRAS", text="tabel", detail='pyproject.toml has no extra "tabel". Did you mean "table"?'),
        Mistake(where="BP_GROUPS", text="docs", detail='pyproject.toml has no group "docs". It has: dev.'),
    ) == caught.value.mistakes


def test_a_package_is_installed_itself(tmp_path: Path) -> None:
    """The lock says whether uv takes the project for one."""
    found = read(tmp_path, VIRTUAL.replace("virtual", "editable"))

    assert read_local_tree(tmp_path, ".", editable=True) == found.project
    assert () == found.requirements.local_trees


def test_a_member_is_installed_where_the_root_is_no_project() -> None:
    """The only one: nothing else can be meant."""
    found = read_uv_lock(find_project_files(INPUTS / "uv-workspace"), Settings(groups=("dev",)))

    assert found is not None
    assert UvSelection(groups=("dev",), package="says-its-releases") == found.uv
    assert found.project is not None
    assert "packages/api" == found.project.path
    assert ["uv.lock", "pyproject.toml", "packages/api/pyproject.toml"] == [
        one.path for one in found.requirements.files
    ]


def test_several_members_are_no_choice(tmp_path: Path) -> None:
    """Any of them would be a guess."""
    write_project(tmp_path, {"packages/a/pyproject.toml": "", "packages/b/pyproject.toml": ""})
    lock = members("a", "b") + member("a", 'editable = "packages/a"') + member("b", 'virtual = "packages/b"')

    with pytest.raises(SeveralWorkspaceMembers) as caught:
        read(tmp_path, lock, WORKSPACE)

    assert ("uv.lock", ("a", "b")) == (caught.value.lock, caught.value.members)


def test_the_root_is_meant_where_it_is_a_project(tmp_path: Path) -> None:
    """Its members are trees that it may need."""
    write_project(tmp_path, {"packages/a/pyproject.toml": ""})
    lock = members("a", "served") + member("a", 'editable = "packages/a"') + member("served", 'virtual = "."')

    found = read(tmp_path, lock, PYPROJECT + WORKSPACE)

    assert UvSelection() == found.uv
    assert (read_local_tree(tmp_path, "packages/a", editable=True),) == found.requirements.local_trees
    assert found.project is None


def test_a_root_with_groups_only(tmp_path: Path) -> None:
    """Uv locks it without a project."""
    lock = HEAD + '[manifest.dependency-groups]\nweb = [{ name = "flask" }]\n'

    found = read(tmp_path, lock, '[dependency-groups]\nweb = ["flask"]\n', Settings(groups=("web",)))

    assert UvSelection(groups=("web",)) == found.uv


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        pytest.param("version = 2\n", (1, 'Its version is "2"; known is 1.'), id="of the future"),
        pytest.param("", (1, "Its version is missing; known is 1."), id="empty"),
        pytest.param("version = ", (None, "This is not TOML:"), id="no TOML"),
        pytest.param(HEAD + "<<<<<<< HEAD\n", (4, "A merge conflict was committed unresolved."), id="conflict"),
        pytest.param(
            HEAD + member("a", 'editable = "../a"'), (5, "This path leads out of the application"), id="outside"
        ),
        pytest.param(HEAD + member("a", 'directory = "a"'), (5, 'There is no "a".'), id="missing"),
        pytest.param(HEAD + member("a", "path = 1"), (5, '"path" must be text.'), id="a number"),
        pytest.param(HEAD.replace(">=3.10", "new"), (3, '"new" is not a specifier'), id="Python"),
    ],
)
def test_malformed_and_hostile_locks(tmp_path: Path, lock: str, expected: tuple[int | None, str]) -> None:
    """Each with its place."""
    line, detail = mistakes(tmp_path, lock)[0]

    assert expected[0] == line
    assert detail.startswith(expected[1])


def test_nothing_to_install(tmp_path: Path) -> None:
    """Neither a project nor members."""
    detail = "pyproject.toml has no [project], and the lock has no member that could be installed."

    assert [(1, detail)] == mistakes(tmp_path, HEAD, "[tool.uv]\n")


def test_a_lock_without_its_project(tmp_path: Path) -> None:
    """Uv could not compare them."""
    with pytest.raises(LockMalformed) as caught:
        read_uv_lock(write_project(tmp_path, {"uv.lock": VIRTUAL}), Settings())

    detail = "It belongs to a pyproject.toml, and there is none beside it."
    assert (Mistake(where="uv.lock", detail=detail),) == caught.value.mistakes

"""A `pylock.toml` and its named variants: which one is taken, and what is refused of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, LockMalformed, Mistake, SeveralLocks
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.pylock_file import read_pylock
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import DependencyFile, Requirements
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

INPUTS = Path(__file__).resolve().parents[4] / "fixtures" / "inputs"
HEAD = 'lock-version = "1.0"\ncreated-by = "uv"\n'
EMPTY = HEAD + "packages = []\n"
WHEEL = (
    '[[packages]]\nname = "six"\nversion = "1.17.0"\n'
    f'wheels = [{{url = "https://e.com/six-1.17.0-py3-none-any.whl", hashes = {{sha256 = "{"1" * 64}"}}}}]\n'
)


def read(root: Path, lock: str, settings: Settings | None = None, name: str = "pylock.toml") -> Dependencies:
    """What is read of that lock."""
    found = read_pylock(write_project(root, {name: lock}), settings or Settings())
    assert found is not None
    return found


def mistakes(root: Path, lock: str) -> list[tuple[int | None, str, str]]:
    """What is wrong with that lock, and where."""
    with pytest.raises(LockMalformed) as caught:
        read(root, lock)
    assert "pylock.toml" == caught.value.lock
    return [(one.line, one.text, one.detail) for one in caught.value.mistakes]


def test_a_lock_is_used_as_it_is(tmp_path: Path) -> None:
    """Its text is handed on; the Python that it asks for is known, with its line."""
    lock = HEAD + 'requires-python = ">=3.10"\n' + WHEEL

    assert Dependencies(
        kind=InputKind.PYLOCK,
        path="pylock.toml",
        requirements=Requirements(
            files=(
                DependencyFile(path="pylock.toml", sha256=hashlib.sha256(lock.encode()).hexdigest(), constraint=False),
            ),
            requirements=(),
            constraints=(),
            options=(),
            pip_tools_marks=(),
            local_trees=(),
        ),
        pylock=lock,
        python_requests=(PythonRequest(spec=">=3.10", origin="pylock.toml", line=3, text=">=3.10"),),
    ) == read(tmp_path, lock)


def test_a_lock_that_uv_wrote() -> None:
    """With every field that uv writes."""
    found = read_pylock(find_project_files(INPUTS / "pylock"), Settings())

    assert found is not None
    assert (INPUTS / "pylock" / "pylock.toml").read_text(encoding="utf-8") == found.pylock


@pytest.mark.parametrize(
    ("present", "named", "chosen"),
    [
        pytest.param([], (), None, id="none"),
        pytest.param(["pylock.toml", "pylock.web.toml"], (), "pylock.toml", id="the one without a name"),
        pytest.param(["pylock.web.toml"], (), "pylock.web.toml", id="the only one"),
        pytest.param(["pylock.a.toml", "pylock.b.toml"], ("./pylock.b.toml",), "pylock.b.toml", id="the named one"),
        pytest.param(["pylock.toml", "pylock.b.toml"], ("pylock.b.toml",), "pylock.b.toml", id="named before plain"),
        pytest.param(["deploy/pylock.toml"], (), None, id="not deeper"),
        pytest.param(["deploy/pylock.toml"], ("deploy/pylock.toml",), "deploy/pylock.toml", id="unless it is named"),
        pytest.param(["pylock.a.b.toml", "xpylock.toml"], (), None, id="other names"),
        pytest.param(["pylock.toml"], ("requirements.txt",), "pylock.toml", id="other inputs named"),
    ],
)
def test_which_one(tmp_path: Path, present: list[str], named: tuple[str, ...], chosen: str | None) -> None:
    """Named, plain, only: in this order."""
    found = read_pylock(write_project(tmp_path, dict.fromkeys(present, EMPTY)), Settings(requirements=named))

    assert chosen == (None if found is None else found.path)


@pytest.mark.parametrize("named", [(), ("pylock.a.toml", "pylock.b.toml")], ids=["none named", "both named"])
def test_several_are_no_choice(tmp_path: Path, named: tuple[str, ...]) -> None:
    """Any of them would be a guess."""
    files = write_project(tmp_path, {"pylock.b.toml": EMPTY, "pylock.a.toml": EMPTY})

    with pytest.raises(SeveralLocks) as caught:
        read_pylock(files, Settings(requirements=named))

    assert ("pylock.a.toml", "pylock.b.toml") == caught.value.paths


def test_one_that_is_named_and_not_there(tmp_path: Path) -> None:
    """It is not replaced by another one."""
    with pytest.raises(LockMalformed) as caught:
        read_pylock(write_project(tmp_path, {"pylock.toml": EMPTY}), Settings(requirements=("pylock.web.toml",)))

    assert (Mistake(where="pylock.web.toml", detail="There is no such file."),) == caught.value.mistakes


@pytest.mark.parametrize(
    ("created_by", "command"),
    [
        pytest.param("uv", "uv export --format pylock.toml --output-file pylock.toml", id="uv"),
        pytest.param("PDM", "pdm export --format pylock --output pylock.toml", id="pdm"),
        pytest.param("pip", "python -m pip lock --output pylock.toml .", id="pip"),
        pytest.param("other", "uv export --format pylock.toml --output-file pylock.toml", id="any"),
    ],
)
def test_the_command_of_whoever_wrote_it(tmp_path: Path, created_by: str, command: str) -> None:
    """A message says how to write the lock again."""
    with pytest.raises(LockMalformed) as caught:
        read(tmp_path, f'created-by = "{created_by}"\n')

    assert command == caught.value.command


def test_trees_of_the_project(tmp_path: Path) -> None:
    """They are part of what decides, so they have digests."""
    write_project(tmp_path, {"lib/pyproject.toml": ""})
    lock = HEAD + '[[packages]]\nname = "lib"\ndirectory = {path = "lib", editable = true}\n'

    assert [("lib", True)] == [(tree.path, tree.editable) for tree in read(tmp_path, lock).requirements.local_trees]


PACKAGE = {
    "pyproject.toml": '[project]\nname = "own"\n[build-system]\nrequires = []\nbuild-backend = "hatchling.build"\n',
    "own/__init__.py": "",
}


@pytest.mark.parametrize(
    ("packages", "project"),
    [
        pytest.param(WHEEL, ".", id="a lock of the dependencies"),
        pytest.param('[[packages]]\nname = "own"\ndirectory = {path = "."}\n', None, id="a lock with the project"),
    ],
)
def test_the_project_itself(tmp_path: Path, packages: str, project: str | None) -> None:
    """It is installed once: by the lock, or beside it."""
    write_project(tmp_path, PACKAGE)
    found = read(tmp_path, HEAD + packages)

    assert project == (None if found.project is None else found.project.path)


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        pytest.param("lock-version = ", (None, "", "This is not TOML:"), id="no TOML"),
        pytest.param('created-by = "x"\n', (None, "lock-version", "Missing required value."), id="no version"),
        pytest.param(
            EMPTY.replace("1.0", "2.0"), (None, "", "pylock version 2.0 is not supported."), id="of the future"
        ),
        pytest.param(HEAD + "packages = 1\n", (None, "packages", "Unexpected type int"), id="no list"),
        pytest.param(
            HEAD + WHEEL + '[[packages]]\nname = "Six"\n',
            (8, "packages[1].name", "Name 'Six' is not normalized"),
            id="a name",
        ),
        pytest.param(
            HEAD + WHEEL.replace('{sha256 = "', '{md5 = "'),
            (4, "six", "One of its files has no sha256, which is what files are checked by."),
            id="no sha256",
        ),
        pytest.param(
            HEAD + '[[packages]]\nname = "a"\ndirectory = {path = "../a"}\n',
            (4, "../a", "This path leads out of the application directory"),
            id="outside",
        ),
        pytest.param(
            HEAD + '[[packages]]\nname = "a"\nvcs = {type = "hg", url = "https://e.com", commit-id = "1"}\n',
            (4, "a", "Only git repositories with an address can be installed from, and this is one of hg."),
            id="mercurial",
        ),
        pytest.param(
            EMPTY + 'requires-python = "new"\n', (None, "requires-python", "Invalid specifier: 'new'"), id="Python"
        ),
    ],
)
def test_malformed_and_hostile_locks(tmp_path: Path, lock: str, expected: tuple[int | None, str, str]) -> None:
    """Each with its place."""
    line, text, detail = mistakes(tmp_path, lock)[0]

    assert expected[:2] == (line, text)
    assert detail.startswith(expected[2])


def test_paths_start_at_the_lock(tmp_path: Path) -> None:
    """What the lock becomes lies at the top of the project, so a path in one that lies deeper would be another one."""
    lock = HEAD + '[[packages]]\nname = "a"\ndirectory = {path = "../a"}\n'

    with pytest.raises(LockMalformed) as caught:
        read(tmp_path, lock, Settings(requirements=("deploy/pylock.toml",)), "deploy/pylock.toml")

    detail = '"../a" starts at the directory of the lock. Move deploy/pylock.toml to the top of the project.'
    assert (Mistake(where="deploy/pylock.toml", line=4, text="a", detail=detail),) == caught.value.mistakes


def test_extras_and_groups(tmp_path: Path) -> None:
    """A lock has them or not, whatever the project has."""
    lock = 'lock-version = "1.0"\ncreated-by = "uv"\nextras = ["fast"]\ndependency-groups = ["dev"]\npackages = []\n'

    assert lock == read(tmp_path, lock, Settings(extras=("Fast",), groups=("dev",))).pylock
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, lock, Settings(extras=("slow",)))
    detail = 'pylock.toml has no extra "slow". It has: fast.'
    assert (Mistake(where="BP_EXTRAS", text="slow", detail=detail),) == caught.value.mistakes

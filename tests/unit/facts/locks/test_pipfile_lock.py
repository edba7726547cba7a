"""A `Pipfile.lock`: what is installed of it, and what is said of one that cannot be obeyed."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import InvalidSettings, LockMalformed, LockOutOfDate, Mistake
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.pipenv_entries import content_hashes
from ml_buildpack.facts.locks.pipfile_lock import read_pipfile_lock
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import DependencyFile, Requirements
from ml_buildpack.facts.requirements_text import RequirementLine
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

INPUTS = Path(__file__).resolve().parents[4] / "fixtures" / "inputs"
ONE = f"sha256:{'1' * 64}"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIPFILE = '[packages]\nsix = "*"\n\n[requires]\npython_version = "3.11"\n'
Entry = dict[str, object]
SIX: Entry = {"hashes": [ONE], "markers": "python_version >= '3.3'", "version": "==1.17.0"}
OWN = "https://$USER:${PASSWORD}@pypi.example.com/simple"


def locked(packages: dict[str, Entry], pipfile: str = PIPFILE, spec: object = 6, **groups: dict[str, Entry]) -> str:
    """A lock of that Pipfile."""
    digest = content_hashes(tomllib.loads(pipfile))[0]
    meta = {"hash": {"sha256": digest}, "pipfile-spec": spec, "requires": {"python_version": "3.11"}, "sources": []}
    return json.dumps({"_meta": meta, "default": packages, "develop": {}, **groups}, indent=4)


def read(root: Path, lock: str, pipfile: str | None = PIPFILE, settings: Settings | None = None) -> Dependencies:
    """What is read of that lock and that Pipfile."""
    files = write_project(root, {"Pipfile.lock": lock, **({"Pipfile": pipfile} if pipfile is not None else {})})
    found = read_pipfile_lock(files, settings or Settings())
    assert found is not None
    return found


def texts(dependencies: Dependencies) -> list[str]:
    """The lines as an installer is given them."""
    return [line.pip_line for line in dependencies.requirements.requirements]


def mistakes(root: Path, lock: str) -> list[tuple[int | None, str, str]]:
    """What is wrong with that lock, and where."""
    with pytest.raises(LockMalformed) as caught:
        read(root, lock)
    assert ("Pipfile.lock", "pipenv lock") == (caught.value.lock, caught.value.command)
    return [(one.line, one.text, one.detail) for one in caught.value.mistakes]


def digest_of(text: str) -> str:
    """The sha256 of a file with that content."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_no_lock_is_not_there(tmp_path: Path) -> None:
    """Then another input decides."""
    assert read_pipfile_lock(write_project(tmp_path, {"Pipfile": PIPFILE}), Settings()) is None


def test_a_lock_is_read_whole(tmp_path: Path) -> None:
    """Every pin with its line, its condition and its files; the Python with both its origins."""
    lock = locked({"six": SIX})

    assert Dependencies(
        kind=InputKind.PIPFILE_LOCK,
        path="Pipfile.lock",
        requirements=Requirements(
            files=(
                DependencyFile(path="Pipfile.lock", sha256=digest_of(lock), constraint=False),
                DependencyFile(path="Pipfile", sha256=digest_of(PIPFILE), constraint=False),
            ),
            requirements=(
                RequirementLine(
                    path="Pipfile.lock",
                    line=13,
                    text='six==1.17.0 ; python_version >= "3.3"',
                    name=canonicalize_name("six"),
                    marker='python_version >= "3.3"',
                    hashes=(ONE,),
                ),
            ),
            constraints=(),
            options=(),
            pip_tools_marks=(),
            local_trees=(),
        ),
        exact=True,
        python_requests=(
            PythonRequest(spec="==3.11.*", origin="Pipfile", line=5, text="3.11"),
            PythonRequest(spec="==3.11.*", origin="Pipfile.lock", line=8, text="3.11"),
        ),
    ) == read(tmp_path, lock)


COMMON = [
    'asgiref==3.13.0 ; python_version >= "3.11"', 'blinker==1.9.0 ; python_version >= "3.9"',
    'click==8.5.1 ; python_version >= "3.10"', 'distro==1.9.0 ; sys_platform == "linux"',
    'flask==3.1.3 ; python_version >= "3.9"', 'itsdangerous==2.2.0 ; python_version >= "3.8"',
    'jinja2==3.1.6 ; python_version >= "3.7"', 'markupsafe==3.0.4 ; python_version >= "3.9"',
    'werkzeug==3.1.9 ; python_version >= "3.9"',
]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "added"),
    [
        pytest.param(Settings(), [], id="default"),
        pytest.param(
            Settings(groups=("dev-packages",)), ['iniconfig==2.3.1 ; python_version >= "3.10"'], id="as in the Pipfile"
        ),
        pytest.param(
            Settings(groups=("develop",)), ['iniconfig==2.3.1 ; python_version >= "3.10"'], id="as in the lock"
        ),
    ],
)
def test_a_lock_that_pipenv_wrote(settings: Settings, added: list[str]) -> None:
    """What only another system needs has no version in it, and is left out."""
    found = read_pipfile_lock(find_project_files(INPUTS / "pipenv"), settings)

    assert found is not None
    assert sorted([*COMMON, *added]) == sorted(texts(found))
    assert all(line.hashes for line in found.requirements.requirements)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        pytest.param(
            {"git": "https://example.com/six.git", "ref": COMMIT, "subdirectory": "py"},
            f"six @ git+https://example.com/six.git@{COMMIT}#subdirectory=py",
            id="git",
        ),
        pytest.param({"path": "./lib", "editable": True}, "-e ./lib", id="an editable directory"),
        pytest.param({"path": "lib"}, "./lib", id="a directory"),
        pytest.param({"file": "https://example.com/six.whl"}, "six @ https://example.com/six.whl", id="an address"),
        pytest.param({"file": "six.whl"}, "./six.whl", id="a file"),
        pytest.param({**SIX, "extras": ["a"], "markers": ""}, "six==1.17.0", id="extras"),
        pytest.param(
            {"version": "==1.17.0", "sys_platform": "== 'linux'", "markers": "python_version < '4'"},
            'six==1.17.0 ; python_version < "4" and sys_platform == "linux"',
            id="conditions as keys",
        ),
    ],
)
def test_entries(tmp_path: Path, entry: Entry, line: str) -> None:
    """Each as pip writes it; git by its commit."""
    write_project(tmp_path, {"lib/setup.py": "", "six.whl": ""})

    assert [line] == texts(read(tmp_path, locked({"six": entry})))


def test_groups_of_ones_own(tmp_path: Path) -> None:
    """Pipenv calls them categories."""
    pipfile = PIPFILE + '\n[batch]\npandas = "*"\n'
    lock = locked({"six": SIX}, pipfile, batch={"pandas": {"version": "==2.3.0"}})

    found = read(tmp_path, lock, pipfile, Settings(groups=("Batch",)))

    assert ['six==1.17.0 ; python_version >= "3.3"', "pandas==2.3.0"] == texts(found)


def test_sources(tmp_path: Path) -> None:
    """What names no source comes from the first, and the public index is whatever the build is given for it."""
    pipfile = (
        f'[[source]]\nname = "own"\nurl = "{OWN}"\nverify_ssl = false\n'
        f'[[source]]\nname = "pypi"\nurl = "https://pypi.org/simple"\nverify_ssl = true\n{PIPFILE}'
    )
    entries: dict[str, Entry] = {"six": SIX, "flask": {"version": "==3.1.3", "index": "pypi"}}
    address = "https://${USER}:${PASSWORD}@pypi.example.com/simple"

    found = read(tmp_path, locked(entries, pipfile), pipfile)

    assert {canonicalize_name("six"): address} == found.index_of
    assert [
        ("Pipfile", 2, "--extra-index-url", address),
        ("Pipfile", 2, "--trusted-host", "pypi.example.com"),
    ] == [(one.path, one.line, one.option, one.value) for one in found.requirements.options]


def test_a_lock_without_its_pipfile_is_obeyed(tmp_path: Path) -> None:
    """It says everything itself, but when it was made."""
    found = read(tmp_path, locked({"six": SIX}), None)

    assert ("whether Pipfile.lock is up to date was not checked: there is no Pipfile",) == found.notes
    assert ["Pipfile.lock"] == [request.origin for request in found.python_requests]


def test_a_lock_that_is_out_of_date(tmp_path: Path) -> None:
    """The evidence: both digests, and what the lock lacks."""
    changed = PIPFILE.replace('six = "*"', 'six = "*"\norjson = ">=3"')

    with pytest.raises(LockOutOfDate) as caught:
        read(tmp_path, locked({"six": SIX}), changed)

    old, new = (content_hashes(tomllib.loads(text))[0] for text in (PIPFILE, changed))
    assert ("Pipfile.lock", "Pipfile", "pipenv lock") == (
        caught.value.lock,
        caught.value.project,
        caught.value.command,
    )
    assert (
        Mistake(where="Pipfile.lock", line=4, text=f'"sha256": "{old}"', detail=f"The Pipfile has the hash {new} now."),
        Mistake(where="Pipfile", line=3, text="orjson", detail="Pipfile.lock does not have it."),
    ) == caught.value.evidence


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        pytest.param("{", (1, "", "This is not JSON: Expecting property name"), id="no JSON"),
        pytest.param("[]", (None, "", "It must be an object, in braces."), id="no object"),
        pytest.param("[" * 200_000, (None, "", "It is nested more deeply than can be read."), id="nested"),
        pytest.param(
            "{\n<<<<<<< HEAD\n", (2, "<<<<<<< HEAD", "A merge conflict was committed unresolved."), id="conflict"
        ),
        pytest.param("{}", (1, "", "Its pipfile-spec is missing; known is 6."), id="empty"),
        pytest.param(locked({}, spec=7), (1, "", 'Its pipfile-spec is "7"; known is 6.'), id="of the future"),
    ],
)
def test_malformed_files(tmp_path: Path, lock: str, expected: tuple[int | None, str, str]) -> None:
    """Each with its place."""
    line, text, detail = mistakes(tmp_path, lock)[0]

    assert expected[:2] == (line, text)
    assert detail.startswith(expected[2])


@pytest.mark.parametrize(
    ("name", "entry", "detail"),
    [
        pytest.param("six", {"version": "*"}, 'It has no exact version, but "*".', id="no version"),
        pytest.param("six", {"version": ">=1"}, 'It has no exact version, but ">=1".', id="a range"),
        pytest.param("six", {"version": "==1 --pre"}, '"1 --pre" is not a version.', id="an option"),
        pytest.param("-r x", {"version": "==1"}, '"-r x" is not the name of a package.', id="name"),
        pytest.param("six", {"version": "==1", "index": "own"}, 'There is no source "own".', id="source"),
        pytest.param("six", {"version": "==1", "markers": "new"}, "This is not a marker:", id="marker"),
        pytest.param("six", {"version": 1}, '"version" must be text.', id="a number"),
        pytest.param("six", {"path": "../six"}, "This path leads out of the application directory", id="outside"),
        pytest.param("six", {"path": "/etc"}, "This path leads out of the application directory", id="absolute"),
        pytest.param("six", {"hg": "https://e.com", "ref": COMMIT}, "Only git repositories can be", id="mercurial"),
        pytest.param("six", {"git": "https://e.com", "ref": "main"}, "It names no commit", id="a branch"),
        pytest.param("six", {"version": "==1", "hashes": ["x"]}, '"x" is not a hash', id="hash"),
    ],
)
def test_malformed_and_hostile_packages(tmp_path: Path, name: str, entry: Entry, detail: str) -> None:
    """Nothing of it reaches a line."""
    found = mistakes(tmp_path, locked({name: entry}))

    assert found[0][2].startswith(detail)


def test_a_version_that_only_another_system_lacks(tmp_path: Path) -> None:
    """Pipenv leaves it open when it locks on Linux; on Linux it is not needed."""
    assert [] == texts(read(tmp_path, locked({"colorama": {"version": "*", "markers": "os_name == 'nt'"}})))


def test_extras_there_are_none(tmp_path: Path) -> None:
    """A Pipfile has groups only."""
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, locked({}), settings=Settings(extras=("fast",)))

    detail = 'Pipfile.lock has no extra at all, so there is no "fast".'
    assert (Mistake(where="BP_EXTRAS", text="fast", detail=detail),) == caught.value.mistakes

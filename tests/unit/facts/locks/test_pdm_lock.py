"""A `pdm.lock`: what is installed of it, and what is said of one that cannot be obeyed."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import InvalidSettings, LockMalformed, LockOutOfDate, Mistake
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.pdm_lock import read_pdm_lock
from ml_buildpack.facts.locks.pdm_project import content_hashes
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
PYPROJECT = """\
[project]
name = "served"
requires-python = ">=3.10"
dependencies = ["six"]
[tool.pdm]
distribution = false
"""
SIX = f"""\
[[package]]
name = "six"
version = "1.17.0"
groups = ["default"]
marker = "python_version < \\"3.12\\""
files = [
    {{file = "six-1.17.0-py2.py3-none-any.whl", hash = "{ONE}"}},
]
"""


def locked(packages: str, pyproject: str = PYPROJECT, version: str = "4.5.0", more: str = "") -> str:
    """A lock of that project."""
    digest = content_hashes(tomllib.loads(pyproject), "sha256")[0]
    return (
        f'[metadata]\ngroups = ["default"]\nstrategy = ["inherit_metadata"]\nlock_version = "{version}"\n'
        f'content_hash = "sha256:{digest}"\n{more}\n[[metadata.targets]]\nrequires_python = ">=3.10"\n\n{packages}'
    )


def read(root: Path, lock: str, pyproject: str = PYPROJECT, settings: Settings | None = None) -> Dependencies:
    """What is read of that lock and that project."""
    files = write_project(root, {"pdm.lock": lock, "pyproject.toml": pyproject})
    found = read_pdm_lock(files, settings or Settings())
    assert found is not None
    return found


def texts(dependencies: Dependencies) -> list[str]:
    """The lines as an installer is given them."""
    return [line.pip_line for line in dependencies.requirements.requirements]


def mistakes(root: Path, lock: str) -> list[tuple[int | None, str]]:
    """What is wrong with that lock, and where."""
    with pytest.raises(LockMalformed) as caught:
        read(root, lock)
    assert ("pdm.lock", "pdm lock") == (caught.value.lock, caught.value.command)
    return [(one.line, one.detail) for one in caught.value.mistakes]


def digest_of(text: str) -> str:
    """The sha256 of a file with that content."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_no_lock_is_not_there(tmp_path: Path) -> None:
    """Then another input decides."""
    assert read_pdm_lock(write_project(tmp_path, {"pyproject.toml": PYPROJECT}), Settings()) is None


def test_a_lock_is_read_whole(tmp_path: Path) -> None:
    """Every pin with its line, its condition and its files; the Python with its origin."""
    lock = locked(SIX)

    assert Dependencies(
        kind=InputKind.PDM_LOCK,
        path="pdm.lock",
        requirements=Requirements(
            files=(
                DependencyFile(path="pdm.lock", sha256=digest_of(lock), constraint=False),
                DependencyFile(path="pyproject.toml", sha256=digest_of(PYPROJECT), constraint=False),
            ),
            requirements=(
                RequirementLine(
                    path="pdm.lock",
                    line=11,
                    text='six==1.17.0 ; python_version < "3.12"',
                    name=canonicalize_name("six"),
                    marker='python_version < "3.12"',
                    hashes=(ONE,),
                ),
            ),
            constraints=(),
            options=(),
            pip_tools_marks=(),
            local_trees=(),
        ),
        exact=True,
        python_requests=(PythonRequest(spec=">=3.10", origin="pdm.lock", line=8, text=">=3.10"),),
    ) == read(tmp_path, lock)


COMMON = [
    "asgiref==3.12.1", "blinker==1.9.0", "click==8.5.1", 'colorama==0.4.6 ; sys_platform == "win32"',
    'distro==1.9.0 ; sys_platform == "linux"', "flask==3.1.3", "itsdangerous==2.2.0", "jinja2==3.1.6",
    "markupsafe==3.0.4", 'typing-extensions==4.16.0 ; python_version < "3.11"', "werkzeug==3.1.9",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["pdm", "pdm-plain"], ids=["inherited metadata", "dependencies to follow"])
@pytest.mark.parametrize(
    ("settings", "added"),
    [
        pytest.param(Settings(), [], id="default"),
        pytest.param(Settings(extras=("Table",)), ["tabulate==0.10.0"], id="an extra"),
        pytest.param(Settings(groups=("dev",)), ["iniconfig==2.3.1"], id="a group"),
    ],
)
def test_locks_that_pdm_wrote(kind: str, settings: Settings, added: list[str]) -> None:
    """With both strategies: the conditions are the same, whether the lock says them or they have to be found."""
    found = read_pdm_lock(find_project_files(INPUTS / kind), settings)

    assert found is not None
    assert sorted([*COMMON, *added]) == sorted(texts(found))
    assert all(line.hashes for line in found.requirements.requirements)


def test_groups_in_groups_without_inherited_metadata(tmp_path: Path) -> None:
    """The dependencies are followed from those of every group that is included."""
    groups = '[dependency-groups]\nall = [{ include-group = "One" }]\none = ["flask ; os_name == \'posix\'"]\n'
    pyproject = PYPROJECT.replace("[tool.pdm]", f"{groups}[tool.pdm]")
    packages = '[[package]]\nname = "flask"\nversion = "3"\ndependencies = ["six>=1"]\n' + SIX
    lock = locked(packages, pyproject).replace('["inherit_metadata"]', "[]").replace('groups = ["default"]', "", 1)

    found = read(tmp_path, lock, pyproject, Settings(groups=("all",)))

    assert ['flask==3 ; os_name == "posix"', "six==1.17.0"] == texts(found)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param(
            f'git = "https://example.com/six.git"\nref = "main"\nrevision = "{COMMIT}"\n',
            f"six @ git+https://example.com/six.git@{COMMIT}",
            id="git",
        ),
        pytest.param(
            'url = "https://example.com/six.zip"\nsubdirectory = "py"\n',
            "six @ https://example.com/six.zip#subdirectory=py",
            id="an address",
        ),
        pytest.param('path = "./lib"\neditable = true\n', "-e ./lib", id="a directory"),
    ],
)
def test_other_sources_than_an_index(tmp_path: Path, source: str, line: str) -> None:
    """Each as pip writes it; git by its commit."""
    write_project(tmp_path, {"lib/pyproject.toml": ""})
    package = f'[[package]]\nname = "six"\nversion = "1.17.0"\ngroups = ["default"]\n{source}'

    assert [line] == texts(read(tmp_path, locked(package)))


def test_sources(tmp_path: Path) -> None:
    """Credentials stay as they are written for the tools; a package that one source claims comes from there alone."""
    pyproject = PYPROJECT + (
        '[[tool.pdm.source]]\nname = "own"\nurl = "https://${USER}:${PASSWORD}@pypi.example.com/simple"\n'
        'verify_ssl = false\ninclude_packages = ["si*"]\n'
        '[[tool.pdm.source]]\nname = "pages"\ntype = "find_links"\nurl = "https://example.com/wheels"\n'
    )
    address = "https://${USER}:${PASSWORD}@pypi.example.com/simple"

    found = read(tmp_path, locked(SIX, pyproject), pyproject)

    assert {canonicalize_name("six"): address} == found.index_of
    assert [
        ("pyproject.toml", 8, "--extra-index-url", address),
        ("pyproject.toml", 8, "--trusted-host", "pypi.example.com"),
        ("pyproject.toml", 13, "--find-links", "https://example.com/wheels"),
    ] == [(one.path, one.line, one.option, one.value) for one in found.requirements.options]


def test_a_source_that_takes_the_place_of_the_public_index(tmp_path: Path) -> None:
    """By its name."""
    pyproject = PYPROJECT + '[[tool.pdm.source]]\nname = "pypi"\nurl = "https://pypi.example.com/simple"\n'

    found = read(tmp_path, locked(SIX, pyproject), pyproject)

    assert [("--index-url", "https://pypi.example.com/simple")] == [
        (one.option, one.value) for one in found.requirements.options
    ]


def test_excluded_packages_are_left_out(tmp_path: Path) -> None:
    """PDM locks them and does not install them."""
    pyproject = PYPROJECT + '[tool.pdm.resolution]\nexcludes = ["Six"]\n'

    assert [] == texts(read(tmp_path, locked(SIX, pyproject), pyproject))


def test_a_lock_that_is_out_of_date(tmp_path: Path) -> None:
    """The evidence: both digests, and what the lock lacks."""
    changed = PYPROJECT.replace('["six"]', '[\n    "six",\n    "orjson>=3",\n]')

    with pytest.raises(LockOutOfDate) as caught:
        read(tmp_path, locked(SIX), changed)

    old, new = (content_hashes(tomllib.loads(text), "sha256")[0] for text in (PYPROJECT, changed))
    assert (
        Mistake(
            where="pdm.lock",
            line=5,
            text=f'content_hash = "sha256:{old}"',
            detail=f"The dependencies in pyproject.toml have the hash {new} now.",
        ),
        Mistake(where="pyproject.toml", line=6, text="orjson", detail="pdm.lock does not have it."),
    ) == caught.value.evidence


def test_what_only_pdm_can_compare_is_noted(tmp_path: Path) -> None:
    """A lock of `lock_inputs` has no digest."""
    lock = locked(SIX, more="[metadata.lock_inputs]\nproject = {}\n").replace("content_hash", "other")

    assert ("whether pdm.lock matches pyproject.toml was not checked: only PDM can compare `lock_inputs`",) == read(
        tmp_path, lock
    ).notes


@pytest.mark.parametrize(
    ("version", "detail"),
    [
        pytest.param("5.0", 'Its lock_version is "5.0"; known are 4.0 to 4.5.', id="of the future"),
        pytest.param("4.6", 'Its lock_version is "4.6"; known are 4.0 to 4.5.', id="a newer minor"),
        pytest.param("3.1", 'Its lock_version is "3.1"; known are 4.0 to 4.5.', id="of the past"),
    ],
)
def test_unknown_versions(tmp_path: Path, version: str, detail: str) -> None:
    """PDM's own rule."""
    assert [(1, detail)] == mistakes(tmp_path, locked(SIX, version=version))


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        pytest.param('"six"', '"six @ https://evil"', '"six @ https://evil" is not the name of a package.', id="name"),
        pytest.param('"1.17.0"', '"1.17.0\\n-e ."', '"1.17.0\n-e ." is not a version.', id="version"),
        pytest.param('version = "1.17.0"\n', "", 'It has no "version".', id="no version"),
        pytest.param("marker = ", "path = '../six'\nmarker = ", "This path leads out of the application", id="outside"),
        pytest.param("marker = ", "hg = 'https://e.com'\nmarker = ", "Only git repositories can be", id="mercurial"),
        pytest.param("marker = ", f"git = 'ext::sh'\nrevision = '{COMMIT}'\nmarker = ", '"ext::sh" is not', id="git"),
        pytest.param("python_version <", "python_version", "This is not a marker:", id="marker"),
        pytest.param('hash = "', 'hash = "x', '"xsha256:', id="hash"),
    ],
)
def test_malformed_and_hostile_packages(tmp_path: Path, before: str, after: str, detail: str) -> None:
    """Nothing of it reaches a line."""
    assert before in SIX
    found = mistakes(tmp_path, locked(SIX.replace(before, after, 1)))

    assert found[0][1].startswith(detail)


def test_extras_and_groups_that_are_not_locked(tmp_path: Path) -> None:
    """A group that the project has and the lock has not cannot be obeyed."""
    pyproject = PYPROJECT.replace("[tool.pdm]", '[dependency-groups]\ndev = ["iniconfig"]\n[tool.pdm]')

    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, locked(SIX, pyproject), pyproject, Settings(groups=("dev",)))

    detail = 'pdm.lock has no group at all, so there is no "dev".'
    assert (Mistake(where="BP_GROUPS", text="dev", detail=detail),) == caught.value.mistakes

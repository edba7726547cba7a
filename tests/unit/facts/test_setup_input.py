"""setup.cfg and setup.py: what their text tells, and when setuptools has to be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, Mistake, RequirementsMalformed
from ml_buildpack.facts.dependencies import Dependencies, InputKind, ProjectSource
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.setup_input import read_setup
from support.projects import write_project

CFG = """\
[metadata]
name = x

[options]
python_requires = >=3.9
install_requires =
    numpy>=1
    # a comment
    pandas ; os_name == "posix"

[options.extras_require]
table = tabulate; openpyxl
gpu =
    torch ; sys_platform == "linux"
"""
CALL = "from setuptools import setup\n\nsetup({})\n"


def read(root: Path, files: dict[str, str | bytes], *extras: str) -> Dependencies | None:
    """What setuptools' files of a project declare."""
    return read_setup(write_project(root, files), Settings(extras=extras))


def lines_of(found: Dependencies | None) -> list[tuple[int, str]]:
    """(line, what a resolver is given) of each requirement."""
    assert found is not None
    return [(line.line, line.pip_line) for line in found.requirements.requirements]


@pytest.mark.parametrize(
    ("extras", "added"),
    [
        pytest.param((), [], id="none"),
        pytest.param(("table",), [(12, "tabulate"), (12, "openpyxl")], id="on one line"),
        pytest.param(("GPU",), [(14, 'torch ; sys_platform == "linux"')], id="in another case"),
    ],
)
def test_plain_lists(tmp_path: Path, extras: tuple[str, ...], added: list[tuple[int, str]]) -> None:
    """Read without running anything."""
    always = [(7, "numpy>=1"), (9, 'pandas ; os_name == "posix"')]

    assert [*always, *added] == lines_of(read(tmp_path, {"setup.cfg": CFG}, *extras))


def test_everything_else_of_a_plain_file(tmp_path: Path) -> None:
    """Its kind, its path, its Python."""
    found = read(tmp_path, {"setup.cfg": CFG, "setup.py": CALL.format("")})
    assert found is not None

    assert (
        InputKind.SETUP,
        "setup.cfg",
        (),
        (PythonRequest(spec=">=3.9", origin="setup.cfg", line=5, text=">=3.9"),),
    ) == (found.kind, found.path, found.sources, found.python_requests)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("install_requires=NEEDS", id="requirements in the call"),
        pytest.param("extras_require={}", id="extras in the call"),
        pytest.param("**KEYWORDS", id="anything in the call"),
    ],
)
def test_what_setup_is_given_wins(tmp_path: Path, call: str) -> None:
    """As with setuptools itself, even if setup.cfg has a list."""
    found = read(tmp_path, {"setup.cfg": CFG, "setup.py": CALL.format(call)}, "table")
    assert found is not None

    assert (
        "setup.py",
        (ProjectSource(path="setup.py", extras=("table",)),),
        (),
        ("setup.py: what it installs is decided when it runs, so it is asked",),
    ) == (found.path, found.sources, found.requirements.requirements, found.notes)


@pytest.mark.parametrize(
    ("files", "path"),
    [
        pytest.param({}, "setup.cfg", id="alone"),
        pytest.param({"setup.py": CALL.format("")}, "setup.py", id="with setup.py"),
    ],
)
def test_lists_in_other_files_are_for_setuptools(tmp_path: Path, files: dict[str, str | bytes], path: str) -> None:
    """`file:` has rules of its own."""
    found = read(tmp_path, {**files, "setup.cfg": "[options]\ninstall_requires = file: needs.txt\n"})
    assert found is not None

    assert (ProjectSource(path=path),) == found.sources


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"setup.cfg": "[flake8]\nmax-line-length = 100\n"}, id="tools only"),
        pytest.param({"setup.cfg": "[metadata]\nname = x\n"}, id="a name only"),
        pytest.param({"setup.py": "print('set up')\n"}, id="a program called setup.py"),
        pytest.param({"setup.py": CALL.format("name='x'")}, id="a package that needs nothing"),
    ],
)
def test_what_declares_nothing(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    """None, so that the next kind of input is asked."""
    assert read(tmp_path, files) is None


def test_a_setup_py_of_another_python_is_asked(tmp_path: Path) -> None:
    """Whether it declares something is not known here, and its own interpreter knows."""
    found = read(tmp_path, {"setup.py": "print 'x'\nsetup(name='x')\n"})
    assert found is not None

    assert (ProjectSource(path="setup.py"),) == found.sources


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        pytest.param(
            "[options]\ninstall_requires =\n    numpy\n    pandas=2.2\n",
            Mistake(
                where="setup.cfg",
                line=4,
                text="pandas=2.2",
                detail='One "=" compares nothing. Write "pandas==2.2".',
            ),
            id="a line",
        ),
        pytest.param(
            "name = x\n",
            Mistake(
                where="setup.cfg",
                detail="File contains no section headers. file: 'setup.cfg', line: 1 'name = x\\n'",
            ),
            id="not a configuration",
        ),
    ],
)
def test_mistakes(tmp_path: Path, text: str, mistake: Mistake) -> None:
    """With the line, where there is one."""
    with pytest.raises(RequirementsMalformed) as caught:
        read(tmp_path, {"setup.cfg": text})

    assert (mistake,) == caught.value.mistakes


def test_an_extra_that_does_not_exist(tmp_path: Path) -> None:
    """A misspelt choice must not install less in silence."""
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, {"setup.cfg": CFG}, "tables")

    assert (
        Mistake(where="BP_EXTRAS", text="tables", detail='setup.cfg has no extra "tables". Did you mean "table"?'),
    ) == caught.value.mistakes

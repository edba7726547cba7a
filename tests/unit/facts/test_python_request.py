"""Requests for a Python version: every source, every spelling, and what is said of those that mean none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.python_request import PythonRequest, read_python_requests
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

EXPECTED = 'Write a version such as "3.12", or a specifier such as ">=3.11,<3.13".'


def test_all_sources_are_told_with_their_lines(tmp_path: Path) -> None:
    """None hides another, so that a conflict can name every file."""
    files = write_project(
        tmp_path,
        {
            ".python-version": "# ours\n3.12\n",
            "runtime.txt": "python-3.12.4\r\n",
            "pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.10,<4"\n',
        },
    )
    settings = Settings(python="3.11", origins=(("python", "ml-buildpack.toml"),))

    assert (
        PythonRequest(spec="==3.11.*", origin="ml-buildpack.toml", line=None, text="3.11"),
        PythonRequest(spec="==3.12.*", origin=".python-version", line=2, text="3.12"),
        PythonRequest(spec="==3.12.4", origin="runtime.txt", line=1, text="python-3.12.4"),
        PythonRequest(spec="<4,>=3.10", origin="pyproject.toml", line=3, text=">=3.10,<4"),
    ) == read_python_requests(files, settings)


def test_nothing_asked_is_no_request(tmp_path: Path) -> None:
    """Then the builder's own Python will do."""
    files = write_project(tmp_path, {"pyproject.toml": '[project]\nname = "x"\n'})

    assert () == read_python_requests(files, Settings())


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param("3", "==3.*", id="major"),
        pytest.param("3.12", "==3.12.*", id="minor"),
        pytest.param("3.12.*", "==3.12.*", id="wildcard"),
        pytest.param("3.12.x", "==3.12.*", id="wildcard of npm"),
        pytest.param("3.12.4", "==3.12.4", id="patch"),
        pytest.param("3.14.0rc1", "==3.14.0rc1", id="pre-release"),
        pytest.param("python-3.12", "==3.12.*", id="python-"),
        pytest.param("cpython@3.12", "==3.12.*", id="cpython@"),
        pytest.param(">= 3.11, < 3.13", "<3.13,>=3.11", id="specifier"),
        pytest.param("~=3.11", "~=3.11", id="compatible"),
        pytest.param("==3.12.*", "==3.12.*", id="exact"),
    ],
)
def test_spellings(tmp_path: Path, text: str, spec: str) -> None:
    """A minor version means all its releases, a release means itself."""
    expected = (PythonRequest(spec=spec, origin="BP_PYTHON_VERSION", line=None, text=text),)

    assert expected == read_python_requests(write_project(tmp_path, {}), Settings(python=text))


def test_powershell_writes_utf_16(tmp_path: Path) -> None:
    """`"3.12" > .python-version` is how many files came to be."""
    files = write_project(tmp_path, {".python-version": "3.12\r\n".encode("utf-16")})

    assert (PythonRequest(spec="==3.12.*", origin=".python-version", line=1, text="3.12"),) == read_python_requests(
        files, Settings()
    )


@pytest.mark.parametrize("text", ["^3.11", "~3.11", "latest", "three", "pypy3.10", ">=3.x", "3.12-slim"])
def test_what_is_no_version(tmp_path: Path, text: str) -> None:
    """Other tools' spellings are not guessed at."""
    with pytest.raises(InvalidSettings) as caught:
        read_python_requests(write_project(tmp_path, {}), Settings(python=text))

    assert (
        Mistake(where="BP_PYTHON_VERSION", text=text, detail=f"This is not a version of Python. {EXPECTED}"),
    ) == caught.value.mistakes


@pytest.mark.parametrize(
    ("files", "mistake"),
    [
        pytest.param(
            {".python-version": "# none\n\n"},
            Mistake(where=".python-version", detail=f"It names no version. {EXPECTED}"),
            id="no version",
        ),
        pytest.param(
            {".python-version": "3.11\n3.12\n"},
            Mistake(where=".python-version", line=2, text="3.12", detail="It names several versions: 3.11, 3.12."),
            id="several versions",
        ),
        pytest.param(
            {"runtime.txt": b"python-3.1\xff"},
            Mistake(where="runtime.txt", detail="Byte 10 (0xff) is not UTF-8: invalid start byte."),
            id="not text",
        ),
        pytest.param(
            {"pyproject.toml": "[project]\nrequires-python = 3.12\n"},
            Mistake(where="pyproject.toml", line=2, text="requires-python = 3.12", detail="It must be text in quotes."),
            id="a number",
        ),
    ],
)
def test_unusable_files(tmp_path: Path, files: dict[str, str | bytes], mistake: Mistake) -> None:
    """Each says which file, and the line where there is one."""
    with pytest.raises(InvalidSettings) as caught:
        read_python_requests(write_project(tmp_path, files), Settings())

    assert (mistake,) == caught.value.mistakes


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """The setting's and the file's."""
    files = write_project(tmp_path, {".python-version": "x"})

    with pytest.raises(InvalidSettings) as caught:
        read_python_requests(files, Settings(python="y"))

    assert ["BP_PYTHON_VERSION", ".python-version"] == [mistake.where for mistake in caught.value.mistakes]

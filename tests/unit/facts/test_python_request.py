"""Requests for a Python version: every source, every spelling, and what is said of those that mean none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.python_request import PythonRequest, read_python_requests
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

MLMODEL = """flavors:
  python_function:
    env: conda.yaml
    loader_module: mlflow.sklearn
    python_version: 3.10.12
  sklearn:
    sklearn_version: 1.5.2
"""
EXPECTED = 'Write a version such as "3.12", or a specifier such as ">=3.11,<3.13".'


def test_all_sources_are_told_with_their_lines(tmp_path: Path) -> None:
    """None hides another, so that a conflict can name every file."""
    files = write_project(
        tmp_path,
        {
            ".python-version": "# ours\n3.12\n",
            "runtime.txt": "python-3.12.4\r\n",
            ".tool-versions": "nodejs 20.1.0\npython 3.11.4 3.10.2\n",
            "python_env.yaml": "python: 3.10.12\nbuild_dependencies:\n- pip==25.1\n",
            "MLmodel": MLMODEL,
            "pyproject.toml": '[project]\nname = "x"\nrequires-python = ">=3.10,<4"\n',
        },
    )
    settings = Settings(python="3.11", origins=(("python", "ml-buildpack.toml"),))

    assert (
        PythonRequest(spec="==3.11.*", origin="ml-buildpack.toml", line=None, text="3.11", from_setting=True),
        PythonRequest(spec="==3.12.*", origin=".python-version", line=2, text="3.12"),
        PythonRequest(spec="==3.12.4", origin="runtime.txt", line=1, text="python-3.12.4"),
        PythonRequest(spec="==3.11.4", origin=".tool-versions", line=2, text="3.11.4"),
        PythonRequest(spec="==3.10.*", origin="python_env.yaml", line=1, text="3.10.12"),
        PythonRequest(spec="==3.10.*", origin="MLmodel", line=5, text="3.10.12"),
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
    expected = (PythonRequest(spec=spec, origin="BP_PYTHON_VERSION", line=None, text=text, from_setting=True),)

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
            {".python-version": "pypy3.10\nour-environment\n"},
            Mistake(
                where=".python-version",
                line=1,
                text="pypy3.10",
                detail=f"This is not a version of Python. {EXPECTED}",
            ),
            id="nothing that is a version",
        ),
        pytest.param(
            {"pyproject.toml": '[project]\nrequires-python = "three"\n'},
            Mistake(
                where="pyproject.toml", line=2, text="three", detail=f"This is not a version of Python. {EXPECTED}"
            ),
            id="no specifier",
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


@pytest.mark.parametrize(
    ("text", "line", "version"),
    [
        pytest.param("3.11\n3.12\n", 1, "3.11", id="the first line"),
        pytest.param("3.12.1 3.11.2\n", 1, "3.12.1", id="the first of a line"),
        pytest.param("# ours\n\nour-environment\n3.12  # see wiki\n", 4, "3.12", id="an environment before it"),
        pytest.param("pypy3.10-7.3.12\n3.12\n", 2, "3.12", id="another implementation before it"),
        pytest.param("3.12.1/envs/ours\n", 1, "3.12.1", id="an environment of a version"),
        pytest.param(">=3.11, <3.13\n", 1, ">=3.11, <3.13", id="a specifier with spaces"),
    ],
)
def test_pyenv_file_means_its_first_usable_version(tmp_path: Path, text: str, line: int, version: str) -> None:
    """The first is what `python` is there; the others are for tox."""
    (request,) = read_python_requests(write_project(tmp_path, {".python-version": text}), Settings())

    assert (line, version) == (request.line, request.text)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({".python-version": "system\n"}, id="pyenv: whatever is there"),
        pytest.param({".tool-versions": "nodejs 20.1.0\npython system\n"}, id="asdf: whatever is there"),
        pytest.param({".tool-versions": "nodejs 20.1.0\n"}, id="asdf: other tools"),
        pytest.param({"MLmodel": "flavors:\n  sklearn:\n    sklearn_version: 1.5.2\n"}, id="a model without it"),
        pytest.param({"pyproject.toml": "[project\n"}, id="a file that others report"),
    ],
)
def test_files_that_ask_for_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    """They are no mistakes."""
    assert () == read_python_requests(write_project(tmp_path, files), Settings())


def test_files_that_are_overruled_need_not_be_usable(tmp_path: Path) -> None:
    """The setting is the way out for whoever cannot change them."""
    files = write_project(tmp_path, {".python-version": "our-environment\n", "runtime.txt": "", "MLmodel": MLMODEL})

    assert (
        PythonRequest(spec="==3.12.*", origin="BP_PYTHON_VERSION", line=None, text="3.12", from_setting=True),
        PythonRequest(spec="==3.10.*", origin="MLmodel", line=5, text="3.10.12"),
    ) == read_python_requests(files, Settings(python="3.12"))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Those of every file."""
    files = write_project(tmp_path, {".python-version": "x", "runtime.txt": "y", ".tool-versions": "python z\n"})

    with pytest.raises(InvalidSettings) as caught:
        read_python_requests(files, Settings())

    assert [".python-version", "runtime.txt", ".tool-versions"] == [mistake.where for mistake in caught.value.mistakes]

"""Which file says what is installed, what becomes of the others, and when two of them contradict each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_buildpack.errors import (
    ContradictingInputs,
    InvalidSettings,
    Mistake,
    NoRequirementsFound,
    RequirementsMalformed,
    UnsupportedDependencyFile,
)
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.dependency_choice import choose_dependencies
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

_Files = dict[str, str | bytes]

SHA256 = "0" * 64
PROJECT = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["numpy"]\n'
CONDA = "dependencies:\n- numpy\n"
SETUP = "from setuptools import setup\n\nsetup(install_requires=['numpy'])\n"
PIPFILE = '[packages]\nnumpy = "*"\n'


def pylock(version: str) -> str:
    """A lock of numpy at that version, in the standard format."""
    wheel = f"numpy-{version}-py3-none-any.whl"
    return (
        'lock-version = "1.0"\ncreated-by = "uv"\n[[packages]]\nname = "numpy"\n'
        f'version = "{version}"\n[[packages.wheels]]\nname = "{wheel}"\nurl = "https://x/{wheel}"\n'
        f'hashes = {{sha256 = "{SHA256}"}}\n'
    )


def uv_lock(*versions: str) -> str:
    """A `uv.lock` of numpy at those versions."""
    package = '[[package]]\nname = "numpy"\nversion = "{}"\nsource = {{ registry = "https://pypi.org/simple" }}\n'
    own = '[[package]]\nname = "x"\nversion = "1"\nsource = { virtual = "." }\n'
    return 'version = 1\nrequires-python = ">=3.10"\n' + own + "".join(package.format(one) for one in versions)


def pipfile_lock(version: str) -> str:
    """A `Pipfile.lock` of numpy at that version, for no Pipfile in particular."""
    return json.dumps({"default": {"numpy": {"version": f"=={version}"}}})


def choose(root: Path, files: _Files, *named: str, extras: tuple[str, ...] = ()) -> Dependencies:
    """The choice among those files."""
    settings = Settings(requirements=named, extras=extras)
    return choose_dependencies(write_project(root, files), settings)


# --- the order --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "kind", "ignored"),
    [
        pytest.param(
            {
                "pylock.toml": pylock("1"),
                "uv.lock": uv_lock("1"),
                "pyproject.toml": PROJECT,
                "requirements.txt": "numpy",
            },
            InputKind.PYLOCK,
            ("uv.lock", "requirements.txt"),
            id="the standard lock",
        ),
        pytest.param(
            {"uv.lock": uv_lock("1"), "pyproject.toml": PROJECT, "requirements.txt": "numpy==1", "setup.py": SETUP},
            InputKind.UV_LOCK,
            ("requirements.txt",),
            id="uv's lock, which is made from pyproject.toml",
        ),
        pytest.param(
            {"requirements.txt": "numpy", "Pipfile": PIPFILE, "pyproject.toml": PROJECT, "environment.yml": CONDA},
            InputKind.REQUIREMENTS,
            ("Pipfile", "pyproject.toml", "environment.yml"),
            id="requirements files",
        ),
        pytest.param(
            {"Pipfile": PIPFILE, "pyproject.toml": PROJECT}, InputKind.PIPFILE, ("pyproject.toml",), id="a Pipfile"
        ),
        pytest.param(
            {"pyproject.toml": PROJECT, "setup.py": SETUP, "environment.yml": CONDA},
            InputKind.PYPROJECT,
            ("environment.yml",),
            id="pyproject.toml, which setup.py belongs to",
        ),
        pytest.param(
            {"pyproject.toml": "[tool.ruff]\n", "setup.py": SETUP, "conda.yaml": CONDA},
            InputKind.SETUP,
            ("conda.yaml",),
            id="setuptools' files",
        ),
        pytest.param(
            {"pyproject.toml": "[project]\nname = 'x'\n", "environment.yml": CONDA, "conda.yaml": CONDA},
            InputKind.CONDA,
            ("conda.yaml",),
            id="conda, where pyproject.toml has a name only",
        ),
    ],
)
def test_order(tmp_path: Path, files: _Files, kind: InputKind, ignored: tuple[str, ...]) -> None:
    """Locks, then loose files; a file that the chosen one is made from is not ignored."""
    found = choose(tmp_path, files)

    assert (kind, ignored) == (found.kind, found.ignored)


def test_the_log_says_which_won_and_why(tmp_path: Path) -> None:
    """Nobody should have to guess why a file has no effect."""
    found = choose(tmp_path, {"requirements.txt": "numpy", "pyproject.toml": PROJECT, "environment.yml": CONDA})

    says = (
        "requirements.txt decides, and not pyproject.toml, environment.yml: after locks, requirements files come first"
    )
    assert (says,) == found.notes


def test_a_named_file_wins_and_says_so(tmp_path: Path) -> None:
    """Over every lock, without comparing."""
    files: _Files = {"pylock.toml": pylock("1"), "requirements.txt": "numpy==2", "envs/prod.yml": CONDA}
    by_kind = {name: choose(tmp_path, files, name) for name in ("requirements.txt", "envs/prod.yml", "./pylock.toml")}

    assert [InputKind.REQUIREMENTS, InputKind.CONDA, InputKind.PYLOCK] == [found.kind for found in by_kind.values()]
    assert ("requirements.txt decides, and not pylock.toml: BP_REQUIREMENTS names it",) == (
        by_kind["requirements.txt"].notes
    )


@pytest.mark.parametrize(
    ("named", "text", "detail"),
    [
        pytest.param(
            ("poetry.lock",), "poetry.lock", "There is no such file, or it declares no dependencies.", id="absent"
        ),
        pytest.param(
            ("pyproject.toml",), "pyproject.toml", "There is no such file, or it declares no dependencies.", id="empty"
        ),
        pytest.param(
            ("requirements.txt", "environment.yml"),
            "environment.yml",
            "It says everything by itself, so it cannot be one of several files.",
            id="among others",
        ),
        pytest.param(
            ("sub/uv.lock",), "sub/uv.lock", "Only the one at the top of the project can be used.", id="not at the top"
        ),
    ],
)
def test_names_that_cannot_be_used(tmp_path: Path, named: tuple[str, ...], text: str, detail: str) -> None:
    """A mistake in the setting, not in a file."""
    files: _Files = {
        "pyproject.toml": "[tool.ruff]\n",
        "requirements.txt": "",
        "environment.yml": CONDA,
        "sub/uv.lock": "",
    }
    with pytest.raises(InvalidSettings) as caught:
        choose(tmp_path, files, *named)

    assert (Mistake(where="BP_REQUIREMENTS", text=text, detail=detail),) == caught.value.mistakes


@pytest.mark.parametrize("named", [(), ("pixi.toml",)])
def test_what_is_recognised_only(tmp_path: Path, named: tuple[str, ...]) -> None:
    """So that the message can say more than "nothing found"."""
    with pytest.raises(UnsupportedDependencyFile) as caught:
        choose(tmp_path, {"pixi.toml": ""}, *named)

    assert ("pixi.toml",) == caught.value.paths


def test_nothing_at_all(tmp_path: Path) -> None:
    """With what is there instead."""
    with pytest.raises(NoRequirementsFound) as caught:
        choose(tmp_path, {"app.py": "", "src/x.py": ""})

    assert ("app.py", "src/") == caught.value.present


def test_a_broken_file_of_the_order_is_an_error(tmp_path: Path) -> None:
    """The next one must not be installed from in its place."""
    with pytest.raises(RequirementsMalformed):
        choose(tmp_path, {"requirements.txt": "numpy=1\n", "environment.yml": CONDA})


def test_a_broken_file_that_is_not_chosen_is_none(tmp_path: Path) -> None:
    """Nothing is installed from it."""
    found = choose(
        tmp_path, {"requirements.txt": "numpy", "setup.cfg": "broken", "environment.yml": "{", "uv.toml": "x"}
    )

    assert ("environment.yml",) == found.ignored


# --- the project itself, and the Python -------------------------------------------------------------------------------


BACKEND = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


@pytest.mark.parametrize(
    ("files", "project"),
    [
        pytest.param({"pyproject.toml": BACKEND + PROJECT, "x/__init__.py": ""}, ".", id="its own file"),
        pytest.param(
            {"setup.py": SETUP.replace("setup(", "setup(name='x', "), "x/a.py": ""}, ".", id="setuptools' file"
        ),
        pytest.param({"pyproject.toml": PROJECT, "x/__init__.py": ""}, None, id="no package"),
        pytest.param(
            {"pyproject.toml": BACKEND + PROJECT, "x/__init__.py": "", "requirements.txt": ""}, None, id="a free list"
        ),
        pytest.param(
            {"pyproject.toml": BACKEND + "[project]\nname = 'x'\n", "x/__init__.py": "", "environment.yml": CONDA},
            None,
            id="a conda environment",
        ),
        pytest.param(
            {"pyproject.toml": BACKEND + "[project]\nname = 'x'\n", "x/__init__.py": ""}, ".", id="nothing but itself"
        ),
    ],
)
def test_the_project_itself(tmp_path: Path, files: _Files, project: str | None) -> None:
    """Installed where its own files say what is; a list that could name it and does not is obeyed."""
    found = choose(tmp_path, files)

    assert project == (found.project.path if found.project is not None else None)


def test_why_the_project_is_not_installed(tmp_path: Path) -> None:
    """An application with a backend that would fail."""
    found = choose(tmp_path, {"pyproject.toml": BACKEND + PROJECT, "app/a.py": "", "models/b.py": ""})

    assert (
        (
            "the project itself is not installed, only used from its directory: setuptools finds several packages, app,"
            " models, and none is named in its configuration"
        ),
    ) == found.notes


def test_every_python_that_is_named_counts(tmp_path: Path) -> None:
    """Also that of a conda environment that is not installed from."""
    found = choose(tmp_path, {"pyproject.toml": PROJECT, "environment.yml": "dependencies: [python=3.11]\n"})

    assert (
        PythonRequest(spec=">=3.10", origin="pyproject.toml", line=4, text=">=3.10"),
        PythonRequest(spec="==3.11.*", origin="environment.yml", line=1, text="python=3.11"),
    ) == found.python_requests


def test_extras_of_what_has_none(tmp_path: Path) -> None:
    """Said, because the choice has no effect."""
    found = choose(tmp_path, {"requirements.txt": "numpy"}, extras=("gpu",))

    assert ("extras and groups are of no effect: requirements.txt has none",) == found.notes


def test_a_model_of_mlflow_below_the_top(tmp_path: Path) -> None:
    """The last resort."""
    found = choose(tmp_path, {"m/MLmodel": "", "m/requirements.txt": "numpy\n", "app.py": ""})

    assert (InputKind.REQUIREMENTS, "m/requirements.txt") == (found.kind, found.path)


# --- contradictions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "error"),
    [
        pytest.param(
            {"pylock.toml": pylock("1.26.4"), "uv.lock": uv_lock("1.24.0"), "pyproject.toml": PROJECT},
            ("pylock.toml", "uv.lock", None, "numpy==1.24.0", "pylock.toml has 1.26.4."),
            id="two locks",
        ),
        pytest.param(
            {"pylock.toml": pylock("1.26.4"), "Pipfile.lock": pipfile_lock("1.24.0")},
            ("pylock.toml", "Pipfile.lock", None, "numpy==1.24.0", "pylock.toml has 1.26.4."),
            id="a lock in JSON",
        ),
        pytest.param(
            {"pylock.toml": pylock("1.26.4"), "requirements.txt": "flask\nNumPy==1.24\n"},
            ("pylock.toml", "requirements.txt", 2, "numpy==1.24", "pylock.toml has 1.26.4."),
            id="a requirements file",
        ),
        pytest.param(
            {
                "uv.lock": uv_lock("1.26.4", "2.1.0"),
                "pyproject.toml": PROJECT,
                "requirements.txt": "numpy==1.24 ; python_version < '3.11'\nnumpy==2.0 ; python_version >= '3.11'\n",
            },
            ("uv.lock", "requirements.txt", 1, "numpy==1.24 or 2.0", "uv.lock has 1.26.4 and 2.1.0."),
            id="several versions on both sides",
        ),
    ],
)
def test_contradictions(tmp_path: Path, files: _Files, error: tuple[str, str, int | None, str, str]) -> None:
    """Both files are named, and the pins that differ."""
    obeyed, other, line, text, detail = error
    with pytest.raises(ContradictingInputs) as caught:
        choose(tmp_path, files)

    assert (obeyed, other, (Mistake(where=other, line=line, text=text, detail=detail),)) == (
        caught.value.obeyed,
        caught.value.other,
        caught.value.pins,
    )


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"uv.lock": uv_lock("1.26.4"), "requirements.txt": "numpy==1.26.4\n"}, id="the same"),
        pytest.param({"uv.lock": uv_lock("2.5.1+cpu"), "requirements.txt": "numpy==2.5.1\n"}, id="a local version"),
        pytest.param({"uv.lock": uv_lock("1.26.4"), "requirements.txt": "numpy<1.20\nscipy==1\n"}, id="no pin"),
        pytest.param({"uv.lock": uv_lock("1.26.4"), "requirements.txt": "numpy==1.26.*\n"}, id="a series"),
        pytest.param({"uv.lock": uv_lock("1.26.4"), "requirements.txt": "numpy=1\n"}, id="broken requirements"),
        pytest.param({"uv.lock": uv_lock("1.26.4"), "poetry.lock": "[[package]\n"}, id="a broken lock"),
        pytest.param({"uv.lock": uv_lock("1.26.4"), "Pipfile.lock": "[]"}, id="a lock of another shape"),
        pytest.param(
            {"uv.lock": uv_lock("1.26.4", "2.1.0"), "requirements.txt": "numpy==2.1.0\n"}, id="one of several versions"
        ),
        pytest.param({"requirements.txt": "numpy==1\n", "Pipfile": PIPFILE}, id="no lock at all"),
    ],
)
def test_no_contradictions(tmp_path: Path, files: _Files) -> None:
    """Only what is pinned on both sides, at versions without one in common."""
    assert choose(tmp_path, {"pyproject.toml": PROJECT, **files}).ignored

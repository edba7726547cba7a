"""Which conda or MLflow file is an input, and what else they tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, RequirementsMalformed
from ml_buildpack.facts.conda.conda_input import read_conda, read_mlflow
from ml_buildpack.facts.conda.conda_wish import CondaSpec, CondaWish
from ml_buildpack.facts.conda.mlflow_files import find_mlflow_directory, find_recorded_pythons
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.settings import CondaMode, Resolver, Settings
from support.projects import write_project

ENVIRONMENT = "dependencies: [python=3.11, flask]\n"
PYTHON_ENV = "python: 3.11.4\nbuild_dependencies:\n- pip==23\ndependencies:\n- numpy==1.26.4\n"
MLMODEL = "flavors:\n  python_function:\n    python_version: 3.11.4\n"

_Files = dict[str, str | bytes]


def summary(found: Dependencies | None) -> tuple[InputKind, str, list[str], list[str]] | None:
    """Kind, path, requirements and Pythons; None for none."""
    if found is None:
        return None
    lines = [line.pip_line for line in found.requirements.requirements]
    return found.kind, found.path, lines, [request.spec for request in found.python_requests]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"envs/environment.yml": ENVIRONMENT}, None, id="only at the top"),
        pytest.param(
            {"environment.yaml": ENVIRONMENT, "conda.yaml": "x"},
            (InputKind.CONDA, "environment.yaml", ["flask"], ["==3.11.*"]),
            id="the first name counts",
        ),
        pytest.param(
            {"conda.yaml": ENVIRONMENT, "python_env.yaml": PYTHON_ENV},
            (InputKind.CONDA, "conda.yaml", ["flask"], ["==3.11.*"]),
            id="MLflow's conda.yaml before its python_env.yaml",
        ),
        pytest.param(
            {"python_env.yaml": PYTHON_ENV},
            (InputKind.CONDA, "python_env.yaml", ["numpy==1.26.4"], ["==3.11.*"]),
            id="python_env.yaml, without what only installs",
        ),
        pytest.param(
            {"python_env.yaml": PYTHON_ENV.replace("numpy==1.26.4", "-r needs.txt"), "needs.txt": "flask\n"},
            (InputKind.CONDA, "python_env.yaml", ["flask"], ["==3.11.*"]),
            id="python_env.yaml with a file",
        ),
    ],
)
def test_conda(tmp_path: Path, files: _Files, expected: tuple[InputKind, str, list[str], list[str]] | None) -> None:
    """At the top of the project."""
    assert expected == summary(read_conda(write_project(tmp_path, files), Settings()))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"app.py": ""}, None, id="no model"),
        pytest.param({"MLmodel": MLMODEL}, None, id="a model at the top is no directory of its own"),
        pytest.param({"m/MLmodel": MLMODEL}, None, id="a model that names nothing"),
        pytest.param(
            {"m/MLmodel": MLMODEL, "n/MLmodel": MLMODEL, "m/requirements.txt": "numpy"}, None, id="two models"
        ),
        pytest.param(
            {"m/MLmodel": MLMODEL, "m/requirements.txt": "numpy\n", "m/conda.yaml": ENVIRONMENT},
            (InputKind.REQUIREMENTS, "m/requirements.txt", ["numpy"], []),
            id="requirements",
        ),
        pytest.param(
            {"m/MLmodel": MLMODEL, "m/conda.yaml": ENVIRONMENT},
            (InputKind.CONDA, "m/conda.yaml", ["flask"], ["==3.11.*"]),
            id="conda",
        ),
        pytest.param(
            {"m/MLmodel": MLMODEL, "m/python_env.yaml": PYTHON_ENV},
            (InputKind.CONDA, "m/python_env.yaml", ["numpy==1.26.4"], ["==3.11.*"]),
            id="python_env.yaml",
        ),
    ],
)
def test_mlflow(tmp_path: Path, files: _Files, expected: tuple[InputKind, str, list[str], list[str]] | None) -> None:
    """Below the top, where the project says nothing itself."""
    assert expected == summary(read_mlflow(write_project(tmp_path, files), Settings()))


def test_mlflow_says_why(tmp_path: Path) -> None:
    """A file that nobody named is taken, so the log tells."""
    files = write_project(tmp_path, {"m/MLmodel": MLMODEL, "m/requirements.txt": "numpy\n"})
    found = read_mlflow(files, Settings())
    assert found is not None

    assert (
        "nothing at the top of the project says what to install, so this is what m/MLmodel was saved with",
    ) == found.notes


@pytest.mark.parametrize(
    ("files", "directory"),
    [
        pytest.param({"app.py": ""}, None, id="none"),
        pytest.param({"MLmodel": "", "a/MLmodel": ""}, "", id="the top"),
        pytest.param({"a/b/MLmodel": ""}, "a/b", id="below"),
        pytest.param({"a/MLmodel": "", "b/MLmodel": ""}, None, id="two"),
        pytest.param({"a/b/c/MLmodel": ""}, None, id="too deep"),
    ],
)
def test_directory_of_a_model(tmp_path: Path, files: _Files, directory: str | None) -> None:
    """One that is certain, or none."""
    assert directory == find_mlflow_directory(write_project(tmp_path, files))


def test_pythons_are_found_whatever_is_installed_from(tmp_path: Path) -> None:
    """Also of files that are no input; a broken one says nothing. MLflow's at the top are read elsewhere."""
    files: _Files = {
        "environment.yml": ENVIRONMENT,
        "conda.yml": "dependencies: [\n",
        "m/MLmodel": MLMODEL,
        "m/conda.yaml": "name: mlflow-env\ndependencies:\n- python=3.11.4\n",
        "m/python_env.yaml": PYTHON_ENV,
    }

    assert (
        PythonRequest(spec="==3.11.*", origin="environment.yml", line=1, text="python=3.11"),
        PythonRequest(spec="==3.11.*", origin="m/conda.yaml", line=3, text="python=3.11.4"),
        PythonRequest(spec="==3.11.*", origin="m/python_env.yaml", line=1, text="3.11.4"),
        PythonRequest(spec="==3.11.*", origin="m/MLmodel", line=3, text="3.11.4"),
    ) == find_recorded_pythons(write_project(tmp_path, files))


def test_conda_packages_themselves_are_read_as_written(tmp_path: Path) -> None:
    """Specs and channels for a solver of conda's, lines for pip; the Python counts for both."""
    text = (
        "channels: [conda-forge]\ndependencies:\n- python=3.11\n- bioconda::samtools>=1.2\n"
        "- numpy=1.26.*=py311*\n- pip:\n  - flask\n"
    )
    found = read_conda(write_project(tmp_path, {"environment.yml": text}), Settings(conda=CondaMode.RATTLER))

    assert (InputKind.CONDA, "environment.yml", ["flask"], ["==3.11.*"]) == summary(found)
    assert found is not None
    assert (
        CondaWish(
            path="environment.yml",
            specs=(
                CondaSpec(text="python=3.11", name="python", line=3),
                CondaSpec(text="samtools>=1.2", name="samtools", line=4, channel="bioconda"),
                CondaSpec(text="numpy=1.26.*=py311*", name="numpy", line=5),
            ),
            channels=("conda-forge",),
        )
        == found.conda
    )


def test_items_that_name_nothing_are_mistakes(tmp_path: Path) -> None:
    """All at once, with those of the `pip:` section."""
    text = "dependencies:\n- python\n- '>=1'\n- pip:\n  - flask flask\n"
    with pytest.raises(RequirementsMalformed) as caught:
        read_conda(write_project(tmp_path, {"environment.yml": text}), Settings(conda=CondaMode.RATTLER))

    assert [3, 5] == [mistake.line for mistake in caught.value.mistakes]


def test_pip_tools_cannot_add_to_conda_packages(tmp_path: Path) -> None:
    """What pip adds is resolved by uv, whose constraints can name what is installed."""
    settings = Settings(conda=CondaMode.RATTLER, resolver=Resolver.PIP_TOOLS, origins=(("resolver", "BP_RESOLVER"),))
    with pytest.raises(InvalidSettings) as caught:
        read_conda(write_project(tmp_path, {"environment.yml": ENVIRONMENT}), settings)

    assert [("BP_RESOLVER", "pip-tools")] == [(one.where, one.text) for one in caught.value.mistakes]


def test_a_broken_python_env(tmp_path: Path) -> None:
    """A mistake with its line."""
    files = {"python_env.yaml": "python: 3.11\ndependencies:\n- numpy=1\n"}
    with pytest.raises(RequirementsMalformed) as caught:
        read_conda(write_project(tmp_path, files), Settings())

    assert [3] == [mistake.line for mistake in caught.value.mistakes]

"""What MLflow writes beside an MLmodel: which directory it is, what to install from there, and the Python it had.

Called by `conda_input` and `dependency_choice`. Source: MLflow 3, "MLflow Models", the files of a logged model.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.conda.environment_file import (
    CondaEnvironment,
    read_document,
    read_pip_item,
    translate_entries,
)
from ml_buildpack.facts.conda.translation import minor_series
from ml_buildpack.facts.conda.yaml_text import YamlValue, read_yaml
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import RequirementReading

MLMODEL = "MLmodel"
PYTHON_ENV = "python_env.yaml"
_CONDA_FILES = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
_DEPTH_MAX = 2


def find_mlflow_directory(files: ProjectFiles) -> str | None:
    """The one directory near the top that holds an MLmodel, empty for the top itself; None for none, or for several."""
    found = [file.path for file in files.files if file.name == MLMODEL and file.depth <= _DEPTH_MAX]
    if MLMODEL in found:
        return ""
    return posixpath.dirname(found[0]) if len(found) == 1 else None


def read_python_env(files: ProjectFiles, path: str) -> CondaEnvironment:
    """The environment of a `python_env.yaml`: requirements in pip's words. Raises: RequirementsMalformed."""
    document = read_document(files, path)
    reading = RequirementReading(files=files)
    reading.add_file(path)
    dependencies = document.get("dependencies")
    for item in (dependencies.items() if dependencies is not None else ()) or ():
        read_pip_item(reading, path, item)
    return CondaEnvironment(
        requirements=reading.result(), python_requests=tuple(_python_of_key(path, document, "python")), notes=()
    )


def find_recorded_pythons(files: ProjectFiles) -> tuple[PythonRequest, ...]:
    """The Pythons that conda's files name, and MLflow's below the top, wherever the packages come from.

    Files that cannot be read name none. MLflow's files at the top are read by `python_request`.
    """
    found = [request for path in _CONDA_FILES for request in _python_of_environment(files, path)]
    directory = find_mlflow_directory(files)
    if not directory:
        return tuple(found)
    for name in _CONDA_FILES:
        found += _python_of_environment(files, f"{directory}/{name}")
    for path, keys in (
        (f"{directory}/{PYTHON_ENV}", ("python",)),
        (f"{directory}/{MLMODEL}", ("flavors", "python_function", "python_version")),
    ):
        document = read_yaml(files, path)
        if isinstance(document, YamlValue):
            found += _python_of_key(path, document, *keys)
    return tuple(found)


def _python_of_environment(files: ProjectFiles, path: str) -> Iterator[PythonRequest]:
    document = read_yaml(files, path)
    if not isinstance(document, Mistake) and document is not None and document.entries() is not None:
        yield from translate_entries(path, document).python_requests


def _python_of_key(path: str, document: YamlValue, *keys: str) -> Iterator[PythonRequest]:
    found: YamlValue | None = document
    for key in keys:
        found = found.get(key) if found is not None else None
    if found is None or found.text is None or not found.text.replace(".", "").isdigit():
        return
    spec = minor_series(f"=={found.text}")
    yield PythonRequest(spec=spec, origin=path, line=found.line, text=found.text)

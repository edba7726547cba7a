"""A conda environment, or what MLflow keeps in its place, as an input. Called by `dependency_choice`."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.conda.conda_wish import read_wish
from ml_buildpack.facts.conda.environment_file import read_environment
from ml_buildpack.facts.conda.mlflow_files import MLMODEL, PYTHON_ENV, find_mlflow_directory, read_python_env
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.dependency_files import read_requirements
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.settings import CondaMode, Resolver, Settings

CONDA_FILES = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml", PYTHON_ENV)


def read_conda(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """The environment at the top of the project; None where there is none.

    Raises: InvalidSettings; RequirementsMalformed; CondaPackagesWithoutWheel.
    """
    path = next((path for path in CONDA_FILES if path in files), None)
    return read_conda_file(files, settings, path) if path is not None else None


def read_conda_file(files: ProjectFiles, settings: Settings, path: str) -> Dependencies:
    """The environment of that file, whatever it is called. Raises: as `read_conda`."""
    is_python_env = posixpath.basename(path) == PYTHON_ENV
    if settings.conda is CondaMode.RATTLER and not is_python_env:
        return _read_for_conda(files, settings, path)
    environment = read_python_env(files, path) if is_python_env else read_environment(files, path)
    return Dependencies(
        kind=InputKind.CONDA,
        path=path,
        requirements=environment.requirements,
        python_requests=environment.python_requests,
        accelerators=environment.accelerators,
        notes=environment.notes,
    )


def read_mlflow(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """What an MLflow model below the project needs, where the project itself says nothing; None: there is no model."""
    directory = find_mlflow_directory(files)
    if not directory:
        return None
    note = (
        f"nothing at the top of the project says what to install, so this is what {directory}/{MLMODEL} was saved with"
    )
    requirements = f"{directory}/requirements.txt"
    if requirements in files:
        return Dependencies(
            kind=InputKind.REQUIREMENTS,
            path=requirements,
            requirements=read_requirements(files, (requirements,)),
            notes=(note,),
        )
    for path in (f"{directory}/{name}" for name in CONDA_FILES):
        if path in files:
            found = read_conda_file(files, settings, path)
            return replace(found, notes=(note, *found.notes))
    return None


def _read_for_conda(files: ProjectFiles, settings: Settings, path: str) -> Dependencies:
    """The environment for conda's own packages. Raises: RequirementsMalformed; InvalidSettings."""
    if settings.resolver is Resolver.PIP_TOOLS:
        where = settings.origin_of("resolver") or "BP_RESOLVER"
        detail = "What pip adds to conda's own packages is resolved by uv. Leave the setting out, or BP_CONDA=rattler."
        raise InvalidSettings(mistakes=(Mistake(where=where, text=Resolver.PIP_TOOLS.value, detail=detail),))
    environment = read_wish(files, path)
    return Dependencies(
        kind=InputKind.CONDA,
        path=path,
        requirements=environment.requirements,
        python_requests=environment.python_requests,
        conda=environment.wish,
        notes=environment.notes,
    )

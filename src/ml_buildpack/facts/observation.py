"""Everything observed of a project, as one value. The first half of every build, and all that `explain` needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.errors import LfsPointerFound, NoRequirementsFound, UnsafeEnvironment
from ml_buildpack.facts.accelerator_requests import AcceleratorRequest, find_accelerator_requests
from ml_buildpack.facts.bindings import Binding, read_bindings
from ml_buildpack.facts.code_mentions import CodeMentions, find_project_mentions
from ml_buildpack.facts.dependencies import Dependencies
from ml_buildpack.facts.dependency_choice import choose_dependencies
from ml_buildpack.facts.index_configuration import IndexConfiguration, read_index_configuration
from ml_buildpack.facts.model_files import find_lfs_pointers
from ml_buildpack.facts.model_paths import ModelPath, find_model_paths
from ml_buildpack.facts.procfile import ProcfileLine, read_procfile
from ml_buildpack.facts.project_files import ProjectFiles, find_project_files
from ml_buildpack.facts.python_request import PythonRequest, read_python_requests
from ml_buildpack.facts.settings import Settings, read_settings
from ml_buildpack.facts.unsafe_environment import find_unsafe_variables
from ml_buildpack.facts.web_app import WebScan, find_web_entries
from ml_buildpack.problems import Problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is true of the project.

    `dependencies` is None where reading them was itself a problem, and where there are none; then `no_requirements`
    says so, and whoever decides knows whether that is a problem: a model may say what it needs.
    """

    files: ProjectFiles
    settings: Settings
    dependencies: Dependencies | None
    python_requests: tuple[PythonRequest, ...]
    web: WebScan
    mentions: CodeMentions
    procfile: tuple[ProcfileLine, ...]
    bindings: tuple[Binding, ...]
    indexes: IndexConfiguration
    model_paths: tuple[ModelPath, ...]
    accelerators: tuple[AcceleratorRequest, ...] = ()
    no_requirements: NoRequirementsFound | None = None


def observe(app_dir: Path, env: Mapping[str, str], platform_dir: Path, problems: Problems) -> Facts:
    """The facts of a project; whatever is wrong with it is added to `problems` and read as absent."""
    files = find_project_files(app_dir)
    settings = problems.attempt(lambda: read_settings(files, env)) or Settings()
    problems.attempt(lambda: _refuse_unsafe_environment(env))
    problems.attempt(lambda: _refuse_lfs_pointers(files))
    bindings = problems.attempt(lambda: read_bindings(env, platform_dir)) or ()
    found = problems.attempt(lambda: _find_dependencies(files, settings))
    dependencies = found if isinstance(found, Dependencies) else None
    indexes = read_index_configuration(files, settings, bindings, env, problems)
    return Facts(
        files=files,
        settings=settings,
        dependencies=dependencies,
        no_requirements=found if isinstance(found, NoRequirementsFound) else None,
        python_requests=problems.attempt(lambda: read_python_requests(files, settings)) or (),
        web=find_web_entries(files),
        mentions=find_project_mentions(files),
        procfile=problems.attempt(lambda: read_procfile(files)) or (),
        bindings=bindings,
        indexes=indexes,
        accelerators=find_accelerator_requests(files, dependencies, indexes, env) if dependencies is not None else (),
        model_paths=find_model_paths(files),
    )


def _find_dependencies(files: ProjectFiles, settings: Settings) -> Dependencies | NoRequirementsFound:
    try:
        return choose_dependencies(files, settings)
    except NoRequirementsFound as missing:
        return missing


def _refuse_unsafe_environment(env: Mapping[str, str]) -> None:
    names = find_unsafe_variables(env)
    if names:
        raise UnsafeEnvironment(names=names)


def _refuse_lfs_pointers(files: ProjectFiles) -> None:
    pointers = find_lfs_pointers(files)
    if pointers:
        raise LfsPointerFound(pointers=pointers)

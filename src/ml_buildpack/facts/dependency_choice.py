"""Which of a project's files says what is installed: the one that is named, else the first of an explicit order.

Asks one reader after the other and adds what concerns them all: the other files that are there, the project itself, and
contradictions. Called by `observation`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ml_buildpack.errors import (
    BuildpackError,
    InvalidSettings,
    Mistake,
    UnsupportedDependencyFile,
)
from ml_buildpack.facts.conda.conda_input import CONDA_FILES, read_conda, read_conda_file, read_mlflow
from ml_buildpack.facts.conda.mlflow_files import find_recorded_pythons
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.dependency_files import (
    UNSUPPORTED,
    find_requirements_file,
    nothing_found,
    read_requirements,
)
from ml_buildpack.facts.lock_pins import check_against_lock, check_against_requirements
from ml_buildpack.facts.locks.pdm_lock import read_pdm_lock
from ml_buildpack.facts.locks.pipfile import read_pipfile
from ml_buildpack.facts.locks.pipfile_lock import read_pipfile_lock
from ml_buildpack.facts.locks.poetry_lock import read_poetry_lock
from ml_buildpack.facts.locks.pylock_file import read_pylock
from ml_buildpack.facts.locks.uv_lock import read_uv_lock
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.project_package import find_project_package
from ml_buildpack.facts.pyproject_input import declares_dependencies, read_pyproject
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.setup_input import read_setup

_Reader = Callable[[ProjectFiles, Settings], Dependencies | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidate:
    """A kind of input: its files, its reader, and the kinds that it is made from, which it does not compete with."""

    kind: InputKind
    names: tuple[str, ...]
    read: _Reader
    made_from: tuple[InputKind, ...] = ()


def _read_default_requirements(files: ProjectFiles, _settings: Settings) -> Dependencies | None:
    path = find_requirements_file(files)
    return _read_requirements_files(files, (path,)) if path is not None else None


_PROJECT = (InputKind.PYPROJECT, InputKind.SETUP)
# The order: locks before loose files, the standard one first; then what was written for an installation, then what
# describes a package, and conda last, because its names have to be translated.
_ORDER = (
    _Candidate(kind=InputKind.PYLOCK, names=("pylock.toml",), read=read_pylock, made_from=_PROJECT),
    _Candidate(kind=InputKind.UV_LOCK, names=("uv.lock",), read=read_uv_lock, made_from=_PROJECT),
    _Candidate(kind=InputKind.POETRY_LOCK, names=("poetry.lock",), read=read_poetry_lock, made_from=_PROJECT),
    _Candidate(kind=InputKind.PDM_LOCK, names=("pdm.lock",), read=read_pdm_lock, made_from=_PROJECT),
    _Candidate(
        kind=InputKind.PIPFILE_LOCK, names=("Pipfile.lock",), read=read_pipfile_lock, made_from=(InputKind.PIPFILE,)
    ),
    _Candidate(kind=InputKind.REQUIREMENTS, names=(), read=_read_default_requirements),
    _Candidate(kind=InputKind.PIPFILE, names=("Pipfile",), read=read_pipfile),
    _Candidate(kind=InputKind.PYPROJECT, names=("pyproject.toml",), read=read_pyproject, made_from=(InputKind.SETUP,)),
    _Candidate(kind=InputKind.SETUP, names=("setup.cfg", "setup.py"), read=read_setup),
    _Candidate(kind=InputKind.CONDA, names=CONDA_FILES, read=read_conda),
)
_LOCKS = frozenset(
    {InputKind.PYLOCK, InputKind.UV_LOCK, InputKind.POETRY_LOCK, InputKind.PDM_LOCK, InputKind.PIPFILE_LOCK}
)  # fmt: skip
_WHY_FIRST = {
    InputKind.REQUIREMENTS: "after locks, requirements files come first",
    InputKind.PIPFILE: "a Pipfile comes before a project's own metadata",
    InputKind.PYPROJECT: "a project's own metadata comes before conda environments",
    InputKind.SETUP: "a project's own metadata comes before conda environments",
    InputKind.CONDA: "it comes first of the names that environments have",
}


def choose_dependencies(files: ProjectFiles, settings: Settings) -> Dependencies:
    """What to install, from the file that says it, with everything that the other files add to it.

    Raises: NoRequirementsFound; UnsupportedDependencyFile; InvalidSettings; ContradictingInputs; and what the reader of
    the chosen file raises.
    """
    if settings.requirements:
        chosen = _read_named(files, settings)
    else:
        chosen = _read_first(files, settings)
        _refuse_contradictions(files, chosen)
    return _completed(files, settings, chosen)


def _read_first(files: ProjectFiles, settings: Settings) -> Dependencies:
    for candidate in _ORDER:
        found = candidate.read(files, settings)
        if found is not None:
            return found
    found = read_mlflow(files, settings) or _read_package_alone(files)
    if found is None:
        raise nothing_found(files)
    return found


def _read_package_alone(files: ProjectFiles) -> Dependencies | None:
    """The project itself, where it is a package that needs nothing else."""
    if find_project_package(files).tree is None:
        return None
    path = next(name for name in ("pyproject.toml", "setup.py") if name in files)
    reading = RequirementReading(files=files)
    reading.add_file(path)
    kind = InputKind.PYPROJECT if path == "pyproject.toml" else InputKind.SETUP
    return Dependencies(kind=kind, path=path, requirements=reading.result())


def _read_requirements_files(files: ProjectFiles, paths: tuple[str, ...]) -> Dependencies:
    return Dependencies(kind=InputKind.REQUIREMENTS, path=paths[0], requirements=read_requirements(files, paths))


# --- files that are named ---------------------------------------------------------------------------------------------


def _read_named(files: ProjectFiles, settings: Settings) -> Dependencies:
    named = tuple(posixpath.normpath(path) for path in settings.requirements)
    unsupported = tuple(path for path in named if posixpath.basename(path) in UNSUPPORTED)
    if unsupported:
        raise UnsupportedDependencyFile(paths=unsupported)
    special = [path for path in named if _candidate_of(path) is not None]
    if not special:
        return _read_requirements_files(files, settings.requirements)
    if len(named) > 1:
        raise _unusable(settings, special[0], "It says everything by itself, so it cannot be one of several files.")
    found = _read_special(files, settings, named[0])
    if found is None:
        raise _unusable(settings, named[0], "There is no such file, or it declares no dependencies.")
    return found


def _candidate_of(path: str) -> _Candidate | None:
    """The kind of input that a file of that name is; None for requirements files."""
    name = posixpath.basename(path)
    if name.endswith((".yml", ".yaml")):
        return _ORDER[-1]
    if name.startswith("pylock.") and name.endswith(".toml"):
        return _ORDER[0]
    return next((candidate for candidate in _ORDER if name in candidate.names), None)


def _read_special(files: ProjectFiles, settings: Settings, path: str) -> Dependencies | None:
    candidate = _candidate_of(path)
    if candidate is None or path not in files:
        return None
    if candidate.kind is InputKind.CONDA:
        return read_conda_file(files, settings, path)
    if posixpath.dirname(path) and candidate.kind is not InputKind.PYLOCK:
        raise _unusable(settings, path, "Only the one at the top of the project can be used.")
    return candidate.read(files, settings)


def _unusable(settings: Settings, path: str, detail: str) -> InvalidSettings:
    where = settings.origin_of("requirements") or "BP_REQUIREMENTS"
    return InvalidSettings(mistakes=(Mistake(where=where, text=path, detail=detail),))


# --- the files that are not chosen ------------------------------------------------------------------------------------


def _completed(files: ProjectFiles, settings: Settings, chosen: Dependencies) -> Dependencies:
    """The chosen input with the others that are there, the project as a package, and every Python that is named."""
    ignored = tuple(_others(files, settings, chosen))
    notes = [*chosen.notes]
    if ignored:
        reason = _reason(settings, chosen.kind)
        notes.append(f"{chosen.path} decides, and not {', '.join(ignored)}: {reason}")
    if chosen.kind not in (*_PROJECT, *_LOCKS) and (settings.extras or settings.groups):
        notes.append(f"extras and groups are of no effect: {chosen.path} has none")
    project = chosen.project
    if chosen.kind in _PROJECT:
        package = find_project_package(files)
        project, added = package.tree, package.note
        notes += [added] if added is not None else []
    requests = dict.fromkeys((*chosen.python_requests, *find_recorded_pythons(files)))
    return replace(chosen, project=project, python_requests=tuple(requests), ignored=ignored, notes=tuple(notes))


def _reason(settings: Settings, kind: InputKind) -> str:
    if settings.requirements:
        return f"{settings.origin_of('requirements') or 'BP_REQUIREMENTS'} names it"
    if kind in _LOCKS:
        return "locks come first, pylock.toml before uv.lock, poetry.lock, pdm.lock and Pipfile.lock"
    return _WHY_FIRST[kind]


def _others(files: ProjectFiles, settings: Settings, chosen: Dependencies) -> Iterator[str]:
    own = next(candidate for candidate in _ORDER if candidate.kind is chosen.kind)
    read = {file.path for file in chosen.requirements.files} | {chosen.path}
    for candidate in _ORDER:
        if candidate.kind not in own.made_from:
            yield from (path for path in _present(files, settings, candidate) if path not in read)


def _present(files: ProjectFiles, settings: Settings, candidate: _Candidate) -> tuple[str, ...]:
    """The files of that kind that declare something; a file that only configures tools is no input."""
    match candidate.kind:
        case InputKind.REQUIREMENTS:
            path = find_requirements_file(files)
            return (path,) if path is not None else ()
        case InputKind.PYPROJECT:
            return candidate.names if declares_dependencies(files, settings) else ()
        case InputKind.SETUP:
            return _present_setup(files, settings)
        case _:
            return tuple(name for name in candidate.names if name in files)


def _present_setup(files: ProjectFiles, settings: Settings) -> tuple[str, ...]:
    try:
        found = read_setup(files, replace(settings, extras=(), groups=()))
    except BuildpackError:
        return ()
    return (found.path,) if found is not None else ()


def _refuse_contradictions(files: ProjectFiles, chosen: Dependencies) -> None:
    """Nothing, unless another lock, or a requirements file, pins other versions. Raises: ContradictingInputs."""
    if chosen.kind not in _LOCKS:
        return
    for lock in (name for candidate in _ORDER if candidate.kind in _LOCKS for name in candidate.names):
        if lock in files and lock != chosen.path:
            check_against_lock(files, chosen.path, lock)
    path = find_requirements_file(files)
    if path is not None:
        check_against_requirements(files, chosen.path, path)

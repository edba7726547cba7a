"""A `poetry.lock` as exact requirement lines: its main group, and the groups and extras asked for.

Called by the choice between inputs. Source: Poetry 1.2, 1.8 and 2.5, observed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.indexes import PUBLIC_INDEX, Index, check_address, option_lines
from ml_buildpack.facts.locks.lock_tables import (
    LockTable,
    header_lines,
    line_with,
    out_of_date,
    raise_mistakes,
    read_project,
    read_toml_lock,
)
from ml_buildpack.facts.locks.marker_clauses import NEVER, Clauses
from ml_buildpack.facts.locks.pins import (
    Pin,
    Pins,
    read_archive_address,
    read_hashes,
    read_name,
    read_repository,
    read_version,
)
from ml_buildpack.facts.locks.poetry_conditions import derived_conditions, own_condition
from ml_buildpack.facts.locks.poetry_project import (
    MAIN_GROUP,
    content_hashes,
    declared_groups,
    declared_names,
    project_needs,
)
from ml_buildpack.facts.locks.python_bounds import poetry_python_request
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.project_package import find_project_package
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.requirements_text import OptionLine
from ml_buildpack.facts.settings import Settings

LOCK = "poetry.lock"
PYPROJECT = "pyproject.toml"
COMMAND = "poetry lock"
# Since this one, packages carry their groups and markers.
_SAYS_WHEN = Version("2.1")
_OLDEST = Version("1.0")
_NEWEST_KNOWN = Version("2.1")
_UNREADABLE = Version("3")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lines:
    """Where the two files say which Python they are for."""

    python: int | None
    project: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """A lock and its project, and what is asked of them. `says_when`: its packages carry their own conditions."""

    lock: LockTable
    pyproject: LockTable
    packages: tuple[LockTable, ...]
    lines: _Lines
    says_when: bool
    extras: frozenset[str]
    groups: frozenset[str]
    notes: tuple[str, ...]


def read_poetry_lock(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """None: there is no `poetry.lock`. Raises: LockMalformed, LockOutOfDate, InvalidSettings."""
    if LOCK not in files:
        return None
    read = _read(files, settings)
    reading = RequirementReading(files=files, mistakes=read.lock.mistakes)
    reading.add_file(LOCK)
    reading.add_file(PYPROJECT)
    pins = Pins(path=LOCK)
    indexes: dict[NormalizedName, Index] = {}
    for package, condition in zip(read.packages, _conditions(read), strict=True):
        if condition != NEVER:
            _add_package(read, package, condition, pins, indexes)
    reading.add_lines(pins.lines())
    reading.options.extend(_index_options(read, indexes))
    requests = _python_requests(read)
    raise_mistakes(read.lock, COMMAND)
    own = find_project_package(files)
    return Dependencies(
        kind=InputKind.POETRY_LOCK,
        path=LOCK,
        requirements=reading.result(),
        exact=True,
        index_of={name: index.identity for name, index in indexes.items() if index.identity is not None},
        project=own.tree,
        python_requests=requests,
        notes=(*read.notes, *pins.notes, *([own.note] if own.note else [])),
    )


def _read(files: ProjectFiles, settings: Settings) -> _Reading:
    lock, text = read_toml_lock(files, LOCK, COMMAND)
    version = _lock_version(lock)
    packages = lock.tables("package", header_lines(text, "package"))
    pyproject, project_text = read_project(files, PYPROJECT, lock, COMMAND)
    raise_mistakes(lock, COMMAND)
    _check_fresh(lock, text, pyproject, project_text, packages)
    extras, groups = select_names(
        settings,
        extras=lock.table("extras").content,
        groups=(MAIN_GROUP, *declared_groups(pyproject.content)),
        where=LOCK,
    )
    newer = (f"{LOCK} has version {version}, which is newer than this buildpack knows",)
    return _Reading(
        lock=lock,
        pyproject=pyproject,
        packages=packages,
        lines=_Lines(
            python=line_with(text, "python-versions", below=r"\[metadata\]"),
            project=line_with(project_text, r"python\s*=", below=r"\[tool\.poetry\.dependencies\]"),
        ),
        says_when=version >= _SAYS_WHEN,
        extras=extras,
        groups=groups | {MAIN_GROUP},
        notes=newer if version > _NEWEST_KNOWN else (),
    )


def _lock_version(lock: LockTable) -> Version:
    """The version of the format; a mistake where it is not one that is known."""
    written = lock.table("metadata").text("lock-version")
    try:
        version = Version(written or "0")
    except InvalidVersion:
        version = Version("0")
    if not _OLDEST <= version < _UNREADABLE:
        found = f'"{written}"' if written else "missing"
        lock.refuse(f"Its lock-version is {found}; known are 1.0 to {_NEWEST_KNOWN}.")
    return version


def _check_fresh(
    lock: LockTable, text: str, pyproject: LockTable, project_text: str, packages: tuple[LockTable, ...]
) -> None:
    """Nothing, where the lock was made from this project as it is. Raises: LockOutOfDate."""
    known = content_hashes(pyproject.content)
    written = lock.table("metadata").text("content-hash")
    if written in known:
        return
    locked = {canonicalize_name(package.text("name") or "") for package in packages}
    hashed = Mistake(
        where=LOCK,
        line=line_with(text, "content-hash"),
        text=f'content-hash = "{written}"' if written else "",
        detail=f"The dependencies in {PYPROJECT} have the hash {known[0]} now.",
    )
    declared = declared_names(pyproject.content)
    raise out_of_date(hashed, declared=declared, locked=locked, project=(PYPROJECT, project_text), command=COMMAND)


def _conditions(read: _Reading) -> tuple[Clauses, ...]:
    if read.says_when:
        return tuple(own_condition(package, read.groups, read.extras) for package in read.packages)
    needs = project_needs(read.pyproject, sorted(read.groups - {MAIN_GROUP}), read.extras)
    return derived_conditions(read.lock, read.packages, needs)


def _add_package(
    read: _Reading, package: LockTable, condition: Clauses, pins: Pins, indexes: dict[NormalizedName, Index]
) -> None:
    source = package.table("source")
    name = read_name(package, package.required_text("name"))
    version = read_version(package, package.required_text("version"))
    pin = Pin(name=name, line=package.line, clauses=condition, hashes=_hashes(read, package))
    url = source.text("url") or ""
    match source.text("type"):
        case None | "legacy":
            if url and check_address(package, url):
                indexes[name] = Index(name=source.text("reference") or "", url=url, path=LOCK, line=package.line)
            pin = replace(pin, version=version)
        case "git":
            commit, directory = source.text("resolved_reference"), source.text("subdirectory")
            pin = replace(pin, url=read_repository(package, url, commit, directory), hashes=())
        case "url":
            pin = replace(pin, url=read_archive_address(package, url, source.text("subdirectory")))
        case "file":
            pin = replace(pin, local_path=url)
        case "directory":
            pin = replace(pin, local_path=url, editable=package.flag("develop"), hashes=())
        case other:
            package.refuse(f'It comes from "{other}", which is none of the sources that Poetry has.')
    pins.add(package, pin)


def _hashes(read: _Reading, package: LockTable) -> tuple[str, ...]:
    files = package.tables("files")
    if "files" not in package.content:
        # Before lock version 2.0 they stand together at the end, by name, for all releases of a package.
        files = read.lock.table("metadata").table("files").tables(package.text("name") or "")
    return read_hashes(package, (file.required_text("hash") for file in files))


def _index_options(read: _Reading, indexes: dict[NormalizedName, Index]) -> tuple[OptionLine, ...]:
    sources = read.pyproject.table("tool").table("poetry").tables("source")
    order = [source.text("url") for source in sources]
    used = {index.url: index for index in indexes.values()}
    ordered = sorted(used.values(), key=lambda index: order.index(index.url) if index.url in order else len(order))
    # Where nothing comes from the public index, it is not asked for anything else either.
    is_public = any("source" not in package.content for package in read.packages)
    return option_lines([PUBLIC_INDEX, *ordered] if is_public else ordered)


def _python_requests(read: _Reading) -> tuple[PythonRequest, ...]:
    dependencies = read.pyproject.table("tool").table("poetry").table("dependencies")
    own = dependencies.content.get("python")
    return (
        *(poetry_python_request(dependencies, "python", read.lines.project) if isinstance(own, str) else ()),
        *poetry_python_request(read.lock.table("metadata"), "python-versions", read.lines.python),
    )

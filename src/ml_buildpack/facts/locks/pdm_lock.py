"""A `pdm.lock` as exact requirement lines: the default group, and the groups and extras asked for.

With the strategy `inherit_metadata`, the default since PDM 2.11, every package says which groups it belongs to and when
it is installed; without it, the dependencies are followed from those of `pyproject.toml`. Source: PDM 2.4 to 2.29,
observed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.closure import PLAIN, LockedNode, find_conditions
from ml_buildpack.facts.locks.indexes import option_lines
from ml_buildpack.facts.locks.lock_tables import (
    LockTable,
    header_lines,
    line_with,
    out_of_date,
    raise_mistakes,
    read_project,
    read_toml_lock,
)
from ml_buildpack.facts.locks.marker_clauses import ALWAYS, NEVER, Clauses, UnusableMarkerError, read_clauses
from ml_buildpack.facts.locks.pdm_project import (
    DEFAULT_GROUP,
    content_hashes,
    declared_extras,
    declared_groups,
    declared_requirements,
    extras_key,
    index_of,
    read_indexes,
    read_needs,
)
from ml_buildpack.facts.locks.pins import (
    Pin,
    Pins,
    read_archive_address,
    read_hashes,
    read_name,
    read_repository,
    read_version,
    refuse_other_version_control,
)
from ml_buildpack.facts.locks.python_bounds import python_request
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.project_package import ProjectPackage, find_project_package
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings

LOCK = "pdm.lock"
PYPROJECT = "pyproject.toml"
COMMAND = "pdm lock"
_OLDEST = Version("4.0")
# PDM's own rule: another major or a newer minor cannot be read, a newer micro can.
_UNREADABLE = Version("4.6")
_NOT_COMPARED = f"whether {LOCK} matches {PYPROJECT} was not checked: only PDM can compare {{what}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reading:
    """A lock and its project, and which groups of them are asked for, extras among them."""

    lock: LockTable
    pyproject: LockTable
    project_text: str
    packages: tuple[LockTable, ...]
    groups: frozenset[str]
    python_line: int | None
    notes: tuple[str, ...]


def read_pdm_lock(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """None: there is no `pdm.lock`. Raises: LockMalformed, LockOutOfDate, InvalidSettings."""
    if LOCK not in files:
        return None
    read = _read(files, settings)
    reading = RequirementReading(files=files, mistakes=read.lock.mistakes)
    reading.add_file(LOCK)
    reading.add_file(PYPROJECT)
    pins = Pins(path=LOCK)
    for package, condition in zip(read.packages, _conditions(read), strict=True):
        if condition != NEVER:
            _add_package(package, condition, pins)
    reading.add_lines(pins.lines())
    indexes = read_indexes(read.pyproject, read.project_text)
    reading.options.extend(option_lines(indexes))
    requests = _python_requests(read)
    raise_mistakes(read.lock, COMMAND)
    own = _find_project(files, read.pyproject)
    return Dependencies(
        kind=InputKind.PDM_LOCK,
        path=LOCK,
        requirements=reading.result(),
        exact=True,
        index_of=index_of(indexes, [pin.name for pin in pins.found.values() if pin.version is not None]),
        project=own.tree,
        python_requests=requests,
        notes=(*read.notes, *pins.notes, *([own.note] if own.note else [])),
    )


def _read(files: ProjectFiles, settings: Settings) -> _Reading:
    lock, text = read_toml_lock(files, LOCK, COMMAND)
    _check_version(lock)
    packages = lock.tables("package", header_lines(text, "package"))
    pyproject, project_text = read_project(files, PYPROJECT, lock, COMMAND)
    raise_mistakes(lock, COMMAND)
    notes = _check_fresh(lock, text, pyproject, project_text, packages)
    known = {canonicalize_name(group) for group in lock.table("metadata").texts("groups")}
    # A group that the project has and the lock has not is not locked, so it cannot be asked for.
    extras, groups = select_names(
        settings,
        extras=(name for name in declared_extras(pyproject.content) if not known or canonicalize_name(name) in known),
        groups=(name for name in declared_groups(pyproject.content) if not known or name in known),
        where=LOCK,
    )
    raise_mistakes(lock, COMMAND)
    return _Reading(
        lock=lock,
        pyproject=pyproject,
        project_text=project_text,
        packages=_without_excluded(packages, pyproject),
        groups=extras | groups | {DEFAULT_GROUP},
        python_line=line_with(text, "requires_python", below=r"\[\[metadata\.targets"),
        notes=notes,
    )


def _check_version(lock: LockTable) -> None:
    written = lock.table("metadata").text("lock_version")
    try:
        version = Version(written or "0")
    except InvalidVersion:
        version = Version("0")
    if not _OLDEST <= version < _UNREADABLE:
        found = f'"{written}"' if written else "missing"
        lock.refuse(f"Its lock_version is {found}; known are 4.0 to 4.5.")


def _without_excluded(packages: tuple[LockTable, ...], pyproject: LockTable) -> tuple[LockTable, ...]:
    excluded = {canonicalize_name(name) for name in _resolution(pyproject).texts("excludes")}
    return tuple(package for package in packages if canonicalize_name(package.text("name") or "") not in excluded)


def _resolution(pyproject: LockTable) -> LockTable:
    return pyproject.table("tool").table("pdm").table("resolution")


def _check_fresh(
    lock: LockTable, text: str, pyproject: LockTable, project_text: str, packages: tuple[LockTable, ...]
) -> tuple[str, ...]:
    """Notes on what could not be compared. Raises: LockOutOfDate."""
    metadata = lock.table("metadata")
    if "lock_inputs" in metadata.content:
        return (_NOT_COMPARED.format(what="`lock_inputs`"),)
    if pyproject.table("tool").table("pdm").table("workspace").texts("members"):
        return (_NOT_COMPARED.format(what="a workspace"),)
    written = metadata.text("content_hash") or ""
    algorithm, _, digest = written.partition(":")
    known = _content_hashes(pyproject, algorithm)
    if digest in known:
        return ()
    locked = {canonicalize_name(package.text("name") or "") for package in packages}
    groups = metadata.texts("groups") or (DEFAULT_GROUP,)
    needs = read_needs(pyproject, declared_requirements(pyproject.content, groups))
    hashed = Mistake(
        where=LOCK,
        line=line_with(text, "content_hash"),
        text=f'content_hash = "{written}"' if written else "",
        detail=f"The dependencies in {PYPROJECT} have the hash {known[0]} now.",
    )
    declared = tuple(need.name for need in needs)
    raise out_of_date(hashed, declared=declared, locked=locked, project=(PYPROJECT, project_text), command=COMMAND)


def _content_hashes(pyproject: LockTable, algorithm: str) -> tuple[str, ...]:
    try:
        return content_hashes(pyproject.content, algorithm)
    except ValueError:
        return content_hashes(pyproject.content, "sha256")


# --- when a package is installed -------------------------------------------------------------------------------------


def _conditions(read: _Reading) -> tuple[Clauses, ...]:
    if "inherit_metadata" in read.lock.table("metadata").texts("strategy"):
        return tuple(_own_condition(package, read.groups) for package in read.packages)
    needs = read_needs(read.pyproject, declared_requirements(read.pyproject.content, sorted(read.groups)))
    nodes = tuple(_node(package) for package in read.packages)
    try:
        return find_conditions(needs, nodes)
    except UnusableMarkerError as error:
        read.lock.refuse(str(error))
        return (NEVER,) * len(nodes)


def _own_condition(package: LockTable, groups: frozenset[str]) -> Clauses:
    own = {canonicalize_name(group) for group in package.texts("groups")}
    if own and not own & groups:
        return NEVER
    marker = package.text("marker")
    try:
        return read_clauses(marker) if marker else ALWAYS
    except UnusableMarkerError as error:
        package.refuse(str(error), text=marker or "")
        return ALWAYS


def _node(package: LockTable) -> LockedNode:
    needs = read_needs(package, package.texts("dependencies"))
    key = next(iter(extras_key(package.texts("extras"))), PLAIN)
    name = read_name(package, package.required_text("name"))
    # The entry of a package with extras lists the package itself among what it needs.
    return LockedNode(name=name, version=package.text("version") or "", needs={key: needs})


# --- what is installed -----------------------------------------------------------------------------------------------


def _add_package(package: LockTable, condition: Clauses, pins: Pins) -> None:
    refuse_other_version_control(package)
    name = read_name(package, package.required_text("name"))
    hashes = read_hashes(package, (file.required_text("hash") for file in package.tables("files")))
    pin = Pin(name=name, line=package.line, clauses=condition, hashes=hashes)
    editable = package.flag("editable")
    directory = package.text("subdirectory")
    if "git" in package.content:
        url = read_repository(package, package.required_text("git"), package.text("revision"), directory)
        pin = replace(pin, url=url, hashes=())
    elif "url" in package.content:
        pin = replace(pin, url=read_archive_address(package, package.required_text("url"), directory))
    elif "path" in package.content:
        pin = replace(pin, local_path=package.required_text("path"), editable=editable)
    else:
        pin = replace(pin, version=read_version(package, package.required_text("version")))
    pins.add(package, pin)


def _find_project(files: ProjectFiles, pyproject: LockTable) -> ProjectPackage:
    settings = pyproject.table("tool").table("pdm").content
    is_application = settings.get("distribution") is False or settings.get("package-type") == "application"
    return ProjectPackage() if is_application else find_project_package(files)


def _python_requests(read: _Reading) -> tuple[PythonRequest, ...]:
    targets = read.lock.table("metadata").tables("targets")
    # Several targets are alternatives, and the project's own requires-python covers them all.
    if len(targets) != 1:
        return ()
    return python_request(targets[0], "requires_python", read.python_line)

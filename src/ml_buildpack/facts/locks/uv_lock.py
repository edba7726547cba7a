"""A `uv.lock`: what is taken of it. uv itself exports it later, and says itself where it is out of date.

Called by the choice between inputs. Source: uv 0.13, observed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.errors import SeveralWorkspaceMembers
from ml_buildpack.facts.dependencies import Dependencies, InputKind, UvSelection
from ml_buildpack.facts.local_trees import UnusablePathError, find_local, read_local_tree
from ml_buildpack.facts.locks.lock_tables import (
    LockTable,
    header_lines,
    line_with,
    raise_mistakes,
    read_project,
    read_toml_lock,
)
from ml_buildpack.facts.locks.python_bounds import python_request
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.requirement_reading import RequirementReading, Requirements
from ml_buildpack.facts.settings import Settings

LOCK = "uv.lock"
PYPROJECT = "pyproject.toml"
COMMAND = "uv lock"
# uv's own rule: revisions of a version stay readable for each other.
_KNOWN_VERSION = 1
# uv's words for packages that lie in the project, and whether their modules are imported from there.
_LOCAL_KINDS = {"editable": True, "virtual": True, "directory": False, "path": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a package lies that is not fetched, and uv's word for how it is used."""

    name: NormalizedName
    path: str
    kind: str


def read_uv_lock(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """None: there is no `uv.lock`. Raises: LockMalformed, SeveralWorkspaceMembers, InvalidSettings."""
    if LOCK not in files:
        return None
    lock, text = read_toml_lock(files, LOCK, COMMAND)
    _check_version(lock)
    root, _ = read_project(files, PYPROJECT, lock, COMMAND)
    places = _read_places(files, lock.tables("package", header_lines(text, "package")))
    requests = python_request(lock, "requires-python", line_with(text, "requires-python"))
    raise_mistakes(lock, COMMAND)
    member = None if "project" in root.content else _only_member(lock)
    own = next((place for place in places if (place.path if member is None else place.name) == (member or ".")), None)
    project = root if member is None or own is None else _read_member(files, lock, own.path)
    extras, groups = select_names(
        settings,
        extras=_keys(project.content, "project", "optional-dependencies"),
        groups=_declared_groups(project.content),
        where=project.path,
    )
    return Dependencies(
        kind=InputKind.UV_LOCK,
        path=LOCK,
        requirements=_remember(files, places, own),
        uv=UvSelection(extras=tuple(sorted(extras)), groups=tuple(sorted(groups)), package=member),
        # What uv would install has this word in the lock; an application that is run from its directory is virtual.
        project=read_local_tree(files.root, own.path, editable=True) if own and own.kind == "editable" else None,
        python_requests=requests,
    )


def _check_version(lock: LockTable) -> None:
    version = lock.content.get("version")
    if version != _KNOWN_VERSION:
        found = "missing" if version is None else f'"{version}"'
        lock.refuse(f"Its version is {found}; known is {_KNOWN_VERSION}.")


def _read_places(files: ProjectFiles, packages: tuple[LockTable, ...]) -> tuple[_Place, ...]:
    places: list[_Place] = []
    for package in packages:
        source = package.table("source")
        for kind in sorted(_LOCAL_KINDS.keys() & source.content.keys()):
            try:
                path = find_local(files.root, source.required_text(kind), ("",))
            except UnusablePathError as error:
                package.refuse(str(error))
                continue
            places.append(_Place(name=canonicalize_name(package.text("name") or ""), path=path, kind=kind))
    return tuple(places)


def _remember(files: ProjectFiles, places: tuple[_Place, ...], own: _Place | None) -> Requirements:
    """What decides the export: the lock, every project of the workspace, and the trees that are installed."""
    reading = RequirementReading(files=files)
    for path in (LOCK, PYPROJECT, *(posixpath.normpath(f"{place.path}/{PYPROJECT}") for place in places)):
        if path in files:
            reading.add_file(path)
    for place in places:
        if place != own and place.kind != "virtual":
            editable = _LOCAL_KINDS[place.kind]
            reading.trees[place.path, editable] = read_local_tree(files.root, place.path, editable=editable)
    return reading.result()


def _only_member(lock: LockTable) -> NormalizedName | None:
    """The one member of a workspace whose root is no project; None where the root has groups of its own only.

    Raises: SeveralWorkspaceMembers, LockMalformed.
    """
    manifest = lock.table("manifest")
    members = manifest.texts("members")
    if not members and "dependency-groups" in manifest.content:
        return None
    if not members:
        lock.refuse(f"{PYPROJECT} has no [project], and the lock has no member that could be installed.")
    raise_mistakes(lock, COMMAND)
    if len(members) > 1:
        raise SeveralWorkspaceMembers(lock=LOCK, members=members)
    return canonicalize_name(members[0])


def _read_member(files: ProjectFiles, lock: LockTable, directory: str) -> LockTable:
    return read_project(files, posixpath.join(directory, PYPROJECT), lock, COMMAND)[0]


def _declared_groups(document: Mapping[str, object]) -> tuple[str, ...]:
    # Before groups had a standard, uv had one of its own.
    legacy = ("dev",) if isinstance(_at(document, "tool", "uv", "dev-dependencies"), list) else ()
    return tuple(dict.fromkeys((*_keys(document, "dependency-groups"), *legacy)))


def _keys(document: Mapping[str, object], *keys: str) -> tuple[str, ...]:
    found = _at(document, *keys)
    return tuple(found) if isinstance(found, Mapping) else ()


def _at(document: Mapping[str, object], *keys: str) -> object:
    found: object = document
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found

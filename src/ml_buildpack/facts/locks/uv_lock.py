"""A `uv.lock`: what is taken of it. uv itself exports it later, and says itself where it is out of date.

Called by the choice between inputs. Source: uv 0.13, observed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

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
from ml_buildpack.facts.locks.project_package import find_uv_package
from ml_buildpack.facts.locks.python_bounds import python_request
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings

LOCK = "uv.lock"
PYPROJECT = "pyproject.toml"
COMMAND = "uv lock"
# uv's own rule: revisions of a version stay readable for each other.
_KNOWN_VERSION = 1
# uv's words for packages that lie in the project, and whether their modules are imported from there.
_LOCAL_KINDS = {"editable": True, "virtual": True, "directory": False, "path": False}


def read_uv_lock(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """None: there is no `uv.lock`. Raises: LockMalformed, SeveralWorkspaceMembers, InvalidSettings."""
    if LOCK not in files:
        return None
    lock, text = read_toml_lock(files, LOCK, COMMAND)
    _check_version(lock)
    root, _ = read_project(files, PYPROJECT, lock, COMMAND)
    raise_mistakes(lock, COMMAND)
    reading = RequirementReading(files=files, mistakes=lock.mistakes)
    reading.add_file(LOCK)
    reading.add_file(PYPROJECT)
    places = _read_places(reading, lock.tables("package", header_lines(text, "package")))
    requests = python_request(lock, "requires-python", line_with(text, "requires-python"))
    raise_mistakes(lock, COMMAND)
    member = None if "project" in root.content else _only_member(lock)
    directory = "." if member is None else places.get(member, ".")
    project = root if member is None else _read_member(files, lock, directory)
    extras, groups = select_names(
        settings,
        extras=_keys(project.content, "project", "optional-dependencies"),
        groups=_declared_groups(project.content),
        where=project.path,
    )
    return Dependencies(
        kind=InputKind.UV_LOCK,
        path=LOCK,
        requirements=reading.result(),
        uv=UvSelection(extras=tuple(sorted(extras)), groups=tuple(sorted(groups)), package=member),
        project=find_uv_package(files, project.content, directory),
        python_requests=requests,
    )


def _check_version(lock: LockTable) -> None:
    version = lock.content.get("version")
    if version != _KNOWN_VERSION:
        found = "missing" if version is None else f'"{version}"'
        lock.refuse(f"Its version is {found}; known is {_KNOWN_VERSION}.")


def _read_places(reading: RequirementReading, packages: tuple[LockTable, ...]) -> dict[NormalizedName, str]:
    """Where the packages lie that come from the project itself, by name; they are remembered as trees and files."""
    root, places = reading.files.root, dict[NormalizedName, str]()
    for package in packages:
        source = package.table("source")
        for kind in _LOCAL_KINDS.keys() & source.content.keys():
            try:
                path = find_local(root, source.required_text(kind), ("",))
            except UnusablePathError as error:
                package.refuse(str(error))
                continue
            places[canonicalize_name(package.text("name") or "")] = path
            _remember(reading, path, kind)
    return places


def _remember(reading: RequirementReading, path: str, kind: str) -> None:
    own = posixpath.normpath(posixpath.join(path, PYPROJECT))
    if own in reading.files:
        reading.add_file(own)
    # The project itself is known by its own field, and what is virtual is not installed.
    if path != "." and kind != "virtual":
        editable = _LOCAL_KINDS[kind]
        reading.trees[path, editable] = read_local_tree(reading.files.root, path, editable=editable)


def _only_member(lock: LockTable) -> NormalizedName:
    """The one member of a workspace whose root is no project. Raises: SeveralWorkspaceMembers, LockMalformed."""
    members = lock.table("manifest").texts("members")
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

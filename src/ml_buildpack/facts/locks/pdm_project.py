"""What `pyproject.toml` says to PDM: the dependencies that a lock of its was made from, their digest, its indexes.

Pure: it is given the document. Called by `pdm_lock`. Source: PDM 2.4 to 2.29, observed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.facts.locks.closure import Need
from ml_buildpack.facts.locks.indexes import PUBLIC_INDEX, Index, check_address
from ml_buildpack.facts.locks.lock_tables import LockTable, header_lines
from ml_buildpack.facts.locks.marker_clauses import ALWAYS, UnusableMarkerError, read_clauses

DEFAULT_GROUP = "default"


def content_hashes(document: Mapping[str, object], algorithm: str) -> tuple[str, ...]:
    """The digests that a lock of this project may carry: of PDM now, before 2.20, and before 2.16.

    Raises: ValueError for an algorithm that there is not.
    """
    settings, project = _table(document, "tool", "pdm"), _table(document, "project")
    resolution = settings.get("resolution", {})
    overrides = resolution.get("overrides", {}) if isinstance(resolution, Mapping) else {}
    content: dict[str, object] = {
        "sources": settings.get("source", []),
        "dependencies": project.get("dependencies", []),
        "optional-dependencies": project.get("optional-dependencies", {}),
        "requires-python": project.get("requires-python", ""),
    }
    old_groups = {"dev-dependencies": settings.get("dev-dependencies", {})}
    candidates: tuple[dict[str, object], ...] = (
        content | {"dev-dependencies": _dev_groups(document), "resolution": resolution},
        content | old_groups | {"resolution": resolution},
        content | old_groups | {"overrides": overrides},
    )
    return tuple(dict.fromkeys(_digest(candidate, algorithm) for candidate in candidates))


def _digest(content: Mapping[str, object], algorithm: str) -> str:
    return hashlib.new(algorithm, json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _dev_groups(document: Mapping[str, object]) -> dict[str, list[object]]:
    groups: dict[str, list[object]] = {}
    for table in (_table(document, "dependency-groups"), _table(document, "tool", "pdm", "dev-dependencies")):
        for name, entries in table.items():
            groups.setdefault(canonicalize_name(name), []).extend(entries if isinstance(entries, list) else [entries])
    return groups


def declared_extras(document: Mapping[str, object]) -> tuple[str, ...]:
    """The names of the optional dependencies, as they are written."""
    return tuple(_table(document, "project", "optional-dependencies"))


def declared_groups(document: Mapping[str, object]) -> tuple[str, ...]:
    """The names of the groups for development."""
    return tuple(_dev_groups(document))


def declared_requirements(document: Mapping[str, object], groups: Iterable[str]) -> tuple[str, ...]:
    """The dependencies of those groups, extras among them, as they are written; groups in groups are followed."""
    project = _table(document, "project")
    by_group: dict[str, object] = {DEFAULT_GROUP: project.get("dependencies", []), **_dev_groups(document)}
    for name, entries in _table(project, "optional-dependencies").items():
        by_group[canonicalize_name(name)] = entries
    found: list[str] = []
    waiting, seen = [canonicalize_name(group) for group in groups], set[str]()
    while waiting:
        group = waiting.pop(0)
        entries = by_group.get(group)
        for entry in entries if isinstance(entries, list) and group not in seen else []:
            if isinstance(entry, str):
                found.append(entry)
            elif isinstance(entry, dict) and isinstance(entry.get("include-group"), str):
                waiting.append(canonicalize_name(entry["include-group"]))
        seen.add(group)
    return tuple(found)


def read_needs(table: LockTable, requirements: Iterable[str]) -> tuple[Need, ...]:
    """Those requirements as needs; paths and bare addresses, which name no package, are left out."""
    needs: list[Need] = []
    for text in requirements:
        requirement = _requirement_or_none(text)
        if requirement is not None:
            needs.append(_need(table, requirement))
    return tuple(needs)


def _requirement_or_none(text: str) -> Requirement | None:
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _need(table: LockTable, requirement: Requirement) -> Need:
    clauses = ALWAYS
    try:
        clauses = read_clauses(str(requirement.marker)) if requirement.marker is not None else ALWAYS
    except UnusableMarkerError as error:
        table.refuse(str(error), text=str(requirement))
    return Need(
        name=canonicalize_name(requirement.name),
        extras=extras_key(requirement.extras),
        clauses=clauses,
        ranges=(requirement.specifier,),
    )


def extras_key(extras: Iterable[str]) -> frozenset[str]:
    """PDM locks a package with several extras as one entry of its own: so they are one key."""
    names = sorted({canonicalize_name(extra) for extra in extras})
    return frozenset({",".join(names)}) if names else frozenset()


def read_indexes(pyproject: LockTable, text: str) -> tuple[Index, ...]:
    """The indexes of the project, the public one first where it is not replaced; `text` is that of the file."""
    indexes: list[Index] = []
    for source in pyproject.table("tool").table("pdm").tables("source", header_lines(text, "tool.pdm.source")):
        url = source.required_text("url")
        if url and check_address(source, url):
            indexes.append(_index(source, url))
    replaces = any(index.name == "pypi" for index in indexes)
    # The one that takes the name of the public index takes its place.
    ordered = sorted(indexes, key=lambda index: index.name != "pypi")
    return tuple(ordered) if replaces else (PUBLIC_INDEX, *ordered)


def _index(source: LockTable, url: str) -> Index:
    return Index(
        name=source.text("name") or "",
        url=url,
        path=source.path,
        line=source.line,
        trusted=source.content.get("verify_ssl") is False,
        is_page=source.text("type") == "find_links",
        packages=source.texts("include_packages"),
    )


def index_of(indexes: Iterable[Index], names: Iterable[NormalizedName]) -> dict[NormalizedName, str]:
    """The index of each package that one of them claims for itself."""
    chosen: dict[NormalizedName, str] = {}
    for name in names:
        claims = (index for index in indexes if any(fnmatchcase(name, pattern) for pattern in index.packages))
        identity = next((index.identity for index in claims), None)
        if identity is not None:
            chosen[name] = identity
    return chosen


def _table(document: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    found: object = document
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}

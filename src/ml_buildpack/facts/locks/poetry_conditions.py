"""When each package of a `poetry.lock` is installed.

From lock version 2.1 on every package says so itself; before, the dependencies are followed from those of the project.
Called by `poetry_lock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from packaging.utils import canonicalize_name

from ml_buildpack.facts.locks.closure import PLAIN, LockedNode, Need, find_conditions
from ml_buildpack.facts.locks.lock_tables import LockTable
from ml_buildpack.facts.locks.marker_clauses import (
    ALWAYS,
    NEVER,
    Clauses,
    UnusableMarkerError,
    either,
    read_clauses,
    with_extras,
)
from ml_buildpack.facts.locks.pins import read_name
from ml_buildpack.facts.locks.poetry_project import PoetryNeed, read_needs, source_name

# As an extra lists what it adds: `asgiref (>=3.2)`, and in newer locks `asgiref>=3.2`.
_EXTRA_ENTRY = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[(?P<extras>[^\]]*)\])?")


def own_condition(package: LockTable, groups: frozenset[str], extras: frozenset[str]) -> Clauses:
    """When a package is installed that says it itself; NEVER where it belongs to none of the groups."""
    markers = package.content.get("markers")
    by_group = package.table("markers") if isinstance(markers, dict) else None
    conditions: list[Clauses] = []
    for group in package.texts("groups"):
        if canonicalize_name(group) in groups:
            marker = package.text("markers") if by_group is None else by_group.text(group)
            conditions.append(_read_marker(package, marker, extras))
    return either(*conditions)


def derived_conditions(lock: LockTable, packages: tuple[LockTable, ...], needs: Iterable[Need]) -> tuple[Clauses, ...]:
    """When each of the packages is installed, if those are the needs of the project."""
    nodes = tuple(_node(package) for package in packages)
    try:
        return find_conditions(needs, nodes)
    except UnusableMarkerError as error:
        lock.refuse(str(error))
        return (NEVER,) * len(nodes)


def _read_marker(package: LockTable, marker: str | None, extras: frozenset[str]) -> Clauses:
    try:
        return with_extras(read_clauses(marker), extras) if marker else ALWAYS
    except UnusableMarkerError as error:
        package.refuse(str(error), text=marker or "")
        return ALWAYS


def _node(package: LockTable) -> LockedNode:
    entries = read_needs(package.table("dependencies"))
    needs = {PLAIN: tuple(_for_extras(entry.need, frozenset()) for entry in entries if not entry.optional)}
    for extra in package.table("extras").content:
        needs[canonicalize_name(extra)] = _extra_needs(package, extra, entries)
    name = read_name(package, package.required_text("name"))
    source = package.table("source")
    named = {source_name(source.text("url") or ""), source.text("reference") or ""}
    return LockedNode(name=name, version=package.required_text("version"), needs=needs, sources=frozenset(named))


def _extra_needs(package: LockTable, extra: str, entries: tuple[PoetryNeed, ...]) -> tuple[Need, ...]:
    active = frozenset({canonicalize_name(extra)})
    needs: list[Need] = []
    for text in package.table("extras").texts(extra):
        found = _EXTRA_ENTRY.match(text)
        name = canonicalize_name(found["name"]) if found is not None else ""
        if found is not None and name == canonicalize_name(package.text("name") or ""):
            # An extra that is made of others: `all = ["package[first,second]"]`.
            extras = frozenset(canonicalize_name(part.strip()) for part in (found["extras"] or "").split(",") if part)
            needs.append(Need(name=canonicalize_name(name), extras=extras))
        needs.extend(_for_extras(entry.need, active) for entry in entries if entry.optional and entry.need.name == name)
    return tuple(needs)


def _for_extras(need: Need, active: frozenset[str]) -> Need:
    return replace(need, clauses=with_extras(need.clauses, active))

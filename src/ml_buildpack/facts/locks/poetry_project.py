"""What `pyproject.toml` says to Poetry: the dependencies that a lock of its was made from, and their digest.

Pure: it is given the document. Called by `poetry_lock`. Source: Poetry 1.2 to 2.5, observed: what `poetry check --lock`
accepts.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.facts.locks.closure import Need
from ml_buildpack.facts.locks.lock_tables import LockTable
from ml_buildpack.facts.locks.marker_clauses import (
    ALWAYS,
    Clauses,
    UnusableMarkerError,
    both,
    read_clauses,
)
from ml_buildpack.facts.poetry_constraints import (
    UnusableConstraintError,
    translate_constraint,
    translate_platform_marker,
    translate_python_marker,
)

MAIN_GROUP = "main"
# Poetry before 1.2 had one group beside the main one, and called it so on its command line.
DEV_GROUP = "dev"
_LEGACY_KEYS = ("dependencies", "source", "extras", "dev-dependencies")
_PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")
_ALTERNATIVES = re.compile(r"\s*\|\|?\s*")
_LEADING_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_ANY_RELEASE: tuple[SpecifierSet, ...] = (SpecifierSet(),)
_DIRECT = frozenset({"git", "url", "path", "file"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PoetryNeed:
    """An entry of a table of dependencies. `optional`: only an extra of whoever has the table asks for it."""

    need: Need
    optional: bool


def content_hashes(document: Mapping[str, object]) -> tuple[str, ...]:
    """The digests that a lock of this project may carry: of Poetry now, before 2.3, before 2.0, and before 1.2."""
    project = {key: value for key, value in _table(document, "project").items() if key in _PROJECT_KEYS}
    groups = _table(document, "dependency-groups")
    poetry = _table(document, "tool", "poetry")
    legacy = {key: poetry.get(key) for key in _LEGACY_KEYS}
    with_groups = legacy | ({"group": poetry["group"]} if "group" in poetry else {})
    candidates = (_newest(project, groups, poetry, with_groups), _newest(project, {}, poetry, with_groups))
    return tuple(dict.fromkeys(_digest(content) for content in (*candidates, with_groups, legacy)))


def _newest(
    project: Mapping[str, object],
    groups: Mapping[str, object],
    poetry: Mapping[str, object],
    without_project: Mapping[str, object],
) -> Mapping[str, object]:
    if not project and not groups:
        return without_project
    keys = (*_LEGACY_KEYS, "group")
    content: dict[str, object] = {"tool": {"poetry": {key: poetry[key] for key in keys if key in poetry}}}
    content |= {"project": dict(project)} if project else {}
    return content | ({"dependency-groups": dict(groups)} if groups else {})


def _digest(content: Mapping[str, object]) -> str:
    # TOML has dates and JSON has none; no key that counts may hold one, so how it is written does not matter.
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def declared_groups(document: Mapping[str, object]) -> tuple[str, ...]:
    """The names of all groups besides the main one."""
    poetry = _table(document, "tool", "poetry")
    names = [*_table(poetry, "group"), *_table(document, "dependency-groups")]
    return tuple(dict.fromkeys([*names, *([DEV_GROUP] if "dev-dependencies" in poetry else [])]))


def declared_names(document: Mapping[str, object]) -> tuple[str, ...]:
    """The names that the project asks for by itself, in whichever of its tables, as they are written there."""
    poetry = _table(document, "tool", "poetry")
    groups = (_table(poetry, "group", group, "dependencies") for group in _table(poetry, "group"))
    tables = (_table(poetry, "dependencies"), _table(poetry, "dev-dependencies"), *groups)
    project = _table(document, "project")
    lists = (project.get("dependencies"), *_table(project, "optional-dependencies").values())
    lists = (*lists, *_table(document, "dependency-groups").values())
    names = [name for table in tables for name in table if canonicalize_name(name) != "python"]
    for entries in lists:
        names.extend(_requirement_names(entries))
    return tuple(dict.fromkeys(names))


def _requirement_names(entries: object) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        found = _LEADING_NAME.match(entry) if isinstance(entry, str) else None
        if found is not None:
            yield found[1]


def project_needs(pyproject: LockTable, groups: Iterable[str], extras: Iterable[str]) -> tuple[Need, ...]:
    """The dependencies in `[tool.poetry]` of the main group, those groups and those extras."""
    poetry = pyproject.table("tool").table("poetry")
    wanted = {canonicalize_name(extra) for extra in extras}
    named = {
        canonicalize_name(name)
        for extra in poetry.table("extras").content
        if canonicalize_name(extra) in wanted
        for name in poetry.table("extras").texts(extra)
    }
    main = read_needs(poetry.table("dependencies"))
    needs = [entry.need for entry in main if not entry.optional or entry.need.name in named]
    for group in groups:
        needs.extend(entry.need for entry in read_needs(_group_table(poetry, group)))
    return tuple(needs)


def _group_table(poetry: LockTable, group: str) -> LockTable:
    tables = poetry.table("group")
    spelling = next((name for name in tables.content if canonicalize_name(name) == group), group)
    if group == DEV_GROUP and spelling not in tables.content:
        return poetry.table("dev-dependencies")
    return tables.table(spelling).table("dependencies")


def read_needs(table: LockTable) -> tuple[PoetryNeed, ...]:
    """The entries of a table of dependencies; `python` is none of them. What means nothing is a mistake."""
    found: list[PoetryNeed] = []
    for name, value in table.content.items():
        if canonicalize_name(name) == "python":
            continue
        for entry in value if isinstance(value, list) else [value]:
            content = {"version": entry} if isinstance(entry, str) else entry
            if not isinstance(content, dict):
                table.refuse(f'"{name}" must be text or a table.', text=name)
                continue
            found.append(_read_need(canonicalize_name(name), table.with_content(content)))
    return tuple(found)


def _read_need(name: NormalizedName, entry: LockTable) -> PoetryNeed:
    clauses, ranges, source = ALWAYS, _ANY_RELEASE, entry.text("source")
    for key in _DIRECT & entry.content.keys():
        source = source_name(entry.text(key) or "")
    try:
        clauses = _condition(entry)
        if not _DIRECT & entry.content.keys():
            ranges = _ranges(entry.text("version") or "*")
    except (UnusableConstraintError, UnusableMarkerError) as error:
        entry.refuse(str(error), text=name)
    extras = frozenset(canonicalize_name(extra) for extra in entry.texts("extras"))
    need = Need(name=name, extras=extras, clauses=clauses, ranges=ranges, source=source)
    return PoetryNeed(need=need, optional=entry.flag("optional"))


def source_name(written: str) -> str:
    """An address or a path, such that equal ones have equal names."""
    return written if "://" in written else posixpath.normpath(written)


def _condition(entry: LockTable) -> Clauses:
    markers = (
        entry.text("markers"),
        translate_python_marker(entry.text("python") or "*"),
        translate_platform_marker(entry.text("platform") or "") if entry.text("platform") else None,
    )
    condition = ALWAYS
    for marker in markers:
        condition = both(condition, read_clauses(marker)) if marker else condition
    return condition


def _ranges(text: str) -> tuple[SpecifierSet, ...]:
    return tuple(SpecifierSet(translate_constraint(part)) for part in _ALTERNATIVES.split(text.strip()))


def _table(document: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    """The table below those keys; empty where there is none."""
    found: object = document
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}

"""What a `Pipfile` and a `Pipfile.lock` have in common: sources, the Python they require, and conditions.

Pure: it is given tables. Called by `pipfile` and `pipfile_lock`. Source: Pipenv 2026.10, observed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from ml_buildpack.facts.locks.indexes import PUBLIC_INDEX, Index, check_address
from ml_buildpack.facts.locks.lock_tables import LockTable
from ml_buildpack.facts.locks.marker_clauses import ALWAYS, Clauses, UnusableMarkerError, both, read_clauses
from ml_buildpack.facts.python_request import PythonRequest

PIPFILE = "Pipfile"
# The tables of a Pipfile that are not a group of packages.
_OTHER_TABLES = frozenset({"source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv"})
# How the groups are called in the lock, by how they are called in the Pipfile and on Pipenv's command line.
GROUP_NAMES = {"packages": "default", "dev-packages": "develop", "dev": "develop"}
# The names that markers have; each may be a key of its own, with a comparison as its value.
_MARKER_KEYS = (
    "os_name", "sys_platform", "platform_machine", "platform_python_implementation", "platform_release",
    "platform_system", "platform_version", "python_version", "python_full_version", "implementation_name",
    "implementation_version",
)  # fmt: skip
# Pipenv fills in both forms, pip and uv only the second.
_PLAIN_VARIABLE = re.compile(r"\$(?!\{)([A-Z0-9_]+)")
_PUBLIC_SOURCE: Mapping[str, object] = {"name": "pypi", "url": "https://pypi.org/simple", "verify_ssl": True}


def other_groups(document: Mapping[str, object]) -> tuple[str, ...]:
    """The groups of packages that a Pipfile has besides the two that every one may have."""
    return tuple(name for name, value in document.items() if name not in _OTHER_TABLES and isinstance(value, dict))


def content_hashes(document: Mapping[str, object]) -> tuple[str, ...]:
    """The digests that a lock of this Pipfile may carry: with the names in their normal form, and as written."""
    groups = {"default": document.get("packages", {}), "develop": document.get("dev-packages", {})}
    others = {name: document[name] for name in other_groups(document) if name not in {"default", "develop"}}
    meta = {"sources": document.get("source", [_PUBLIC_SOURCE]), "requires": document.get("requires", {})}
    all_groups = groups | others
    normal = {group: _with_normal_names(packages) for group, packages in all_groups.items()}
    candidates = ({"_meta": meta} | normal, {"_meta": meta} | all_groups, {"_meta": meta} | groups)
    return tuple(dict.fromkeys(_digest(candidate) for candidate in candidates))


def _with_normal_names(packages: object) -> object:
    if not isinstance(packages, Mapping):
        return packages
    return {canonicalize_name(name): value for name, value in packages.items()}


def _digest(content: Mapping[str, object]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def read_sources(tables: Sequence[LockTable]) -> tuple[Index, ...]:
    """The indexes, the one that Pipenv asks by default first."""
    indexes: list[Index] = []
    for table in tables:
        url = _PLAIN_VARIABLE.sub(r"${\1}", table.required_text("url"))
        if url and check_address(table, url):
            name, trusted = table.text("name") or "", table.content.get("verify_ssl") is False
            indexes.append(Index(name=name, url=url, path=table.path, line=table.line, trusted=trusted))
    return tuple(indexes) or (PUBLIC_INDEX,)


def read_index(entry: LockTable, name: NormalizedName, indexes: Sequence[Index]) -> dict[NormalizedName, str]:
    """The index that the package comes from: the one it names, else the first; empty where that is the public one."""
    named = entry.text("index")
    found = next((index for index in indexes if named is None or named in {index.name, index.url}), None)
    if found is None:
        entry.refuse(f'There is no source "{named}".', text=name)
        return {}
    return {} if found.identity is None else {name: found.identity}


def read_condition(entry: LockTable, name: str) -> Clauses:
    """When the package is installed: what `markers` says, and every name of a marker that is a key itself."""
    texts = [entry.text("markers"), *(_comparison(entry, key) for key in _MARKER_KEYS if key in entry.content)]
    condition = ALWAYS
    try:
        for text in texts:
            condition = both(condition, read_clauses(text)) if text else condition
    except UnusableMarkerError as error:
        entry.refuse(str(error), text=name)
    return condition


def _comparison(entry: LockTable, key: str) -> str | None:
    value = entry.text(key)
    return f"{key} {value}" if value else None


def read_requires(requires: LockTable, lines: Mapping[str, int | None]) -> tuple[PythonRequest, ...]:
    """The Python that is required; `lines` says where, by key."""
    requests: list[PythonRequest] = []
    for key in ("python_version", "python_full_version"):
        text = requires.text(key)
        if text and text != "*":
            request = PythonRequest(spec=f"=={text}", origin=requires.path, line=lines.get(key), text=text)
            requests.extend(_checked(requires, request, is_series=key == "python_version"))
    return tuple(requests)


def _checked(requires: LockTable, request: PythonRequest, *, is_series: bool) -> list[PythonRequest]:
    try:
        parts = len(Version(request.text).release)
    except InvalidVersion:
        requires.refuse(f'"{request.text}" is not a version of Python, such as "3.12".', text=request.text)
        return []
    return [replace(request, spec=f"{request.spec}.*")] if is_series and parts <= len(["3", "x"]) else [request]

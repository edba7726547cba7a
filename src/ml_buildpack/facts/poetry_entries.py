"""One dependency as Poetry writes it, as the requirement that pip and uv know.

Reads no disk: paths stay as they were written. Called by `poetry_dependencies`. Source: Poetry 2.4, "Dependency
specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from packaging.markers import InvalidMarker, Marker
from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.facts.poetry_constraints import (
    UnusableConstraintError,
    translate_constraint,
    translate_platform_marker,
    translate_python_marker,
)
from ml_buildpack.facts.spelling import did_you_mean

_TEXTS = (
    "version", "python", "platform", "markers", "git", "branch", "tag", "rev", "path", "file", "url", "subdirectory",
    "source",
)  # fmt: skip
_FLAGS = ("optional", "develop", "allow-prereleases", "allows-prereleases")
_KNOWN = (*_TEXTS, *_FLAGS, "extras")
_PLACES = ("git", "path", "file", "url")
_REFERENCES = ("branch", "tag", "rev")
_SSH_SHORTHAND = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?!/)(?P<path>.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class PoetryEntry:
    """One way to have a package. `requirement` is its PEP 508 text; a path in it is `file:`, relative to the project.

    `source` names a package index of the project; `optional` entries are there for extras only.
    """

    name: NormalizedName
    requirement: str
    editable: bool = False
    optional: bool = False
    source: str | None = None


def read_entries(name: str, value: object) -> tuple[PoetryEntry, ...]:
    """All entries of one package: a list has several, with different markers. Raises: UnusableConstraintError."""
    return tuple(_read_entry(name, entry) for entry in (value if isinstance(value, list) else [value]))


def _read_entry(name: str, value: object) -> PoetryEntry:
    if isinstance(value, str):
        value = {"version": value}
    if not isinstance(value, dict):
        raise UnusableConstraintError('It must be a version such as "^1.2", or a table such as {version = "^1.2"}.')
    _check_types(value)
    texts = {key: value[key] for key in _TEXTS if key in value}
    extras = value.get("extras", [])
    written = f"{name}[{','.join(extras)}]" if extras else name
    place = _place(texts)
    if place is None:
        written += _versions(texts, allows_pre_releases=_flag(value, "allow-prereleases", "allows-prereleases"))
    marker = _marker(texts)
    return PoetryEntry(
        name=canonicalize_name(name),
        requirement=written + (f" @ {place}" if place else "") + (f" ; {marker}" if marker else ""),
        editable=_flag(value, "develop") and "path" in texts,
        optional=_flag(value, "optional"),
        source=texts.get("source"),
    )


def _check_types(entry: Mapping[str, object]) -> None:
    for key, value in entry.items():
        if key not in _KNOWN:
            raise UnusableConstraintError(f'Poetry knows no "{key}" here.' + did_you_mean(key, _KNOWN))
        if key in _TEXTS and not isinstance(value, str):
            raise UnusableConstraintError(f'"{key}" must be text in quotes.')
        if key in _FLAGS and not isinstance(value, bool):
            raise UnusableConstraintError(f'"{key}" must be true or false.')
    extras = entry.get("extras", [])
    if not isinstance(extras, list) or any(not isinstance(extra, str) for extra in extras):
        raise UnusableConstraintError('"extras" must be a list of texts.')
    places = [key for key in _PLACES if key in entry]
    if len(places) > 1:
        raise UnusableConstraintError(f'It names two places, "{places[0]}" and "{places[1]}". Keep one.')


def _flag(entry: Mapping[str, object], *keys: str) -> bool:
    return any(entry.get(key) is True for key in keys)


def _versions(texts: Mapping[str, str], *, allows_pre_releases: bool) -> str:
    specifier = translate_constraint(texts.get("version", "*"))
    # A pre-release among the bounds allows pre-releases of this package, for pip and for uv. This one bounds nothing.
    bounds = [specifier, ">=0.dev0" if allows_pre_releases else ""]
    return ",".join(bound for bound in bounds if bound)


def _place(texts: Mapping[str, str]) -> str | None:
    subdirectory = f"#subdirectory={texts['subdirectory']}" if "subdirectory" in texts else ""
    if "git" in texts:
        references = [texts[key] for key in _REFERENCES if key in texts]
        if len(references) > 1:
            raise UnusableConstraintError('"branch", "tag" and "rev" exclude each other. Keep one.')
        return _git_address(texts["git"]) + "".join(f"@{reference}" for reference in references) + subdirectory
    if "url" in texts:
        return texts["url"] + subdirectory
    path = texts.get("path", texts.get("file"))
    if path is None:
        return None
    return "file:" + quote(f"{path}/{texts['subdirectory']}" if subdirectory else path)


def _git_address(written: str) -> str:
    shorthand = _SSH_SHORTHAND.fullmatch(written)
    if shorthand is not None:
        return f"git+ssh://{shorthand['user']}@{shorthand['host']}/{shorthand['path']}"
    if "://" not in written:
        raise UnusableConstraintError(f'"{written}" is not an address of a repository. Use `path` for a directory.')
    return written if written.startswith("git+") else f"git+{written}"


def _marker(texts: Mapping[str, str]) -> str | None:
    conditions = list(_conditions(texts))
    if not conditions:
        return None
    # All of them hold, so an "or" inside of one must not reach out to the others.
    joined = " and ".join(f"({condition})" if len(conditions) > 1 else condition for condition in conditions)
    try:
        return str(Marker(joined))
    except InvalidMarker as error:
        raise UnusableConstraintError(f'"{texts["markers"]}" is not a marker.') from error


def _conditions(texts: Mapping[str, str]) -> Iterator[str]:
    python = translate_python_marker(texts["python"]) if "python" in texts else None
    platform = translate_platform_marker(texts["platform"]) if "platform" in texts else None
    yield from (condition for condition in (python, platform, texts.get("markers")) if condition)

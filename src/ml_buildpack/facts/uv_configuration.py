"""What `uv.toml`, or `[tool.uv]` in pyproject.toml, says about where packages come from.

Our tools run with `--no-config`, so what is not read here does not count: the rest of uv's settings is for uv's own
projects. Source: uv 0.13, "Configuration files" and "Package indexes".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.index_source import Index, IndexSource
from ml_buildpack.facts.pip_configuration import whole_link


class MalformedUvConfigurationError(Exception):
    """A key has a value that uv would refuse. `key` is the key; the message is a sentence."""

    def __init__(self, message: str, *, key: str) -> None:
        super().__init__(message)
        self.key = key


def read_uv_configuration(table: Mapping[str, object], *, origin: str, directory: Path) -> IndexSource:
    """The table's settings. Relative paths in it start at `directory`. Raises: MalformedUvConfigurationError."""
    entries = [(_index(entry), entry) for entry in _tables(table.get("index", []))]
    asked = [(index, entry) for index, entry in entries if not _is_flat(entry)]
    defaults = [index for index, entry in asked if entry.get("default") is True]
    flat = [index for index, entry in entries if _is_flat(entry)]
    pip = table.get("pip", {})
    pip_table: Mapping[str, object] = pip if isinstance(pip, dict) else {}
    older = _text(pip_table, "index-url") or _text(table, "index-url")
    others = [index for index, _ in asked if index not in defaults]
    extra = _texts(pip_table, "extra-index-url") or _texts(table, "extra-index-url")
    links = (*_texts(pip_table, "find-links"), *_texts(table, "find-links"), *(one.url.reveal() for one in flat))
    return IndexSource(
        origin=origin,
        default=defaults[0] if defaults else _plain(older),
        extra=(*others, *(Index(url=Secret(value=url)) for url in extra)),
        find_links=tuple(Secret(value=whole_link(link, directory)) for link in links),
        trusted_hosts=_texts(table, "allow-insecure-host"),
        no_index=True in (pip_table.get("no-index"), table.get("no-index")),
    )


def _index(entry: Mapping[str, object]) -> Index:
    url = entry.get("url")
    if not isinstance(url, str) or not url:
        raise MalformedUvConfigurationError('An index needs an address: `url = "https://…"`.', key="index")
    name = entry.get("name")
    return Index(
        url=Secret(value=url),
        name=name if isinstance(name, str) else None,
        explicit=entry.get("explicit") is True,
    )


def _plain(url: str | None) -> Index | None:
    return Index(url=Secret(value=url)) if url else None


def _is_flat(entry: Mapping[str, object]) -> bool:
    # A page or a directory of files instead of an index.
    return entry.get("format") == "flat"


def _tables(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise MalformedUvConfigurationError("Indexes are tables: write each below a line `[[index]]`.", key="index")
    return value


def _text(table: Mapping[str, object], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise MalformedUvConfigurationError(f"{key} must be a text.", key=key)
    return value


def _texts(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise MalformedUvConfigurationError(f"{key} must be a list of texts.", key=key)
    return tuple(value)

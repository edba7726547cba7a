"""What a `pip.conf` says about where packages come from; every other key in it is left alone.

Source: pip 26.3, "Configuration", and its observed behaviour: `[install]` wins over `[global]`, lists are separated by
space, names are written with hyphens or underscores.
"""

from __future__ import annotations

from configparser import Error as ConfigurationError
from configparser import RawConfigParser
from pathlib import Path

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.index_source import Index, IndexSource

# Later wins. `[download]` and `[wheel]` are for commands that a build does not stand for.
_SECTIONS = ("global", "install")
_YES = frozenset({"1", "y", "yes", "t", "true", "on"})


class MalformedPipConfigurationError(Exception):
    """The text is no configuration file. `line` counts from 1; the message is a sentence that quotes none of it."""

    def __init__(self, message: str, *, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def read_pip_configuration(text: str, *, origin: str, directory: Path) -> IndexSource:
    """The text's settings. Relative paths in it start at `directory`. Raises: MalformedPipConfigurationError."""
    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except ConfigurationError as error:
        # Not chained: its own text quotes the line, which may hold a password.
        raise MalformedPipConfigurationError(
            "It is not what pip reads: sections in brackets, and below them lines such as `index-url = https://…`.",
            line=_line_of(error),
        ) from None
    values: dict[str, str] = {}
    for section in _SECTIONS:
        if parser.has_section(section):
            values |= {_key(key): value for key, value in parser.items(section)}
    default = values.get("index-url", "").strip()
    return IndexSource(
        origin=origin,
        default=Index(url=Secret(value=default)) if default else None,
        extra=tuple(Index(url=Secret(value=url)) for url in values.get("extra-index-url", "").split()),
        find_links=tuple(Secret(value=whole_link(link, directory)) for link in values.get("find-links", "").split()),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        no_index=values.get("no-index", "").strip().lower() in _YES,
    )


def whole_link(link: str, directory: Path) -> str:
    """A page as it is, a directory with its whole path."""
    return link if "://" in link or "${" in link else str(directory / link)


def _key(written: str) -> str:
    return written.lower().replace("_", "-").removeprefix("--")


def _line_of(error: ConfigurationError) -> int | None:
    found = getattr(error, "lineno", None)
    if found is None and getattr(error, "errors", None):
        found = error.errors[0][0]  # type: ignore[attr-defined]  # of a ParsingError
    return found if isinstance(found, int) else None

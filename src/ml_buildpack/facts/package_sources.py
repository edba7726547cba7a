"""Package indexes that a pyproject.toml names for Poetry or PDM, in the order in which they are asked.

Addresses only: both tools keep credentials elsewhere. Called by `pyproject_input`. Sources: Poetry 2.4, "Repositories";
PDM 2.27, "Configure the package indexes".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.requirements_text import OptionLine
from ml_buildpack.facts.toml_files import TomlFile
from ml_buildpack.facts.toml_items import line_of_item, line_of_key

_PYPI = "https://pypi.org/simple"
_POETRY_PRIORITIES = ("primary", "supplemental", "explicit", "default", "secondary")


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageSources:
    """Indexes of a project. `urls` has them by lower-case name; `options` those that any package may come from."""

    urls: Mapping[str, str]
    options: tuple[OptionLine, ...]
    mistakes: tuple[Mistake, ...] = ()


def read_poetry_sources(file: TomlFile) -> PackageSources:
    """The sources of `[[tool.poetry.source]]`. One for all packages takes PyPI's place, as with Poetry 2."""
    urls: dict[str, str] = {"pypi": _PYPI}
    ranked: dict[str, list[str]] = {"primary": [], "supplemental": [], "explicit": []}
    mistakes: list[Mistake] = []
    for source in _tables(file, "poetry"):
        name = str(source.get("name", ""))
        url = source.get("url", _PYPI if name.lower() == "pypi" else None)
        priority = str(source.get("priority", "primary")).lower()
        if not name or not isinstance(url, str) or priority not in _POETRY_PRIORITIES:
            detail = f"A source has a name, an address and perhaps a priority: {', '.join(_POETRY_PRIORITIES[:3])}."
            mistakes.append(_mistake(file, "tool.poetry", name, detail))
            continue
        urls[name.lower()] = without_credentials(url)
        rank = {"default": "primary", "secondary": "supplemental"}.get(priority, priority)
        ranked[rank].insert(0 if priority == "default" else len(ranked[rank]), url)
    asked = [*(ranked["primary"] or [_PYPI]), *ranked["supplemental"]]
    line = line_of_key(file, "tool.poetry", "source")
    return PackageSources(urls=urls, options=_options(file.path, line, asked), mistakes=tuple(mistakes))


def read_pdm_sources(file: TomlFile) -> PackageSources:
    """The sources of `[[tool.pdm.source]]`: PyPI comes first, unless one of them is called `pypi`."""
    asked: dict[str, str] = {"pypi": _PYPI}
    links: list[str] = []
    mistakes: list[Mistake] = []
    for source in _tables(file, "pdm"):
        name, url = str(source.get("name", "")), source.get("url")
        if not name or not isinstance(url, str):
            mistakes.append(_mistake(file, "tool.pdm", name, "A source has a name and an address."))
        elif source.get("type") == "find_links":
            links.append(url)
        else:
            asked[name.lower()] = url
    line = line_of_key(file, "tool.pdm", "source")
    found = tuple(OptionLine(path=file.path, line=line, option="--find-links", value=link) for link in links)
    return PackageSources(
        urls={name: without_credentials(url) for name, url in asked.items()},
        options=(*_options(file.path, line, list(asked.values())), *found),
        mistakes=tuple(mistakes),
    )


def without_credentials(url: str) -> str:
    """The address without user and password, unless a variable stands for them."""
    parts = urlsplit(url)
    if "${" in url or "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _tables(file: TomlFile, tool: str) -> list[dict[str, object]]:
    found = (file.table("tool", tool) or {}).get("source")
    return [source for source in found if isinstance(source, dict)] if isinstance(found, list) else []


def _mistake(file: TomlFile, table: str, name: str, detail: str) -> Mistake:
    line = line_of_item(file, table, "source", name)
    return Mistake(where=file.path, line=line, text=f'name = "{name}"', detail=detail)


def _options(path: str, line: int, asked: list[str]) -> tuple[OptionLine, ...]:
    """The options that ask these indexes in this order; none where only PyPI is asked."""
    # uv asks extra indexes in their order, before the other one. pip asks all at once.
    if asked == [_PYPI]:
        return ()
    *first, last = dict.fromkeys(asked)
    given = [("--index-url", last), *(("--extra-index-url", url) for url in first)]
    return tuple(OptionLine(path=path, line=line, option=option, value=url) for option, url in given)

"""The package indexes that a lock or its project names: which package comes from which, and in pip's own options.

Pure. Addresses are kept as they were written, `${NAME}` included, wherever a tool has to use them; where one only says
which index is meant, credentials are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ml_buildpack.facts.locks.lock_tables import LockTable
from ml_buildpack.facts.requirements_text import OptionLine

_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#]*@")
_ADDRESS = re.compile(r"(?:(?:https?|file)://|\$\{[A-Z0-9_]+\})[^\s\x00-\x20\x7f]*", re.IGNORECASE)
# Every index that is a mirror of this one has the same files, so a lock that names it does not choose a place.
_PUBLIC_HOSTS = frozenset({"pypi.org", "pypi.python.org"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """An index that a project names, and where. `packages` are patterns of names that only come from it."""

    name: str
    url: str
    path: str
    line: int
    trusted: bool = False
    is_page: bool = False
    packages: tuple[str, ...] = ()

    @property
    def identity(self) -> str | None:
        """The address without credentials; None for the public index, which is whatever the build is given for it."""
        return index_identity(self.url)


PUBLIC_INDEX = Index(name="PyPI", url="https://pypi.org/simple", path="", line=0)


def index_identity(url: str) -> str | None:
    """The address without credentials; None for the public index."""
    plain = _USERINFO.sub(r"\1", url).rstrip("/")
    return None if urlsplit(plain).hostname in _PUBLIC_HOSTS else plain


def check_address(table: LockTable, url: str) -> bool:
    """Whether that is an address of an index; else it is a mistake of the table."""
    # More than one word would be read as further options by every tool that is given the line.
    if _ADDRESS.fullmatch(url) is None or "\\" in url:
        table.refuse(f'"{url}" is not the address of an index.', text=url)
        return False
    return True


def option_lines(indexes: Sequence[Index]) -> tuple[OptionLine, ...]:
    """The indexes as options: the first one is asked instead of the public index, unless it is that."""
    options: list[OptionLine] = []
    for position, index in enumerate(indexes):
        options.extend(_options(index, is_first=position == 0))
    return tuple(options)


def _options(index: Index, *, is_first: bool) -> list[OptionLine]:
    values: list[tuple[str, str]] = []
    if index.is_page:
        values.append(("--find-links", index.url))
    elif index.identity is not None:
        values.append(("--index-url" if is_first else "--extra-index-url", index.url))
    host = urlsplit(_USERINFO.sub(r"\1", index.url)).netloc
    if index.trusted and index.identity is not None and host:
        values.append(("--trusted-host", host))
    return [OptionLine(path=index.path, line=index.line, option=option, value=value) for option, value in values]

"""The package indexes that a lock or its project names: which package comes from which, and in pip's own options.

Pure. Addresses are kept as they were written, `${NAME}` included, wherever a tool has to use them; where one only says
which index is meant, written-out credentials are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ml_buildpack.facts.locks.lock_tables import LockTable
from ml_buildpack.facts.package_sources import without_credentials
from ml_buildpack.facts.requirements_text import OptionLine

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
        plain = without_credentials(self.url)
        return None if urlsplit(plain).hostname in _PUBLIC_HOSTS else plain


PUBLIC_INDEX = Index(name="PyPI", url="https://pypi.org/simple", path="", line=0)


def check_address(table: LockTable, url: str) -> bool:
    """Whether that is an address of an index; else it is a mistake of the table."""
    # More than one word would be read as further options by every tool that is given the line.
    if _ADDRESS.fullmatch(url) is None or "\\" in url:
        table.refuse(f'"{url}" is not the address of an index.', text=url)
        return False
    return True


def option_lines(indexes: Sequence[Index]) -> tuple[OptionLine, ...]:
    """The indexes as options, such that they are asked in their order.

    The public index has no option: whatever the build is given in its place must not be overruled.
    """
    options: list[OptionLine] = []
    private = [index for index in indexes if index.identity is not None and not index.is_page]
    has_public = any(index.identity is None for index in indexes)
    for index in indexes:
        if index.is_page:
            options.append(_option(index, "--find-links", index.url))
        elif index in private:
            # uv asks the extra indexes in their order, and the one of --index-url behind them.
            is_last = index == private[-1] and not has_public
            options.append(_option(index, "--index-url" if is_last else "--extra-index-url", index.url))
        if index.trusted and index.identity is not None:
            options.append(_option(index, "--trusted-host", urlsplit(index.url).netloc.rpartition("@")[2]))
    return tuple(options)


def _option(index: Index, option: str, value: str) -> OptionLine:
    return OptionLine(path=index.path, line=index.line, option=option, value=value)

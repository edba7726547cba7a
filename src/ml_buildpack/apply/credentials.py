"""Who to be on which host: logins by host, by machine and by place, for the downloader and for git.

Filled from the addresses of the tools' environment and from its netrc file. Nothing here is ever shown.
"""

from __future__ import annotations

import base64
import netrc
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """User and password by host, with the port where a URL has one; `by_machine` knows no ports, as netrc does not.

    `by_place` has those of hosts that have several, by host and path of the index. Never shown: the representation
    leaves them out.
    """

    by_host: Mapping[str, tuple[str, str]] = field(repr=False)
    by_machine: Mapping[str, tuple[str, str]] = field(repr=False, default_factory=dict)
    by_place: Mapping[str, tuple[str, str]] = field(repr=False, default_factory=dict)

    def header(self, url: str) -> dict[str, str]:
        """The Authorization header for a URL, or none."""
        found = self._find(url)
        if found is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(":".join(found).encode()).decode()}

    def _find(self, url: str) -> tuple[str, str] | None:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        # The files of an index lie below it or beside it, so the index that shares most of the path is theirs.
        shared = {
            place: len(posixpath.commonpath([place, host + parts.path]))
            for place in self.by_place
            if place.partition("/")[0] == host
        }
        if shared:
            return self.by_place[max(shared, key=lambda place: shared[place])]
        return self.by_host.get(host) or self.by_machine.get(parts.hostname or "") or self.by_machine.get("default")


def read_credentials(urls: Sequence[str], *, netrc_path: Path | None) -> Credentials:
    """The credentials in index URLs and in a netrc file; URLs win. An unreadable netrc counts as none, as in pip."""
    by_host: dict[str, tuple[str, str]] = {}
    by_machine: dict[str, tuple[str, str]] = {}
    if netrc_path is not None and netrc_path.is_file():
        try:
            entries = netrc.netrc(str(netrc_path)).hosts
        except (netrc.NetrcParseError, OSError):
            entries = {}
        by_machine |= {host: (login, password or "") for host, (login, _, password) in entries.items()}
    by_place: dict[str, tuple[str, str]] = {}
    for url in urls:
        parts = urlsplit(url)
        if parts.username is not None:
            host = parts.netloc.rpartition("@")[2]
            by_host[host] = (unquote(parts.username), unquote(parts.password or ""))
            by_place[host + parts.path] = by_host[host]
    several = {
        place: login
        for place, login in by_place.items()
        if any(login != other for at, other in by_place.items() if at.partition("/")[0] == place.partition("/")[0])
    }
    return Credentials(by_host=by_host, by_machine=by_machine, by_place=several)


def without_credentials(url: str) -> str:
    """The URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

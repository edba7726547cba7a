"""Fetch files that are known by their sha256. The only user of urllib's network half.

A file appears under its name only when it is whole and right: it is written beside its place, verified, and renamed.
"""

from __future__ import annotations

import base64
import hashlib
import netrc
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from ml_buildpack.errors import DigestMismatch, DownloadFailed, IndexUnauthorised, IndexUnreachable
from ml_buildpack.lock import LockedFile
from ml_buildpack.redaction import redact

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60.0
ATTEMPTS_MAX = 4
FIRST_PAUSE_S = 0.5
# Answers that a later attempt may well improve; everything else is final at once.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """User and password by host. Never shown: the representation leaves them out."""

    by_host: Mapping[str, tuple[str, str]] = field(repr=False)

    def header(self, url: str) -> dict[str, str]:
        """The Authorization header for a URL, or none."""
        found = self.by_host.get(urlsplit(url).netloc.rpartition("@")[2])
        if found is None:
            return {}
        return {"Authorization": "Basic " + base64.b64encode(":".join(found).encode()).decode()}


def read_credentials(urls: Sequence[str], *, netrc_path: Path | None) -> Credentials:
    """The credentials in index URLs and in a netrc file; URLs win. An unreadable netrc counts as none, as in pip."""
    by_host: dict[str, tuple[str, str]] = {}
    if netrc_path is not None and netrc_path.is_file():
        try:
            entries = netrc.netrc(str(netrc_path)).hosts
        except (netrc.NetrcParseError, OSError):
            entries = {}
        by_host |= {host: (login, password or "") for host, (login, _, password) in entries.items()}
    for url in urls:
        parts = urlsplit(url)
        if parts.username is not None:
            by_host[parts.netloc.rpartition("@")[2]] = (unquote(parts.username), unquote(parts.password or ""))
    return Credentials(by_host=by_host)


def without_credentials(url: str) -> str:
    """The URL without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloader:
    """Fetches files over HTTP(S), with the certificates, proxies and credentials of the build."""

    opener: OpenerDirector
    credentials: Credentials

    def fetch(self, file: LockedFile, directory: Path, *, pinned_at: str) -> Path:
        """The file, verified, in `directory`.

        Raises: IndexUnreachable, IndexUnauthorised, DownloadFailed, DigestMismatch.
        """
        if file.url is None:
            message = f"{file.filename} has no URL"
            raise ValueError(message)
        part = directory / f".{file.filename}.part"
        try:
            actual = self._fetch_with_retries(file.url, part)
            if actual != file.sha256:
                raise DigestMismatch(file=file.filename, expected=(file.sha256,), actual=actual, pinned_at=pinned_at)
            return part.replace(directory / file.filename)
        finally:
            part.unlink(missing_ok=True)

    def _fetch_with_retries(self, url: str, part: Path) -> str:
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return self._fetch_once(url, part)
            except HTTPError as error:
                if error.code not in _TRANSIENT or attempt == ATTEMPTS_MAX:
                    raise _refused(url, error) from error
            except (URLError, HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
                if attempt == ATTEMPTS_MAX:
                    raise IndexUnreachable(url=_shown(url), detail=redact(str(error))) from error
            time.sleep(pause_s)
            pause_s *= 2
        raise AssertionError  # pragma: no cover  # the last attempt returns or raises

    def _fetch_once(self, url: str, part: Path) -> str:
        request = Request(without_credentials(url), headers=self.credentials.header(url))  # noqa: S310  # from a lock
        digest = hashlib.sha256()
        with self.opener.open(request, timeout=TIMEOUT_S) as response, part.open("wb") as out:
            while chunk := response.read(CHUNK_BYTES):
                digest.update(chunk)
                out.write(chunk)
            expected = response.headers.get("Content-Length")
            if expected is not None and out.tell() != int(expected):
                message = f"{out.tell()} of {expected} bytes arrived"
                raise URLError(message)
        return digest.hexdigest()


def make_downloader(env: Mapping[str, str], credentials: Credentials) -> Downloader:
    """A downloader with the proxies and the certificates that the tools' environment names."""
    proxies = {
        scheme: env[name]
        for scheme in ("http", "https")
        for name in (f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
        if env.get(name)
    }
    context = ssl.create_default_context(cafile=env.get("SSL_CERT_FILE"))
    return Downloader(
        opener=build_opener(ProxyHandler(proxies), HTTPSHandler(context=context)), credentials=credentials
    )


def sha256_of(path: Path) -> str:
    """The digest of a file's contents, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _refused(url: str, error: HTTPError) -> IndexUnauthorised | DownloadFailed:
    if error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
        return IndexUnauthorised(url=_shown(url), status=error.code)
    return DownloadFailed(url=_shown(url), detail=f"the server answered {error.code} {error.reason}")


def _shown(url: str) -> str:
    return redact(without_credentials(url))

"""Fetch files that are known by their sha256. The only user of urllib's network half.

A file appears under its name only when it is whole and right: it is written beside its place, verified, and renamed.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from ml_buildpack.apply.credentials import Credentials, read_credentials, without_credentials
from ml_buildpack.errors import (
    BuildpackError,
    CertificateRefused,
    DigestMismatch,
    DownloadFailed,
    HostNotFound,
    IndexUnauthorised,
    IndexUnreachable,
    ProxyFailed,
)
from ml_buildpack.lock import LockedFile
from ml_buildpack.plan.tool_environment import interpolate
from ml_buildpack.redaction import redact

__all__ = [
    "ATTEMPTS_MAX",
    "Credentials",
    "Downloader",
    "Proxies",
    "make_downloader",
    "read_credentials",
    "read_proxies",
    "sha256_of",
    "without_credentials",
]

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 60.0
ATTEMPTS_MAX = 4
FIRST_PAUSE_S = 0.5
# Answers that a later attempt may well improve; everything else is final at once.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxies:
    """The proxy for each scheme, and the hosts that are asked without one, as NO_PROXY lists them. May hold logins."""

    by_scheme: Mapping[str, str] = field(repr=False)
    excepted: str = ""

    def for_url(self, url: str) -> str | None:
        """The proxy that stands between the build and that URL."""
        parts = urlsplit(url)
        names = {parts.hostname or "", parts.netloc.rpartition("@")[2].lower()}
        return None if any(_is_excepted(name, self.excepted) for name in names) else self.by_scheme.get(parts.scheme)


def _is_excepted(host: str, listed: str) -> bool:
    """Whether a host, with or without its port, is one of those in NO_PROXY or below one; as curl and uv read it."""
    names = [name.strip().lower().lstrip("*").lstrip(".") for name in listed.split(",")]
    return listed.strip() == "*" or any(name and (host == name or host.endswith(f".{name}")) for name in names)


NO_PROXIES = Proxies(by_scheme={})


class IncompleteFileError(URLError):
    """A server ended the connection in the middle of a file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloader:
    """Fetches files over HTTP(S), with the certificates, proxies and credentials of the build.

    `placeholders` are variables, some of which stand in the lock's URLs as `${NAME}`.
    """

    opener: OpenerDirector
    credentials: Credentials
    proxies: Proxies = NO_PROXIES
    placeholders: Mapping[str, str] = field(repr=False, default_factory=dict)
    first_pause_s: float = FIRST_PAUSE_S

    def fetch(self, file: LockedFile, directory: Path, *, pinned_at: str) -> Path:
        """The file, verified, in `directory`.

        Raises: IndexUnreachable, IndexUnauthorised, DownloadFailed, DigestMismatch, CertificateRefused, HostNotFound,
        ProxyFailed.
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

    def fetch_unchecked(self, url: str, path: Path) -> Path:
        """A file whose digest nobody knows, such as a list of files with theirs. Raises as `fetch` does."""
        self._fetch_with_retries(url, path)
        return path

    def _fetch_with_retries(self, url: str, part: Path) -> str:
        pause_s = self.first_pause_s
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return self._fetch_once(url, part)
            except HTTPError as error:
                # It holds the connection, and lives as long as whoever keeps the exception.
                error.close()
                if error.code not in _TRANSIENT or attempt == ATTEMPTS_MAX:
                    raise _refused(url, error) from error
            except (URLError, HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
                failure = self._failure(url, error)
                if attempt == ATTEMPTS_MAX or isinstance(failure, CertificateRefused | IndexUnauthorised):
                    raise failure from error
            time.sleep(pause_s)
            pause_s *= 2
        raise AssertionError  # pragma: no cover  # the last attempt returns or raises

    def _failure(self, url: str, error: Exception) -> BuildpackError:
        """What a request that got no answer, or only a part of one, means."""
        reason = error.reason if isinstance(error, URLError) else error
        detail = redact(str(reason))
        proxy = self.proxies.for_url(url)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return CertificateRefused(url=_shown(url), detail=reason.verify_message)
        if isinstance(error, IncompleteFileError):
            return DownloadFailed(url=_shown(url), detail=detail)
        if f" {HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.value} " in f"{detail} " and proxy is not None:
            return IndexUnauthorised(url=_shown(url), status=HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
        if proxy is not None:
            return ProxyFailed(url=_shown(url), proxy=_shown(proxy), detail=detail)
        if isinstance(reason, socket.gaierror):
            return HostNotFound(url=_shown(url), host=urlsplit(url).hostname or "", detail=detail)
        return IndexUnreachable(url=_shown(url), detail=detail)

    def _fetch_once(self, url: str, part: Path) -> str:
        request = Request(without_credentials(interpolate(url, self.placeholders)))  # noqa: S310  # from a lock
        _authorise(request, self.credentials)
        digest = hashlib.sha256()
        with self.opener.open(request, timeout=TIMEOUT_S) as response, part.open("wb") as out:
            while chunk := response.read(CHUNK_BYTES):
                digest.update(chunk)
                out.write(chunk)
            expected = response.headers.get("Content-Length")
            if expected is not None and out.tell() != int(expected):
                raise IncompleteFileError(f"{out.tell()} of {expected} bytes arrived")
        return digest.hexdigest()


def make_downloader(env: Mapping[str, str], credentials: Credentials) -> Downloader:
    """A downloader with the proxies, certificates and trusted hosts that the tools' environment names."""
    proxies = read_proxies(env)
    secure = _Secure(ssl.create_default_context(cafile=env.get("SSL_CERT_FILE")), env.get("UV_INSECURE_HOST", ""))
    return Downloader(
        opener=build_opener(_ThroughProxy(proxies), secure, _Redirects(credentials)),
        credentials=credentials,
        proxies=proxies,
        placeholders=env,
    )


def read_proxies(env: Mapping[str, str]) -> Proxies:
    """The proxies that these variables name; small letters win, as for curl."""
    by_scheme = {
        scheme: env[name]
        for scheme in ("http", "https")
        for name in ("ALL_PROXY", "all_proxy", f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
        if env.get(name)
    }
    return Proxies(by_scheme=by_scheme, excepted=env.get("no_proxy") or env.get("NO_PROXY") or "")


class _ThroughProxy(ProxyHandler):
    """The proxies of the tools' environment and their exceptions. The base class would read this process's own."""

    def __init__(self, proxies: Proxies) -> None:
        super().__init__({})
        self._own = proxies

    def http_open(self, req: Request) -> HTTPResponse | None:
        """None: whoever opens connections goes on, to the proxy where there is one."""
        proxy = self._own.for_url(req.full_url)
        if proxy is None or req.has_proxy():
            return None
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            req.add_header("Proxy-authorization", "Basic " + base64.b64encode(login.encode()).decode())
        req.set_proxy(parts.netloc.rpartition("@")[2], parts.scheme)
        return None

    https_open = http_open


class _Secure(HTTPSHandler):
    """HTTPS with certificates checked, but for the hosts that the user trusts without."""

    def __init__(self, checked: ssl.SSLContext, trusted: str) -> None:
        super().__init__(context=checked)
        self._checked = checked
        self._unchecked = ssl._create_unverified_context()  # noqa: S323, SLF001  # the user asked for it, host by host
        self._trusted = frozenset(trusted.split())

    def https_open(self, req: Request) -> HTTPResponse:
        """The answer."""
        parts = urlsplit(req.full_url)
        is_trusted = bool({parts.hostname or "", parts.netloc} & self._trusted)
        return self.do_open(HTTPSConnection, req, context=self._unchecked if is_trusted else self._checked)


class _Redirects(HTTPRedirectHandler):
    """Follows redirects, with the credentials of the host that they lead to and never with another's.

    Indexes redirect to storage, which refuses a request with a header and a signature, and is not theirs to trust.
    """

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The next request."""
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            _authorise(request, self.credentials)
        return request


def _authorise(request: Request, credentials: Credentials) -> None:
    for name, value in credentials.header(request.full_url).items():
        request.add_unredirected_header(name, value)


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

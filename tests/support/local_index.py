"""A package index on loopback, with the faults that real ones have. Source: PEP 503, 658, 691."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

from support.distributions import Distribution

# Nothing listens on the discard port: connections are refused at once.
UNREACHABLE_INDEX = "http://127.0.0.1:9/simple/"
_JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    """How an index misbehaves.

    `status` answers everything, `file_status` every file. `credentials` (`user:password`) are demanded.
    `wrong_bytes` names files that are served with other bytes than their digest says, `no_digests` leaves digests out.
    """

    status: int | None = None
    file_status: int | None = None
    credentials: str | None = None
    wrong_bytes: frozenset[str] = frozenset()
    no_digests: bool = False


@dataclass(kw_only=True)
class LocalIndex:
    """A running index. `requested` lists the paths that were asked for, in order; `faults` may change while it runs."""

    distributions: tuple[Distribution, ...]
    faults: Faults = field(default_factory=Faults)
    requested: list[str] = field(default_factory=list)
    port: int = 0
    is_secure: bool = False
    _files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.offer(*self.distributions)

    def offer(self, *distributions: Distribution) -> None:
        """From now on, offer these and no others."""
        self.distributions = distributions
        self._files = dict(pair for one in distributions for pair in _files_of(one).items())

    def file(self, name: str) -> bytes | None:
        """The content of a wheel, an sdist, or a wheel's metadata."""
        return self._files.get(name)

    @property
    def url(self) -> str:
        """The address for PIP_INDEX_URL."""
        return f"http{'s' if self.is_secure else ''}://127.0.0.1:{self.port}/simple/"

    @property
    def torch_mirror(self) -> str:
        """The address for BP_TORCH_MIRROR: below it, an index for each local version, and all releases without one."""
        return self.url.replace("/simple/", "/whl/")

    def url_with(self, credentials: str) -> str:
        """The address with `user:password`."""
        return self.url.replace("://", f"://{credentials}@")

    def file_url(self, filename: str) -> str:
        """The address of a wheel or sdist."""
        return f"{self.url.removesuffix('/simple/')}/files/{filename}"

    @property
    def files_fetched(self) -> list[str]:
        """The names of the wheels and sdists that were asked for, metadata left out, sorted."""
        return sorted(path.removeprefix("/files/") for path in self.requested if re.search(r"\.(whl|tar\.gz)$", path))


@contextmanager
def serve_index(
    *distributions: Distribution, faults: Faults | None = None, certificate: Path | None = None
) -> Iterator[LocalIndex]:
    """Serve the distributions until the end of the block; over HTTPS where there is a certificate with its key."""
    index = LocalIndex(distributions=distributions, faults=faults or Faults(), is_secure=certificate is not None)
    handler = type("Handler", (_Handler,), {"index": index})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    index.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    index: LocalIndex
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        path = unquote(self.path.partition("?")[0])
        self.index.requested.append(path)
        faults = self.index.faults
        if faults.credentials and not self._is_authorised(faults.credentials):
            self._answer(HTTPStatus.UNAUTHORIZED, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        elif faults.status:
            self._answer(faults.status, b"")
        elif path.startswith("/simple/"):
            self._answer_project(path.removeprefix("/simple/").strip("/"))
        elif path.startswith("/whl/"):
            variant, _, name = path.removeprefix("/whl/").strip("/").partition("/")
            self._answer_project(name, variant)
        else:
            self._answer_file(path.removeprefix("/files/"))

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: `requested` has it."""

    def _is_authorised(self, credentials: str) -> bool:
        expected = base64.b64encode(credentials.encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"

    def _answer_project(self, name: str, variant: str = "") -> None:
        releases = [
            one
            for one in self.index.distributions
            if re.sub(r"[-_.]+", "-", one.name).lower() == name and one.version.partition("+")[2] in {variant, ""}
        ]
        if not variant:
            releases = [one for one in releases if "+" not in one.version]
        if not releases:
            self._answer(HTTPStatus.NOT_FOUND, b"")
            return
        files = [self._describe(one) for one in releases]
        if _JSON in self.headers.get("Accept", ""):
            document = {"meta": {"api-version": "1.1"}, "name": name, "files": files,
                        "versions": [one.version for one in releases]}  # fmt: skip
            self._answer(HTTPStatus.OK, json.dumps(document).encode(), {"Content-Type": _JSON})
            return
        page = f"<!DOCTYPE html><html><body>{''.join(_anchor(file) for file in files)}</body></html>"
        self._answer(HTTPStatus.OK, page.encode(), {"Content-Type": "text/html"})

    def _describe(self, one: Distribution) -> dict[str, Any]:
        name = one.sdist_name if one.sdist_only else one.wheel_name
        content = self.index.file(name) or b""
        digest = {} if self.index.faults.no_digests else {"sha256": hashlib.sha256(content).hexdigest()}
        described: dict[str, Any] = {
            "filename": name,
            "url": f"/files/{name}",
            "hashes": digest,
            "size": len(content),
            "core-metadata": not one.sdist_only,
        }
        if one.yanked:
            described["yanked"] = one.yanked
        return {**described, "requires-python": one.requires_python} if one.requires_python else described

    def _answer_file(self, name: str) -> None:
        content = self.index.file(name)
        if content is None:
            self._answer(HTTPStatus.NOT_FOUND, b"")
        elif self.index.faults.file_status and not name.endswith(".metadata"):
            self._answer(self.index.faults.file_status, b"")
        else:
            wrong = name in self.index.faults.wrong_bytes
            self._answer(HTTPStatus.OK, content[:-1] + b"!" if wrong else content)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _anchor(file: dict[str, Any]) -> str:
    fragment = "".join(f"#{name}={digest}" for name, digest in file["hashes"].items())
    return f'<a href="{file["url"]}{fragment}">{file["filename"]}</a>'


def _files_of(one: Distribution) -> dict[str, bytes]:
    if one.sdist_only:
        return {one.sdist_name: one.sdist()}
    return {one.wheel_name: one.wheel(), f"{one.wheel_name}.metadata": one.metadata.encode()}

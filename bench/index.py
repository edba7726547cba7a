"""A package index of the wheels of a folder, on loopback, as a process of its own: `python -m bench.index FOLDER PORT`.

Every contestant installs from it, so that no figure holds the weather of the network. Source: PEP 503, 658, 691.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from bench.machine import ROOT, free_port, stop, wait_for_server

_JSON = "application/vnd.pypi.simple.v1+json"
_REQUIRES_PYTHON = re.compile(r"^Requires-Python: *(.+)$", re.MULTILINE)
_START_LIMIT_S = 60.0


@dataclass
class Wheel:
    """A wheel of the folder."""

    path: Path

    @cached_property
    def project(self) -> str:
        """The name of its project, normalised."""
        return canonicalize_name(parse_wheel_filename(self.path.name)[0])

    @cached_property
    def metadata(self) -> bytes:
        """Its core metadata."""
        with zipfile.ZipFile(self.path) as archive:
            name = next(one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
            return archive.read(name)

    @cached_property
    def described(self) -> dict[str, object]:
        """What an index says of it."""
        digest = hashlib.sha256()
        with self.path.open("rb") as content:
            while chunk := content.read(1 << 20):
                digest.update(chunk)
        found = _REQUIRES_PYTHON.search(self.metadata.decode())
        return {
            "filename": self.path.name,
            "url": f"/files/{self.path.name}",
            "hashes": {"sha256": digest.hexdigest()},
            "size": self.path.stat().st_size,
            "core-metadata": {"sha256": hashlib.sha256(self.metadata).hexdigest()},
            **({"requires-python": found[1].strip()} if found else {}),
        }

    @property
    def anchor(self) -> str:
        """Its line on a page for people."""
        described = self.described
        (digest,) = dict(described["hashes"]).values()  # type: ignore[call-overload]  # built above, a dict
        attributes = f' data-requires-python="{escape(str(described["requires-python"]))}"' * (
            "requires-python" in described
        )
        return (
            f'<a href="{described["url"]}#sha256={digest}"{attributes} data-core-metadata="true">{self.path.name}</a>'
        )


@contextmanager
def serve_wheels(folder: Path) -> Iterator[str]:
    """The address of an index of the folder, until the end of the block."""
    port = free_port()
    process = subprocess.Popen((sys.executable, "-m", "bench.index", str(folder), str(port)), cwd=ROOT)
    try:
        wait_for_server(port, process, _START_LIMIT_S)
        yield f"http://127.0.0.1:{port}/simple/"
    finally:
        stop(process)


def main() -> None:
    """Serve until the end."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    wheels = {path.name: Wheel(path) for path in sorted(folder.glob("*.whl"))}
    for wheel in wheels.values():
        _ = wheel.described
    handler = type("Handler", (_Handler,), {"wheels": wheels})
    ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()


class _Handler(BaseHTTPRequestHandler):
    wheels: dict[str, Wheel]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with a page of a project, a wheel, or its metadata."""
        kind, _, name = self.path.partition("?")[0].strip("/").partition("/")
        wheel = self.wheels.get(name.removesuffix(".metadata"))
        if kind == "simple":
            self._answer_project(name)
        elif kind != "files" or wheel is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"")
        elif name.endswith(".metadata"):
            self._answer(HTTPStatus.OK, "text/plain", wheel.metadata)
        else:
            self._send_file(wheel.path)

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""

    def _answer_project(self, name: str) -> None:
        wheels = [wheel for wheel in self.wheels.values() if wheel.project == canonicalize_name(name)]
        if not wheels:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"")
        elif _JSON in self.headers.get("Accept", ""):
            document = {"meta": {"api-version": "1.0"}, "name": name, "files": [wheel.described for wheel in wheels]}
            self._answer(HTTPStatus.OK, _JSON, json.dumps(document).encode())
        else:
            anchors = "".join(wheel.anchor for wheel in wheels)
            self._answer(HTTPStatus.OK, "text/html", f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode())

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_file(self, path: Path) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        if self.command != "HEAD":
            with path.open("rb") as content:
                shutil.copyfileobj(content, self.wfile, 1 << 20)


if __name__ == "__main__":
    main()

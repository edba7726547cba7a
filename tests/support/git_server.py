"""A git repository behind HTTP with a password, on loopback: plain files, as `git update-server-info` prepares them."""

from __future__ import annotations

import base64
import functools
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@a.test",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@a.test",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


@contextmanager
def serve_repository(place: Path, files: Mapping[str, str], *, credentials: str) -> Iterator[str]:
    """One commit with these files; gives the address without `user:password`, until the end of the block."""
    work = place / "work"
    for path, text in files.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_text(text)
    _git(work, "init", "--quiet", "--initial-branch=main")
    _git(work, "add", ".")
    _git(work, "commit", "--quiet", "--message", "all")
    _git(place, "clone", "--quiet", "--bare", "work", "repo.git")
    _git(place / "repo.git", "update-server-info")
    expected = "Basic " + base64.b64encode(credentials.encode()).decode()
    handler = functools.partial(type("Handler", (_Handler,), {"expected": expected}), directory=str(place))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/repo.git"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _git(directory: Path, *arguments: str) -> None:
    command = ("git", *arguments)
    subprocess.run(command, cwd=directory, env={**os.environ, **_IDENTITY}, check=True, capture_output=True)


class _Handler(SimpleHTTPRequestHandler):
    expected: str

    def do_GET(self) -> None:
        """Answer one request, or ask for the password."""
        if self.headers.get("Authorization") == self.expected:
            super().do_GET()
            return
        self.send_response(HTTPStatus.UNAUTHORIZED)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""

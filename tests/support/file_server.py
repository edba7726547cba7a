"""A server on loopback that gives the answers it was told to give, one after the other."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One answer. `promised` is the length that the headers tell, where it is not the body's."""

    status: int = 200
    body: bytes = b""
    location: str = ""
    promised: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request."""

    path: str
    authorization: str | None


@dataclass(kw_only=True)
class FileServer:
    """`answers` are used up one by one for each path; the last is given again and again. Others are 404."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    def url(self, path: str, credentials: str = "") -> str:
        """The address of a path, with `user:password` before the host where that is given."""
        return f"http://{credentials}{'@' if credentials else ''}127.0.0.1:{self.port}{path}"


@contextmanager
def serve_files() -> Iterator[FileServer]:
    """A running server."""
    files = FileServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"files": files}))
    files.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def serve_repository(root: Path, files: FileServer, content: Mapping[str, str]) -> str:
    """Serve a repository of those files below `/repo`, and say its one commit."""
    for name, text in content.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@a.test", "-C", str(root))
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("add", "."),
        ("commit", "-q", "-m", "one"),
        ("update-server-info",),
    ):
        subprocess.run((*git, *arguments), check=True, capture_output=True)
    for path in root.rglob("*"):
        if path.is_file():
            relative = path.relative_to(root).as_posix()
            files.answers[f"/repo/{relative}"] = [Answer(body=path.read_bytes())]
            files.answers[f"/repo/{relative}?service=git-upload-pack"] = [Answer(body=path.read_bytes())]
    head = subprocess.run((*git, "rev-parse", "HEAD"), check=True, capture_output=True, text=True)
    return head.stdout.strip()


class _Handler(BaseHTTPRequestHandler):
    files: FileServer

    def do_GET(self) -> None:
        """Answer one request and close."""
        self.files.asked.append(Asked(path=self.path, authorization=self.headers.get("Authorization")))
        answers = self.files.answers.get(self.path, [Answer(status=404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body) if answer.promised is None else answer.promised))
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: `asked` has it."""

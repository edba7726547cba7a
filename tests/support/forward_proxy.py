"""A proxy on loopback: it passes plain HTTP on to servers of the tests, or refuses everything with one status."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit


@dataclass(kw_only=True)
class ForwardProxy:
    """A running proxy. `asked` lists what it was asked for: whole URLs, or `host:port` of tunnels.

    `status` refuses everything. Where it is None, every request goes to the server at `port`, whatever its host is.
    """

    status: int | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)
    own_port: int = 0

    @property
    def url(self) -> str:
        """The address for HTTP_PROXY."""
        return f"http://127.0.0.1:{self.own_port}"


@contextmanager
def serve_proxy(*, status: int | None = None, port: int = 0) -> Iterator[ForwardProxy]:
    """A proxy until the end of the block."""
    proxy = ForwardProxy(status=status, port=port)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": proxy}))
    server.daemon_threads = True
    proxy.own_port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    proxy: ForwardProxy

    def do_GET(self) -> None:
        """Pass one request on."""
        self.proxy.asked.append(self.path)
        if self.proxy.status is not None:
            self._refuse(self.proxy.status)
            return
        parts = urlsplit(self.path)
        connection = HTTPConnection("127.0.0.1", self.proxy.port)
        accepted = {"Accept": self.headers.get("Accept", "*/*")}
        connection.request("GET", parts.path, headers=accepted)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        """Refuse a tunnel: this proxy digs none."""
        self.proxy.asked.append(self.path)
        self._refuse(self.proxy.status or 501)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: `asked` has it."""

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

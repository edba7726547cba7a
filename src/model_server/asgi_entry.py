"""The app factory that uvicorn's workers call: loads the user's app and wraps it in the access log.

Also what tells the supervisor that a worker can never start. It is a signal because no version of uvicorn has another
way: up to 0.29 the supervisor waits for ever, later ones start worker after worker, 0.54 stops and exits with 0.
"""

from __future__ import annotations

import inspect
import logging
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from model_server.boot import EXIT_CANNOT_START
from model_server.log_lines import ACCESS_ATTRIBUTE, REQUEST_ID_HEADERS, Access, AccessFormatter
from model_server.user_app import load_app

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Message, Receive, Send], Awaitable[None]]

SUPERVISOR_VARIABLE = "MODEL_SERVER_SUPERVISOR_PID"
# A real-time signal: the ordinary ones all mean something to uvicorn already.
BOOT_FAILED_SIGNAL = signal.SIGRTMIN + 3

_error_log = logging.getLogger("uvicorn.error")
_access_log = logging.getLogger("uvicorn.access")


def application() -> Any:  # noqa: ANN401 (an ASGI app of either version)
    """The user's app, with access log. Exits with 3 if it cannot be loaded, whatever the reason."""
    try:
        app = load_app(_error_log)
    except SystemExit as leaving:
        if leaving.code == EXIT_CANNOT_START:
            tell_supervisor()
        raise
    return Served(app) if speaks_asgi3(app) else app


def speaks_asgi3(app: object) -> bool:
    """Whether one call takes scope, receive and send; the old way were two calls."""
    if inspect.isclass(app):
        return hasattr(app, "__await__")
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


def tell_supervisor() -> None:
    """Stop the process that would start this worker again, if there is one."""
    supervisor = os.environ.get(SUPERVISOR_VARIABLE)
    if supervisor == str(os.getppid()):
        os.kill(os.getppid(), BOOT_FAILED_SIGNAL)


class Served:
    """An ASGI app whose requests are logged, and whose failed startup stops the container."""

    def __init__(self, app: App) -> None:
        self.app = app
        # A log configuration of the user's own keeps uvicorn's own records.
        self.logs_access = any(isinstance(handler.formatter, AccessFormatter) for handler in _access_log.handlers)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass everything on unchanged."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, _watch_startup(send))
        elif scope["type"] == "http" and self.logs_access:
            await self._serve(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        started_s = time.perf_counter()
        # Before the app sees it: routers change their scope.
        method, raw_path, query = scope["method"], scope.get("raw_path"), scope["query_string"].decode("latin-1")
        path = raw_path.decode("latin-1") if raw_path else scope["path"]
        # What uvicorn answers when the app does not.
        status, length = 500, 0

        async def count(message: Message) -> None:
            nonlocal status, length
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body" and method != "HEAD":
                length += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, count)
        finally:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            access = Access(
                client=scope["client"][0] if scope.get("client") else None,
                method=method,
                path=path.partition("?")[0],
                query=query,
                protocol=f"HTTP/{scope['http_version']}",
                status=status,
                bytes=length,
                duration_ms=round((time.perf_counter() - started_s) * 1000, 3),
                user_agent=headers.get("user-agent"),
                request_id=next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), None),
            )
            _access_log.info("%s %s %d", method, path, status, extra={ACCESS_ATTRIBUTE: access})


def _watch_startup(send: Send) -> Send:
    async def watched(message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            tell_supervisor()
        await send(message)

    return watched

"""The function that aiohttp's gunicorn worker calls: loads the user's app and gives its runner our access log."""

from __future__ import annotations

import inspect
import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from model_server import environment
from model_server.log_lines import ACCESS_ATTRIBUTE, REQUEST_ID_HEADERS, Access
from model_server.user_app import exit_unloadable, load_app

_error_log = logging.getLogger("gunicorn.error")


class AccessLogger(AbstractAccessLogger):
    """Hands requests to gunicorn's access log."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log one answered request; `time` is in seconds."""
        headers = request.headers
        access = Access(
            client=request.remote,
            method=request.method,
            path=request.rel_url.raw_path,
            query=request.rel_url.raw_query_string,
            protocol=f"HTTP/{request.version.major}.{request.version.minor}",
            status=response.status,
            # A streamed response has no other number than this one, which counts its headers too.
            bytes=response.body_length if response.content_length is None else response.content_length,
            duration_ms=round(time * 1000, 3),
            user_agent=headers.get("User-Agent"),
            request_id=next((headers[name] for name in REQUEST_ID_HEADERS if headers.get(name)), None),
        )
        self.logger.info("%s %s %d", access.method, access.path, access.status, extra={ACCESS_ATTRIBUTE: access})


class BootedRunner(web.AppRunner):
    """A runner whose startup hooks end the worker when they fail; older workers would be started again for ever."""

    async def setup(self) -> None:
        """Run the app's startup hooks."""
        try:
            await super().setup()
        except Exception as error:  # noqa: BLE001 (it is the user's program)
            exit_unloadable(error, _error_log)


async def runner() -> web.AppRunner:
    """The user's app, or what its plain or async factory makes, ready to be set up. Exits with 3 if it fails."""
    made = load_app(_error_log)
    try:
        # aiohttp's own worker takes an async factory without being told that it is one.
        if inspect.iscoroutinefunction(made):
            made = made()
        if inspect.isawaitable(made):
            made = await made
    except (Exception, SystemExit) as error:  # noqa: BLE001 (it is the user's program)
        exit_unloadable(error, _error_log)
    if isinstance(made, web.AppRunner):
        return made
    return BootedRunner(
        made,
        logger=_error_log,
        keepalive_timeout=environment.KEEP_ALIVE_S,
        access_log_class=AccessLogger,
        access_log=logging.getLogger("gunicorn.access"),
        shutdown_timeout=environment.GRACE_S,
    )

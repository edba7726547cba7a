"""The ASGI application: finds the handler, sends what it answers, and gives every refusal its protocol's shape."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from model_server.models.refusals import ClientGone
from model_server.protocols.exchange import Refusal, Request, Response, json_response
from model_server.protocols.routes import find_handler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from model_server.protocols.prediction import Predictor

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_log = logging.getLogger("uvicorn.error")
# MLflow's words for its statuses; everything else that a client did is BAD_REQUEST there.
_MLFLOW_CODES = {
    404: "RESOURCE_DOES_NOT_EXIST",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class ModelApplication:
    """Serves one set of models."""

    def __init__(self, predictor: Predictor, *, body_bytes_max: int, start: Callable[[], None]) -> None:
        self._predictor = predictor
        self._body_bytes_max = body_bytes_max
        self._start = start

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One connection's lifespan or one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            self._predictor.metrics.in_progress += 1
            try:
                await _send(send, await self._answer(scope, receive))
            finally:
                self._predictor.metrics.in_progress -= 1
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._start()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Message, receive: Receive) -> Response:
        path = scope["path"]
        request = Request(
            method=scope["method"],
            path=path,
            headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            receive=receive,
            body_bytes_max=self._body_bytes_max,
        )
        try:
            handler, target = find_handler(request.method, path)
            return await handler(request, self._predictor, target)
        except Refusal as refusal:
            return render_refusal(path, refusal)
        except ClientGone:
            return render_refusal(path, Refusal(499, "the client is gone"))
        except Exception:  # noqa: BLE001 (a fault of ours costs one request, and is in the log)
            _log.exception("%s %s failed", request.method, path)
            return render_refusal(path, Refusal(500, "the server failed; its log says why"))


def render_refusal(path: str, refusal: Refusal) -> Response:
    """The refusal in the shape of the protocol that the path belongs to."""
    if path.startswith("/invocations"):
        code = _MLFLOW_CODES.get(refusal.status, "BAD_REQUEST")
        return json_response({"error_code": code, "message": refusal.message}, refusal.status, refusal.headers)
    return json_response({"error": refusal.message}, refusal.status, refusal.headers)


async def _send(send: Send, response: Response) -> None:
    headers = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", str(len(response.body)).encode()),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})

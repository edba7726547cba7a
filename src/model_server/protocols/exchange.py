"""A request and a response as values, and what a request may look like: its size and its media type."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from model_server.models.refusals import ClientGone
from model_server.protocols import json_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from model_server.models.gathering import Job

JSON = "application/json"
# How long an answer takes until somebody looks whether its client is still there: most answers are there sooner.
_WATCH_AFTER_S = 0.05


class Refusal(Exception):
    """An answer that is not a prediction: its status, a sentence for the client, and further headers."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers


@dataclass(frozen=True)
class Target:
    """The model that a path names; an empty name where it names none."""

    model: str = ""
    version: str | None = None


@dataclass(frozen=True)
class Response:
    """What is sent. Every response says what it holds."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Request:
    """One HTTP request; its body is read when a handler asks for it."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By their names in small letters."""
    receive: Callable[[], Awaitable[Any]]
    body_bytes_max: int
    _watcher: asyncio.Task[None] | None = field(default=None, init=False)

    @property
    def media_type(self) -> str | None:
        """The type without its parameters, in small letters; None if the client gave none."""
        given = self.headers.get("content-type")
        return None if given is None else given.partition(";")[0].strip().lower()

    async def body(self) -> bytes:
        """The whole body. Raises: Refusal (413), ClientGone."""
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.body_bytes_max:
            raise self._too_large()
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise Refusal(415, "a compressed body is not understood: send it as it is")
        parts, size = [], 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.body_bytes_max:
                raise self._too_large()
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    async def answer_of(self, job: Job) -> Any:  # noqa: ANN401 (what the job answers)
        """The job's answer, unless the client goes away before. Raises what the job does."""
        timer = asyncio.get_running_loop().call_later(_WATCH_AFTER_S, self._watch, job)
        try:
            return await job.answer
        finally:
            timer.cancel()
            if self._watcher is not None:
                self._watcher.cancel()

    def _watch(self, job: Job) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._leave_when_gone(job))

    async def _leave_when_gone(self, job: Job) -> None:
        if (await self.receive())["type"] == "http.disconnect":
            job.leave(ClientGone())

    def _too_large(self) -> Refusal:
        # The rest of the body is not read, so the connection cannot be used again.
        return Refusal(413, f"the body is larger than {self.body_bytes_max} bytes", (("connection", "close"),))


def json_response(value: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """The value as JSON."""
    return Response(status=status, body=json_text.write(value), headers=headers)


def check_media_type(request: Request, allowed: tuple[str, ...], *, required: bool) -> str:
    """The request's media type. Raises: Refusal (415)."""
    given = request.headers.get("content-type", "")
    listed = ", ".join(allowed)
    if not given.strip():
        if required:
            raise Refusal(415, f"the request has no Content-Type; it must be one of {listed}")
        return allowed[0]
    if request.media_type not in allowed:
        raise Refusal(415, f"the Content-Type {given!r} is not understood; it must be one of {listed}")
    for parameter in given.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() != "charset":
            raise Refusal(415, f"the Content-Type may have no parameter but charset, and it has {name!r}")
        if value.strip('"').lower() not in {"utf-8", "utf8"}:
            raise Refusal(415, "only UTF-8 is understood")
    return request.media_type or allowed[0]


def read_object(text: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises: Refusal (400)."""
    try:
        value = json_text.read(text)
    except json_text.InvalidJson as error:
        raise Refusal(400, f"the body is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise Refusal(400, "the body must be a JSON object")
    return value

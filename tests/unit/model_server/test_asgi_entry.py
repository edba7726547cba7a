"""The wrapper around ASGI apps, in this process: what it counts, and that it changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from model_server.asgi_entry import Served, speaks_asgi3
from model_server.log_lines import ACCESS_ATTRIBUTE, Access, AccessFormatter

if TYPE_CHECKING:
    from model_server.asgi_entry import App, Message, Receive, Send

SCOPE: Message = {
    "type": "http",
    "method": "GET",
    "path": "/a b",
    "raw_path": b"/a%20b",
    "query_string": b"",
    "http_version": "2",
    "headers": [(b"x-correlation-id", b"c1"), (b"x-request-id", b"")],
    "client": ("10.0.0.1", 5),
}


class Records(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(AccessFormatter())
        self.accesses: list[Access] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's access."""
        self.accesses.append(getattr(record, ACCESS_ATTRIBUTE))


@pytest.fixture
def records() -> Iterator[Records]:
    """The access log, as our log configuration sets it up."""
    logger, handler = logging.getLogger("uvicorn.access"), Records()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)


async def answers(_scope: Message, _receive: Receive, send: Send) -> None:
    """An app that answers in two parts."""
    await send({"type": "http.response.start", "status": 201})
    await send({"type": "http.response.body", "body": b"abc", "more_body": True})
    await send({"type": "http.response.body", "body": b"de"})


async def raises(_scope: Message, _receive: Receive, _send: Send) -> None:
    """An app that fails before it answers."""
    raise ValueError("no")


def ask(app: App, **changed: object) -> list[Message]:
    """The messages that the server would have got."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(Served(app)({**SCOPE, **changed}, receive, send))
    return sent


def test_a_whole_answer_is_one_record(records: Records) -> None:
    """With the path as it was sent, and the first request id that is one."""
    sent = ask(answers)

    (access,) = records.accesses
    assert 3 == len(sent)
    assert (
        Access(
            client="10.0.0.1",
            method="GET",
            path="/a%20b",
            query="",
            protocol="HTTP/2",
            status=201,
            bytes=5,
            duration_ms=access.duration_ms,
            user_agent=None,
            request_id="c1",
        )
        == access
    )


def test_the_body_of_a_head_answer_is_not_counted(records: Records) -> None:
    """The server does not send it."""
    ask(answers, method="HEAD")

    assert [0] == [access.bytes for access in records.accesses]


def test_an_app_that_raises_is_a_500_and_still_raises(records: Records) -> None:
    """The server logs the traceback and answers."""
    with pytest.raises(ValueError, match="no"):
        ask(raises)

    assert [500] == [access.status for access in records.accesses]


def test_websockets_pass_unlogged(records: Records) -> None:
    """They have no answer to log, and the server logs them itself."""
    ask(answers, type="websocket")

    assert [] == records.accesses


def test_a_log_of_the_users_own_gets_no_records_of_ours() -> None:
    """Without our formatter nothing is logged: uvicorn's own records are all there is."""
    assert not Served(answers).logs_access


class Modern:
    """An app as frameworks make them."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer."""

    async def bound(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer."""


class Old:
    """Made from a scope, called with the rest."""

    def __init__(self, scope: Message) -> None:
        self.scope = scope


@pytest.mark.parametrize(
    ("app", "expected"),
    [(answers, True), (Modern(), True), (Modern().bound, True), (Old, False), (lambda _: None, False)],
)
def test_apps_of_the_old_two_call_kind_are_recognised(app: object, expected: bool) -> None:  # noqa: FBT001
    """They are served unwrapped."""
    assert expected is speaks_asgi3(app)

"""Log lines, from records to text."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from model_server.log_lines import ACCESS_ATTRIBUTE, Access, AccessFormatter, CompleteAccess, ErrorFormatter

ACCESS = Access(
    client=None,
    method="GET",
    path="/x",
    query="a=\u2028",
    protocol="HTTP/1.1",
    status=200,
    bytes=3,
    duration_ms=1.25,
    user_agent='"\n{"level": "error"}',
    request_id=None,
)


def record_of(message: str, **attributes: object) -> logging.LogRecord:
    """A record of a fixed moment."""
    record = logging.LogRecord("some.logger", logging.WARNING, __file__, 1, message, None, None)
    record.created, record.process = 0.0125, 7
    record.__dict__.update(attributes)
    return record


def test_an_access_line_is_ascii_json_on_one_line() -> None:
    """Whatever a client sends, the collector reads one object."""
    line = AccessFormatter().format(record_of("", **{ACCESS_ATTRIBUTE: ACCESS}))

    assert line.isascii()
    assert line.isprintable()
    assert {
        "time": "1970-01-01T00:00:00.012Z",
        "level": "warning",
        "logger": "some.logger",
        "client": None,
        "method": "GET",
        "path": "/x",
        "query": "a=\u2028",
        "protocol": "HTTP/1.1",
        "status": 200,
        "bytes": 3,
        "duration_ms": 1.25,
        "user_agent": '"\n{"level": "error"}',
        "request_id": None,
    } == json.loads(line)


def test_an_access_line_as_text_is_one_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoting is what keeps a client from beginning a line."""
    monkeypatch.setenv("LOG_FORMAT", "text")

    line = AccessFormatter().format(record_of("", **{ACCESS_ATTRIBUTE: ACCESS}))

    assert (
        '1970-01-01T00:00:00.012Z WARNING some.logger - "GET /x?a=\\u2028 HTTP/1.1" 200 3 1.25ms '
        '"\\"\\n{\\"level\\": \\"error\\"}"'
    ) == line


def test_records_of_the_servers_own_are_left_out() -> None:
    """They would be the same request a second time."""
    passes = CompleteAccess().filter

    assert (True, False) == (passes(record_of("", **{ACCESS_ATTRIBUTE: ACCESS})), passes(record_of("")))


def test_an_error_is_text_with_a_readable_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read by the person whose app does not start."""
    monkeypatch.delenv("LOG_FORMAT", raising=False)

    lines = ErrorFormatter().format(record_of("it failed\n", exc_info=caught())).splitlines()

    assert "1970-01-01T00:00:00.012Z WARNING some.logger [7] it failed" == lines[0]
    assert ["Traceback (most recent call last):", "ValueError: because"] == [lines[1], lines[-1]]


def test_an_error_as_json_has_the_traceback_in_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector gets one record."""
    monkeypatch.setenv("LOG_FORMAT", "json")

    line = ErrorFormatter().format(record_of("it failed\n", exc_info=caught()))
    fields = json.loads(line)
    exception = fields.pop("exception")

    assert {
        "time": "1970-01-01T00:00:00.012Z",
        "level": "warning",
        "logger": "some.logger",
        "message": "it failed",
        "pid": 7,
    } == fields
    assert ("Traceback", "ValueError: because") == (exception[:9], exception.splitlines()[-1])


def caught() -> object:
    """What `sys.exc_info` gives for an exception."""
    try:
        raise ValueError("because")  # noqa: TRY301 (it is caught to be shown)
    except ValueError:
        return sys.exc_info()

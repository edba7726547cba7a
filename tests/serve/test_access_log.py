"""Access lines: one JSON object per request on stdout, with the same keys from every server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serve.conftest import AppKind, Serve
    from support.running_server import RunningServer

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_request_is_one_line_whatever_the_client_sends(shared: RunningServer, kind: AppKind) -> None:
    """Quotes, line ends and braces of a client must not be able to make up a line or a field."""
    path, query = "/%0A%7B%22status%22:200%7D", "q=%22%0A&r=%7D"
    headers = {"User-Agent": 'a "b" \\"c\\', "X-Request-ID": '"}'}

    status = shared.ask(f"{path}?{query}", headers=headers).status
    line = shared.access_line(path, query)
    time, duration_ms, length = line.pop("time"), line.pop("duration_ms"), line.pop("bytes")

    assert 404 == status
    assert {
        "level": "info",
        "logger": kind.access_logger,
        "client": "127.0.0.1",
        "method": "GET",
        "path": path,
        "query": query,
        "protocol": "HTTP/1.1",
        "status": 404,
        "user_agent": 'a "b" \\"c\\',
        "request_id": '"}',
    } == line
    assert TIME.fullmatch(time)
    assert isinstance(duration_ms, float)
    assert 0 < duration_ms < 10_000
    assert isinstance(length, int)


def test_bytes_and_duration_are_those_of_the_whole_answer(shared: RunningServer) -> None:
    """The line is written when the last byte is sent, not the first."""
    shared.ask("/slow")
    line = shared.access_line("/slow")

    assert {"bytes": len("finished"), "status": 200, "request_id": None} == {
        name: line[name] for name in ("bytes", "status", "request_id")
    }
    assert line["duration_ms"] >= 600


def test_an_error_is_logged_as_what_the_client_got(shared: RunningServer) -> None:
    """An app that raises sends nothing itself; the server's 500 counts."""
    shared.ask("/broken?logged")

    assert 500 == shared.access_line("/broken", query="logged")["status"]


def test_text_is_a_setting(serve: Serve, server_kind: AppKind) -> None:
    """LOG_FORMAT=text is for people who read along."""
    server = serve(server_kind, env={"LOG_FORMAT": "text"})
    server.ask("/pid?a=1", headers={"User-Agent": 'a "b"'})
    server.terminate()

    (line,) = (line for line in server.stdout().splitlines() if "/pid" in line)
    time, level, logger, client, *request, length, duration, agent, rest = line.split(" ")
    assert TIME.fullmatch(time)
    assert ("INFO", server_kind.access_logger, "127.0.0.1") == (level, logger, client)
    assert ['"GET', "/pid?a=1", 'HTTP/1.1"', "200"] == request
    assert re.fullmatch(r"\d+ [\d.]+ms", f"{length} {duration}")
    assert '"a \\"b\\""' == f"{agent} {rest}"


def test_log_level_holds_for_access_lines(serve: Serve, server_kind: AppKind) -> None:
    """They have the level info, so a higher one is without them."""
    server = serve(server_kind, env={"LOG_LEVEL": "warning"})
    server.ask("/pid")

    assert 0 == server.terminate()
    assert ("", "") == (server.stdout(), server.stderr())


def test_a_log_configuration_of_the_users_own_is_used(serve: Serve, asgi: AppKind) -> None:
    """Their formatters know uvicorn's records, not ours."""
    config = (
        '{"version": 1, "formatters": {"f": {"format": "MINE %(message)s"}}, "handlers": {"h": {"class": '
        '"logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "f"}}, "loggers": {"uvicorn.access": '
        '{"handlers": ["h"], "level": "INFO"}}}'
    )
    server = serve(asgi, env={"UVICORN_LOG_CONFIG": "log.json"}, files={"log.json": config})
    server.ask("/pid")
    server.terminate()

    assert re.fullmatch(r'(MINE 127\.0\.0\.1:\d+ - "GET /(not-there|pid) HTTP/1\.1" \d+\n)+', server.stdout())

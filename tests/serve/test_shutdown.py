"""SIGTERM: what is in flight is finished, and the exit code is 0."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from support.running_server import Answer, RunningServer

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from serve.conftest import AppKind, Serve


def test_a_request_in_flight_is_finished(serve: Serve, kind: AppKind) -> None:
    """A rolling update loses nothing, and idle connections of a load balancer do not hold it up."""
    finishes_what_is_in_flight(serve(kind, env={"WEB_CONCURRENCY": "2"}))


def test_a_single_uvicorn_worker_finishes_too(serve: Serve, asgi: AppKind) -> None:
    """Without a supervisor it is another program, whose exit code would be that of the signal."""
    finishes_what_is_in_flight(serve(asgi, env={"WEB_CONCURRENCY": "1"}))


def test_sigterm_while_the_app_loads_is_not_a_failure(serve: Serve, asgi: AppKind) -> None:
    """An update that is taken back before the model was loaded has not crashed."""
    loading = "import time, sys\nprint('loading', file=sys.stderr, flush=True)\ntime.sleep(0.5)\n" + asgi.source
    server = serve(asgi, files={"main.py": loading}, answers=False)
    while "loading" not in server.stderr():
        time.sleep(0.02)

    assert 0 == server.terminate()


def finishes_what_is_in_flight(server: RunningServer) -> None:
    """Terminate the server while one request runs and one connection is idle."""
    idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    idle.request("GET", "/pid")
    idle.getresponse().read()

    with ThreadPoolExecutor() as pool:
        in_flight = pool.submit(server.ask, "/slow")
        time.sleep(0.25)
        told = time.monotonic()
        exit_code = server.terminate()
        needed_s = time.monotonic() - told
        answer = in_flight.result()
    idle.close()

    assert (0, Answer(status=200, body="finished")) == (exit_code, answer), server.stderr()
    assert needed_s < 8

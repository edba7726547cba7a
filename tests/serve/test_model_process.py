"""The model server as a process: how it starts, when it is ready, what it does under load, and how it ends."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from support.model_server import (
    SETOSA,
    VIRGINICA,
    get,
    manifest,
    model_server,
    pickled,
    post,
    tensor,
    wait_until_ready,
)
from support.running_server import RunningServer, until, wait_until_it_answers

INFER = "/v2/models/flowers/infer"
FLOWERS: dict[str, str | bytes] = {"flowers.pkl": pickled("Flowers"), "manifest.json": manifest(flowers={})}
# A value that makes the model take that many milliseconds longer.
HALF_A_SECOND = tensor([1500.0, 1, 1.4, 1], [1, 4])


class ServeModels(Protocol):
    """Starts a model server that ends with the test."""

    def __call__(
        self, files: Mapping[str, str | bytes], env: Mapping[str, str] | None = None, *, ready: bool = True
    ) -> RunningServer:
        """Over these files."""


@pytest.fixture
def serve_models(tmp_path: Path) -> Iterator[ServeModels]:
    """Servers that end with the test."""
    with ExitStack() as stack:

        def start(
            files: Mapping[str, str | bytes], env: Mapping[str, str] | None = None, *, ready: bool = True
        ) -> RunningServer:
            return stack.enter_context(model_server(tmp_path, files, env, ready=ready))

        yield start


@pytest.mark.parametrize(
    ("files", "env", "line"),
    [
        pytest.param(
            {"manifest.json": manifest(flowers={"format": "tensorflow"})},
            {},
            "the model flowers (flowers.pkl) has the format tensorflow, which this server cannot load; "
            "it loads catboost, custom, lightgbm, onnx, sklearn, statsmodels, xgboost",
            id="a format without a loader",
        ),
        pytest.param(
            {},
            {"MODEL_SERVER_MANIFEST": ""},
            "MODEL_SERVER_MANIFEST is not set: this image was not built with a model",
            id="no manifest",
        ),
        pytest.param(
            {"manifest.json": '{"schema": 2, "models": [1]}'},
            {},
            "the manifest of the models, DIR/manifest.json, has schema 2, and this server reads 1: "
            "build the image again",
            id="a later schema",
        ),
        pytest.param(
            {"manifest.json": manifest()},
            {},
            "the manifest of the models, DIR/manifest.json, names no model",
            id="an empty set is never ready",
        ),
        pytest.param(
            {**FLOWERS, "flowers.pkl": pickled("Broken")},
            {},
            "the model flowers (flowers.pkl) cannot be loaded: RuntimeError: no weights in this file",
            id="a model that cannot be loaded",
        ),
        pytest.param(
            {**FLOWERS, "flowers.pkl": pickled("Broken")},
            {"WEB_CONCURRENCY": "2"},
            "the model flowers (flowers.pkl) cannot be loaded: RuntimeError: no weights in this file",
            id="the same in two workers",
        ),
        pytest.param(
            {"manifest.json": manifest(flowers={})},
            {},
            "the model flowers is not there: DIR/flowers.pkl does not exist in this image",
            id="a model that is not there",
        ),
        pytest.param(
            FLOWERS,
            {"MODEL_SERVER_MAX_ROWS": "many"},
            "MODEL_SERVER_MAX_ROWS must be a whole number from 1 to 1000000000, and it is 'many'",
            id="a limit that is none",
        ),
    ],
)
@pytest.mark.slow
def test_what_can_never_start_is_one_line_and_exit_code_3(
    serve_models: ServeModels, files: Mapping[str, str | bytes], env: Mapping[str, str], line: str
) -> None:
    """A supervisor has nothing to retry, and a person reads one sentence."""
    server = serve_models(files, env, ready=False)

    assert 3 == server.exit_code(), server.stderr()
    said = {line for line in server.stderr().splitlines() if line.startswith("model_server: ")}
    assert {f"model_server: {line}".replace("DIR", str(server.app_dir))} == said
    assert "Traceback" not in server.stderr()


def test_alive_while_it_loads_and_ready_afterwards(serve_models: ServeModels) -> None:
    """A big model takes minutes, in which the platform must neither send requests nor kill it."""
    server = serve_models({**FLOWERS, "flowers.pkl": pickled("SlowlyLoaded")}, ready=False)
    wait_until_it_answers(server)
    paths = (
        "/v2/health/live",
        "/livez",
        "/v2/health/ready",
        "/v2/models/flowers/ready",
        "/readyz",
        "/startupz",
        "/ping",
    )

    while_loading = [get(server, path).status for path in paths]
    with ThreadPoolExecutor() as pool:
        early = pool.submit(post, server, INFER, tensor([SETOSA], [1, 4]))
        unknown = post(server, "/v2/models/nope/infer", {}).status
        (server.app_dir / "go").touch()
        wait_until_ready(server)

    assert [200, 200, 503, 503, 503, 503, 503] == while_loading
    assert 404 == unknown
    assert (200, [0]) == (early.result().status, early.result().json["outputs"][0]["data"])
    assert [200] * 7 == [get(server, path).status for path in paths]


def test_several_models_are_asked_by_name(serve_models: ServeModels) -> None:
    """And `/invocations`, which cannot name one, says where to ask; versions are newest first unless named."""
    entries = {"a": {"path": "x.pkl"}, "b": {"path": "x.pkl"}}
    server = serve_models({"x.pkl": pickled("Flowers"), "manifest.json": manifest(**entries)})

    assert [200, 200] == [post(server, f"/v2/models/{name}/infer", tensor([SETOSA], [1, 4])).status for name in "ab"]
    reply = post(server, "/invocations", {"instances": [SETOSA]})
    assert (404, "RESOURCE_DOES_NOT_EXIST") == (reply.status, reply.json["error_code"])
    assert "there are several models, so ask /v2/models/NAME/infer: a, b" == reply.json["message"]


@pytest.mark.slow
def test_a_busy_model_does_not_stop_the_server(serve_models: ServeModels) -> None:
    """`predict` runs in a thread, so liveness is answered at once."""
    server = serve_models(FLOWERS)
    with ThreadPoolExecutor() as pool:
        busy = pool.submit(post, server, INFER, tensor([2500.0, 1, 1.4, 1], [1, 4]))
        time.sleep(0.3)
        began = time.monotonic()
        alive = get(server, "/livez").status
        needed_s = time.monotonic() - began

    assert (200, 200) == (alive, busy.result().status)
    assert needed_s < 0.8


@pytest.mark.slow
def test_what_arrives_during_a_call_is_one_call(serve_models: ServeModels) -> None:
    """That is what makes it fast: a hundred rows cost what one row costs."""
    server = serve_models(FLOWERS)
    with ThreadPoolExecutor(24) as pool:
        first = pool.submit(post, server, INFER, HALF_A_SECOND)
        time.sleep(0.2)
        others = [pool.submit(post, server, INFER, tensor(VIRGINICA, [1, 4])) for _ in range(20)]
        answers = [other.result().json["outputs"][0]["data"] for other in others]
    samples = get(server, "/metrics").body.decode().splitlines()

    assert 200 == first.result().status
    assert [[2]] * 20 == answers
    assert 'model_rows_total{model="flowers",version="1"} 21' in samples
    assert 'model_calls_total{model="flowers",version="1"} 2' in samples


@pytest.mark.slow
def test_too_many_waiting_requests_are_503(serve_models: ServeModels) -> None:
    """Before the memory is full; a balancer then asks another instance."""
    server = serve_models(FLOWERS, {"MODEL_SERVER_MAX_QUEUE": "2"})
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(post, server, INFER, HALF_A_SECOND) for _ in range(2)]
        time.sleep(0.25)
        refused = post(server, INFER, tensor(SETOSA, [1, 4]))

    assert (503, "1", {"error": "too many requests wait for the model"}) == (
        refused.status,
        refused.headers["retry-after"],
        refused.json,
    )
    assert [200, 200] == [one.result().status for one in waiting]


@pytest.mark.slow
def test_a_request_has_a_deadline(serve_models: ServeModels) -> None:
    """Its client stopped waiting long ago. The next one is answered as soon as the model is free."""
    server = serve_models(FLOWERS, {"MODEL_SERVER_TIMEOUT_S": "1"})

    late = post(server, INFER, tensor([2500.0, 1, 1.4, 1], [1, 4]))
    time.sleep(0.7)

    assert (504, {"error": "the answer was not there in time"}) == (late.status, late.json)
    assert 200 == post(server, INFER, tensor(SETOSA, [1, 4])).status


@pytest.mark.slow
def test_who_hangs_up_is_not_predicted(serve_models: ServeModels) -> None:
    """Its rows leave the batch."""
    server = serve_models(FLOWERS)
    body = b'{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [1, 1, 1, 1]}]}'
    with ThreadPoolExecutor() as pool:
        busy = pool.submit(post, server, INFER, HALF_A_SECOND)
        time.sleep(0.2)
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)
            time.sleep(0.15)
        busy.result()
    until(lambda: '"status": 499' in server.stdout(), "the access line")

    assert 'model_rows_total{model="flowers",version="1"} 1' in get(server, "/metrics").body.decode().splitlines()


@pytest.mark.slow
def test_15_sigterm_finishes_what_is_in_flight(serve_models: ServeModels) -> None:
    """A rolling update loses nothing: the answer arrives, nobody new is taken in, the exit code is 0."""
    server = serve_models(FLOWERS)
    with ThreadPoolExecutor() as pool:
        in_flight = pool.submit(post, server, INFER, tensor([3000.0, 1, 1.4, 1], [1, 4]))
        time.sleep(0.4)
        server.process.terminate()
        time.sleep(0.4)
        with pytest.raises(OSError):  # noqa: PT011 (refused or reset)
            get(server, "/v2/health/ready")

    assert (200, [0]) == (in_flight.result().status, in_flight.result().json["outputs"][0]["data"])
    assert 0 == server.exit_code()


@pytest.mark.slow
def test_sigterm_while_it_loads(serve_models: ServeModels) -> None:
    """Not a failure of the model."""
    server = serve_models({**FLOWERS, "flowers.pkl": pickled("SlowlyLoaded")}, ready=False)
    wait_until_it_answers(server)

    assert 0 == server.terminate()


@pytest.mark.slow
def test_workers_each_have_the_model(serve_models: ServeModels) -> None:
    """A request that reaches a worker that still loads is held, so readiness of one is enough to be asked."""
    server = serve_models(FLOWERS, {"WEB_CONCURRENCY": "2"})

    assert {200} == {post(server, INFER, tensor(SETOSA, [1, 4])).status for _ in range(20)}
    assert 0 == server.terminate()
    assert 2 == server.stderr().count("Model flowers version 1: loaded")


def test_access_lines_are_those_of_every_server(serve_models: ServeModels) -> None:
    """One JSON object for each request."""
    server = serve_models(FLOWERS)
    post(server, INFER, tensor(SETOSA, [1, 4]))

    line = server.access_line(INFER)

    assert ("uvicorn.access", "POST", 200) == (line["logger"], line["method"], line["status"])

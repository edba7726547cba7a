"""Containers of the iris images answer like the model itself, in the way that clusters run containers.

`serve` starts them all read-only, without capabilities, and with nothing writable but a tmpfs on /tmp.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import pytest
from sklearn.datasets import load_iris

from support.container import Limits, serve
from support.pack import FIXTURES, Build

pytestmark = pytest.mark.image

APPS = ("iris-flask", "iris-fastapi")
FLOWS = ("creator", "phases")
# What `docker stop` grants by default.
GRACE_S = 10
# Longer than a server needs to see a request, or a signal.
NOTICED_S = 1.0

IrisBuilds = Callable[..., Build]


def flowers() -> list[list[float]]:
    """All flowers of the iris data."""
    return [list(map(float, row)) for row in load_iris().data]


def expected_answer(app: str, instances: list[list[float]]) -> dict[str, Any]:
    """What the fixture's model says in this process, as its application wraps it."""
    return {"predictions": joblib.load(FIXTURES / app / "model.joblib").predict(instances).tolist()}


@pytest.mark.parametrize("user", [None, "12345:0"], ids=["images-user", "random-user"])
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("app", APPS)
def test_a_container_predicts_what_the_model_predicts(iris: IrisBuilds, app: str, flow: str, user: str | None) -> None:
    """By both flows of pack, and as the user of the image or any other, as OpenShift chooses one."""
    with serve(iris(app, flow).image, ready_path="/healthz", user=user) as served:
        answer = served.post("/predict", {"instances": flowers()})

    assert (200, expected_answer(app, flowers())) == answer


@pytest.mark.parametrize("app", APPS)
def test_both_flows_make_the_same_image(iris: IrisBuilds, app: str) -> None:
    """The buildpack in the builder, and beside it: with other containers, mounts and phases, and no other byte."""
    creator, phases = iris(app, "creator"), iris(app, "phases")

    assert ((), True) == (creator.lines("[detector]"), bool(phases.lines("[detector]")))
    assert creator.image_id == phases.image_id


@pytest.mark.parametrize("app", APPS)
def test_port_is_honoured(iris: IrisBuilds, app: str) -> None:
    """Platforms choose the port."""
    with serve(iris(app).image, ready_path="/healthz", port=9000, env={"PORT": "9000"}) as served:
        assert (200, {"status": "ok"}) == served.get_json("/healthz")


@pytest.mark.parametrize("app", APPS)
def test_sigterm_lets_a_request_finish_and_the_container_exits_with_0(iris: IrisBuilds, app: str) -> None:
    """A rolling update must neither lose an answer nor wait for the end of the grace."""
    with serve(iris(app).image, ready_path="/healthz") as served, ThreadPoolExecutor(1) as threads:
        request = served.begin_post("/predict", {"instances": flowers()})
        time.sleep(NOTICED_S)
        stopping = threads.submit(served.stop, GRACE_S)
        time.sleep(NOTICED_S)
        waited = not stopping.done()
        answer = request.finish()
        exit_code, took_s = stopping.result()

    assert (True, (200, expected_answer(app, flowers())), 0) == (waited, answer, exit_code)
    assert took_s < GRACE_S


@pytest.mark.parametrize("app", APPS)
def test_access_lines_are_json(iris: IrisBuilds, app: str) -> None:
    """Standard output holds one JSON object for each request and nothing else, so a collector can read it."""
    with serve(iris(app).image, ready_path="/healthz") as served:
        served.get("/healthz?marked=1")
        served.get("/nowhere?marked=1")
        lines = served.access_lines(query="marked=1", count=2)

    expected = [
        {"level": "info", "method": "GET", "path": "/healthz", "status": 200},
        {"level": "info", "method": "GET", "path": "/nowhere", "status": 404},
    ]
    assert expected == [{key: line[key] for key in expected[0]} for line in lines]


@pytest.mark.parametrize("app", APPS)
def test_a_small_container_gets_one_worker(iris: IrisBuilds, app: str) -> None:
    """The helper reads the container's own limits: with the machine's, the kernel would kill it."""
    limits = Limits(cpus=1, memory="512m")
    with serve(iris(app).image, ready_path="/healthz", limits=limits) as served:
        first, *_ = served.stderr()

    assert first == (
        "model_server: 1 worker x 4 threads (cpu quota 1.0, memory limit 0.5 GiB, 512 MiB per worker); "
        "override with WEB_CONCURRENCY"
    )

"""Starts containers of the images that were made, in turn: seconds to the first 200, and memory at that moment."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

from bench.apps import HEALTH, PORT, find_app
from bench.bars import NO_BYTECODE, OURS
from bench.contestants import CONTESTANTS
from bench.engine import PREFIX, Engine
from bench.machine import ROOT, run
from bench.results import Start
from support.python_mirror import MINOR

_LIMIT_S = 120.0
_POLL_S = 0.01
_STRIP = ROOT / "bench" / "dockerfiles" / "without-bytecode.Dockerfile"


def start_images(engine: Engine, kept: Mapping[tuple[str, str], str], *, rounds: int) -> list[Start]:
    """Start each image once uncounted, so that all are in the page cache, then `rounds` times in turn."""
    starts = []
    for app in dict.fromkeys(app for app, _ in kept):
        images = {contestant: image for (other, contestant), image in kept.items() if other == app}
        if OURS in images:
            images[NO_BYTECODE] = _without_bytecode(images[OURS])
        for number in range(-1, rounds):
            for contestant, image in images.items():
                start = _start(engine, app, contestant, image, number)
                if number >= 0:
                    starts.append(start)
    return starts


def anonymous_bytes(stats: Mapping[str, Any]) -> int:
    """The memory of a container's processes without the page cache, by the engine's statistics, cgroup v1 or v2."""
    counted: Mapping[str, int] = stats["memory_stats"]["stats"]
    return counted["anon"] if "anon" in counted else counted["total_rss"]


def _start(engine: Engine, app: str, contestant: str, image: str, number: int) -> Start:
    made_by = OURS if contestant == NO_BYTECODE else contestant
    command = [part.format(image) for part in CONTESTANTS[made_by].run_command(find_app(app, MINOR))]
    # One worker for all: who sizes how is another question.
    flags = ("--detach", "--label", PREFIX, "--env", "WEB_CONCURRENCY=1", "--publish", f"127.0.0.1::{PORT}")
    began = time.perf_counter()
    identity = run(("docker", "run", *flags, *command)).log.strip().splitlines()[-1]
    container = engine.client.containers.get(identity)
    try:
        while not _answers(container.ports):
            container.reload()
            if container.status == "exited" or time.perf_counter() - began > _LIMIT_S:
                raise RuntimeError(f"{image} gave no answer:\n{container.logs().decode(errors='replace')}")
            time.sleep(_POLL_S)
        first_200_s = time.perf_counter() - began
        resident = anonymous_bytes(engine.client.api.stats(identity, stream=False))
    finally:
        container.remove(force=True)
    if number >= 0:
        sys.stdout.write(f"    {first_200_s:6.2f} s {resident / 1e6:8.1f} MB  {app} | start | {contestant}\n")
        sys.stdout.flush()
    return Start(app=app, contestant=contestant, round=number, first_200_s=first_200_s, resident_bytes=resident)


def _answers(ports: Mapping[str, Any]) -> bool:
    # A container that has ended has no ports any more.
    if not ports.get(f"{PORT}/tcp"):
        return False
    port = int(ports[f"{PORT}/tcp"][0]["HostPort"])
    with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", HEALTH)
            return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's own
        except (OSError, HTTPException):
            return False


def _without_bytecode(image: str) -> str:
    stripped = f"{image}-without-bytecode"
    command = ("docker", "build", "--network", "none", "--build-arg", f"IMAGE={image}", "--tag", stripped, "-")
    run(("sh", "-c", f'{" ".join(command)} <"$0"', str(_STRIP)), env={"DOCKER_BUILDKIT": "0"})
    return stripped

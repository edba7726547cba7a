"""How long the phases take themselves, without lifecycle and container.

Detection runs on a directory of 1,000 files, a build on fixtures/iris-flask where nothing changed. Each figure is the
time from starting the program to its end, shell and interpreter included; `FLOOR` is an interpreter alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.bars import BUILD, DETECT
from bench.machine import ROOT
from bench.results import Phase

BUILDPACK = ROOT / "dist" / "buildpack"
FLOOR = "floor: python3 -I -c pass"
FILES = 1_000


def measure_phases(scratch: Path, *, index_url: str, rounds: int) -> list[Phase]:
    """The phases in turn, `rounds` times after one that is not counted. `scratch` is an empty folder."""
    python = shutil.which("python3") or sys.executable
    actions: dict[str, Callable[[], None]] = {
        FLOOR: lambda: _run((python, "-I", "-c", "pass"), cwd=scratch, env={}),
        DETECT: _detection(scratch),
        BUILD: _build(scratch, index_url),
    }
    return [
        Phase(name=name, round=number, wall_s=seconds)
        for number in range(-1, rounds)
        for name, action in actions.items()
        for seconds in (_time(action),)
        if number >= 0
    ]


def _time(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _detection(scratch: Path) -> Callable[[], None]:
    # A directory with many files, most of them data.
    app = scratch / "many-files"
    for number in range(FILES - 1):
        path = app / "data" / f"part-{number // 100}" / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1,2,3\n", encoding="utf-8")
    (app / "requirements.txt").write_text("flask\n", encoding="utf-8")
    plan = scratch / "plan.toml"
    plan.touch()
    env = {"CNB_BUILD_PLAN_PATH": str(plan), "CNB_PLATFORM_DIR": str(scratch / "platform")}
    return lambda: _run((str(BUILDPACK / "bin" / "detect"),), cwd=app, env=env)


def _build(scratch: Path, index_url: str) -> Callable[[], None]:
    # Everything restored: the first run, which is not counted, leaves what a lifecycle would restore.
    app = shutil.copytree(ROOT / "fixtures" / "iris-flask", scratch / "app")
    layers = scratch / "layers" / "ml-buildpack_python"
    layers.mkdir(parents=True)
    env = {
        "CNB_LAYERS_DIR": str(layers),
        "CNB_PLATFORM_DIR": str(scratch / "platform"),
        "CNB_TARGET_OS": "linux",
        "PIP_INDEX_URL": index_url,
    }
    return lambda: _run((str(BUILDPACK / "bin" / "build"),), cwd=app, env=env)


def _run(argv: tuple[str, ...], *, cwd: Path, env: dict[str, str]) -> None:
    # As the lifecycle does. Raises CalledProcessError.
    contract = {"PATH": os.environ["PATH"], "CNB_BUILDPACK_DIR": str(BUILDPACK), "HOME": str(cwd)}
    subprocess.run(argv, cwd=cwd, env={**contract, **env}, check=True, stdout=subprocess.DEVNULL)

"""How long the phases take themselves: `make bench`. Prints a Markdown table; nothing is asserted.

Detection runs on a directory of 1,000 files, a build on fixtures/iris-flask where nothing changed. Each figure is the
time from starting the program to its end, shell and interpreter included; `floor` is an interpreter alone.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDPACK = ROOT / "dist" / "buildpack"
ROUNDS = 15
FILES = 1_000


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="ml-buildpack-bench-") as directory:
        scratch = Path(directory)
        python = shutil.which("python3") or sys.executable
        rows = [
            ("floor: python3 -I -c pass", measure(lambda: run((python, "-I", "-c", "pass"), cwd=scratch, env={}))),
            (f"bin/detect, {FILES:,} files", measure(detection(scratch))),
            ("bin/build, nothing changed", measure(build(scratch))),
        ]
    sys.stdout.write("| phase | median ms | min ms | max ms |\n|---|--:|--:|--:|\n")
    for name, seconds in rows:
        figures = (statistics.median(seconds), min(seconds), max(seconds))
        sys.stdout.write(f"| {name} | " + " | ".join(f"{figure * 1000:.0f}" for figure in figures) + " |\n")


def measure(action: Callable[[], None]) -> list[float]:
    """The seconds of each round, after one that is not counted."""
    action()
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return seconds


def detection(scratch: Path) -> Callable[[], None]:
    """Detection on a directory with many files, most of them data."""
    app = scratch / "many-files"
    for number in range(FILES - 1):
        path = app / "data" / f"part-{number // 100}" / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1,2,3\n", encoding="utf-8")
    (app / "requirements.txt").write_text("flask\n", encoding="utf-8")
    plan = scratch / "plan.toml"
    plan.touch()
    env = {"CNB_BUILD_PLAN_PATH": str(plan), "CNB_PLATFORM_DIR": str(scratch / "platform")}
    return lambda: run((str(BUILDPACK / "bin" / "detect"),), cwd=app, env=env)


def build(scratch: Path) -> Callable[[], None]:
    """A build with everything restored: the first run, which is not counted, leaves what a lifecycle would restore."""
    app = shutil.copytree(ROOT / "fixtures" / "iris-flask", scratch / "app")
    layers = scratch / "layers" / "ml-buildpack_python"
    layers.mkdir(parents=True)
    env = {
        "CNB_LAYERS_DIR": str(layers),
        "CNB_PLATFORM_DIR": str(scratch / "platform"),
        "CNB_TARGET_OS": "linux",
        **{name: os.environ[name] for name in ("SSL_CERT_FILE", "PIP_INDEX_URL") if name in os.environ},
    }
    return lambda: run((str(BUILDPACK / "bin" / "build"),), cwd=app, env=env)


def run(argv: tuple[str, ...], *, cwd: Path, env: dict[str, str]) -> None:
    """Run a phase as the lifecycle does. Raises CalledProcessError."""
    contract = {"PATH": os.environ["PATH"], "CNB_BUILDPACK_DIR": str(BUILDPACK), "HOME": str(cwd)}
    subprocess.run(argv, cwd=cwd, env={**contract, **env}, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()

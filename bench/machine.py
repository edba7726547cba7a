"""Commands of the benchmarks: run to their end, with the moments of the lifecycle's headings; ports; the machine."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PHASE = re.compile(r"===> ([A-Z]+)")
_COMMAND_LIMIT_S = 1800.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A command that ended well. `phases` are seconds from one heading of the lifecycle to the next."""

    wall_s: float
    log: str
    phases: Mapping[str, float]


def run(argv: tuple[str, ...], *, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Ran:
    """Run the command. Raises CalledProcessError with its output."""
    lines: list[tuple[float, str]] = []
    began = time.perf_counter()
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    with process:
        for line in process.stdout or ():
            lines.append((time.perf_counter() - began, line))  # noqa: PERF401 - the clock is the point
        process.wait(timeout=_COMMAND_LIMIT_S)
    wall_s = time.perf_counter() - began
    log = "".join(line for _, line in lines)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, argv, output=log)
    return Ran(wall_s=wall_s, log=log, phases=phases_of(lines, wall_s))


def phases_of(lines: Iterable[tuple[float, str]], wall_s: float) -> dict[str, float]:
    """The seconds of each phase, from the moments at which lines appeared; what is before the first is `starting`."""
    headings = [(0.0, "starting")]
    headings += [(moment, found[1].lower()) for moment, line in lines if (found := _PHASE.search(line))]
    if len(headings) == 1:
        return {}
    ends = [moment for moment, _ in headings[1:]] + [wall_s]
    return {name: end - moment for (moment, name), end in zip(headings, ends, strict=True)}


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server of ours."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for_server(port: int, process: subprocess.Popen[bytes], limit_s: float) -> None:
    """Return when something listens on the port of loopback. Raises RuntimeError where that does not come to pass."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen")


def buildkit_client() -> str | None:
    """A docker client that builds with BuildKit on this engine, or None.

    Newer clients need the buildx plugin for it, older ones do it themselves, and a machine may have both.
    """
    folders = dict.fromkeys(os.environ.get("PATH", "").split(os.pathsep))
    clients = (shutil.which("docker", path=folder) for folder in folders)
    return next((client for client in clients if client is not None and _builds(client)), None)


def describe_machine(engine_version: str) -> dict[str, str]:
    """What the figures depend on. No names, so that results can be published."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processors": str(os.cpu_count()),
        "memory": f"{memory / 2**30:.0f} GiB",
        "architecture": platform.machine(),
        "engine": engine_version,
        "commit": _commit(),
        "load at the beginning": f"{os.getloadavg()[0]:.1f}",
    }


def _builds(client: str) -> bool:
    probe = subprocess.run(
        (client, "build", "--quiet", "-"),
        input=b"FROM scratch\nLABEL ml-buildpack-bench=probe\n",
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        capture_output=True,
        check=False,
    )
    if probe.returncode != 0:
        return False
    subprocess.run((client, "rmi", probe.stdout.decode().strip()), check=False, capture_output=True)
    return True


def _commit() -> str:
    described = subprocess.run(
        ("/usr/bin/env", "git", "describe", "--always", "--dirty"),
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return described.stdout.strip()

"""A real server as the launch process starts it: `python -m model_server`, a subprocess on loopback."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parents[2] / "src"
PATIENCE_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningServer:
    """A started server. Its output goes to files, so that nothing waits for a reader."""

    process: subprocess.Popen[bytes]
    port: int
    app_dir: Path
    stdout_file: Path
    stderr_file: Path

    def ask(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, or POST if there is a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        text = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json", **(headers or {})}
        connection.request("GET" if body is None else "POST", path, text, sent)
        response = connection.getresponse()
        answer = Answer(status=response.status, body=response.read().decode())
        connection.close()
        return answer

    def terminate(self) -> int:
        """Send SIGTERM to the first process, as a container engine does, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.exit_code()

    def exit_code(self) -> int:
        """The exit code, as soon as there is one."""
        return self.process.wait(PATIENCE_S)

    def stdout(self) -> str:
        """What was written until now."""
        return self.stdout_file.read_text("utf-8")

    def stderr(self) -> str:
        """What was written until now."""
        return self.stderr_file.read_text("utf-8")

    def access_line(self, path: str, query: str = "") -> dict[str, Any]:
        """The access line of a request for `path`, which may be written after its answer."""
        wanted = f'"path": {json.dumps(path)}, "query": {json.dumps(query)}'
        until(lambda: f"{wanted}," in self.stdout().rpartition("\n")[0], f"an access line with {wanted}")
        (found,) = (line for line in self.stdout().splitlines() if wanted in line)
        return dict(json.loads(found))


@contextmanager
def started(
    app_dir: Path,
    args: Sequence[str],
    env: Mapping[str, str] | None = None,
    *,
    listens_on: str = "PORT",
    interpreter: Sequence[str] = (sys.executable,),
) -> Iterator[RunningServer]:
    """The server of the app in `app_dir`, whether or not it ever listens; killed afterwards, with its children.

    `listens_on` is the variable that gets the port.
    """
    port = free_port()
    outputs = app_dir.parent / f"{app_dir.name}-output"
    outputs.mkdir()
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(outputs),
        "PYTHONPATH": str(SOURCE),
        "PYTHONDONTWRITEBYTECODE": "1",
        listens_on: str(port),
        **(env or {}),
    }
    with (outputs / "stdout").open("wb") as stdout, (outputs / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            (*interpreter, "-m", "model_server", *args),
            cwd=app_dir,
            env={name: value for name, value in variables.items() if value},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        yield RunningServer(
            process=process,
            port=port,
            app_dir=app_dir,
            stdout_file=outputs / "stdout",
            stderr_file=outputs / "stderr",
        )
    finally:
        kill_session(process)


def wait_until_it_answers(server: RunningServer) -> None:
    """Wait for the first answer of any kind. Raises: AssertionError with the server's words if there is none."""

    def answers() -> bool:
        assert server.process.poll() is None, f"exit code {server.process.returncode}\n{server.stderr()}"
        try:
            server.ask("/not-there")
        except OSError:
            return False
        return True

    until(answers, "an answer")


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds. Raises: AssertionError."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_S)

"""Run other people's tools. The only user of subprocess.

Commands are tuples, no shell reads them, and their environment is exactly what is given.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ml_buildpack.errors import CommandFailed, DiskFull
from ml_buildpack.redaction import redact

OUTPUT_TAIL_LINES = 30
# As the system says it, in the locale that every command gets; most tools name the file before it.
_DISK_FULL = "No space left on device"
_FULL_PATH = re.compile(rf"[`'\"](?P<path>/[^`'\"]+)[`'\"]:?\s+(?:cause:\s+)?{_DISK_FULL}")
# How often a limited command is looked at: often enough to end one that takes all memory before the kernel ends us.
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandResult:
    """How a command ended. `output` is standard output and error in the order in which they came."""

    argv: tuple[str, ...]
    exit_code: int
    output: str

    @property
    def output_tail(self) -> str:
        """The last lines of the output, without credentials; what a message shows."""
        return redact("\n".join(self.output.strip().splitlines()[-OUTPUT_TAIL_LINES:]))


def run(argv: tuple[str, ...], *, env: Mapping[str, str], cwd: Path) -> CommandResult:
    """Run to the end and say how it ended.

    Raises: CommandFailed(argv, exit_code=127, …) where it cannot be started; DiskFull, which is nobody's own failure.
    """
    try:
        process = subprocess.run(
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise CommandFailed(argv=_shown(argv), exit_code=127, output_tail=str(error)) from error
    if process.returncode != 0 and _DISK_FULL in process.stdout:
        named = _FULL_PATH.search(process.stdout)
        raise DiskFull(path=redact(named["path"]) if named else str(cwd))
    return CommandResult(argv=argv, exit_code=process.returncode, output=process.stdout)


def check(argv: tuple[str, ...], *, env: Mapping[str, str], cwd: Path) -> CommandResult:
    """Run a command that is not expected to fail. Raises: CommandFailed(argv, exit_code, output_tail)."""
    result = run(argv, env=env, cwd=cwd)
    if result.exit_code != 0:
        raise CommandFailed(argv=_shown(argv), exit_code=result.exit_code, output_tail=result.output_tail)
    return result


class Limit(Enum):
    """What ended a command that was run with limits."""

    TIME = "time"
    MEMORY = "memory"


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitedResult:
    """How a command with limits ended, and which of them ended it; None where it ended by itself."""

    result: CommandResult
    ended_by: Limit | None


def run_limited(
    argv: tuple[str, ...], *, env: Mapping[str, str], cwd: Path, output: Path, seconds: float, resident_bytes: int
) -> LimitedResult:
    """Run in a session of its own, of which nothing is left afterwards. What it prints goes through a file.

    Raises: CommandFailed(argv, exit_code=127, …) where it cannot be started.
    """
    with output.open("wb") as file:
        try:
            process = subprocess.Popen(
                argv,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandFailed(argv=_shown(argv), exit_code=127, output_tail=str(error)) from error
        try:
            ended_by = _watch(process, deadline_s=time.monotonic() + seconds, resident_bytes=resident_bytes)
        finally:
            # Its children too: a server that was started, a worker that waits for work.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            exit_code = process.wait()
    text = output.read_text(encoding="utf-8", errors="replace")
    return LimitedResult(result=CommandResult(argv=argv, exit_code=exit_code, output=text), ended_by=ended_by)


def _watch(process: subprocess.Popen[bytes], *, deadline_s: float, resident_bytes: int) -> Limit | None:
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_LOOK_EVERY_S)
            return None
        if time.monotonic() > deadline_s:
            return Limit.TIME
        if _resident_bytes(process.pid) > resident_bytes:
            return Limit.MEMORY


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        # It has just ended.
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _shown(argv: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(redact(argument) for argument in argv)

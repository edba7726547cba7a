"""Run other people's tools. The only user of subprocess.

Commands are tuples, no shell reads them, and their environment is exactly what is given.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.errors import CommandFailed, DiskFull
from ml_buildpack.redaction import redact

OUTPUT_TAIL_LINES = 30
# As the system says it, in the locale that every command gets; most tools name the file before it.
_DISK_FULL = "No space left on device"
_FULL_PATH = re.compile(rf"[`'\"](?P<path>/[^`'\"]+)[`'\"]:?\s+(?:cause:\s+)?{_DISK_FULL}")


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


def _shown(argv: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(redact(argument) for argument in argv)

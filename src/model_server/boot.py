"""What it means that a server can never start: one exit code and one clear line.

Exit code 3 is also gunicorn's and uvicorn's own for it. A supervisor that sees it has nothing to retry.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import NoReturn

EXIT_CANNOT_START = 3


class CannotStart(Exception):
    """The environment or the command line cannot give a running server; `problems` are whole sentences."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems


class Stopped(SystemExit):
    """SIGTERM came before there was anything to finish. Not an app that called `sys.exit`."""


def exit_cannot_start(verdict: CannotStart) -> NoReturn:
    """Print the problems, a line each, and leave with the exit code that says: do not try again."""
    print_problems(verdict)
    raise SystemExit(EXIT_CANNOT_START)


def print_problems(verdict: CannotStart) -> None:
    """A line for each."""
    for problem in verdict.problems:
        print(f"model_server: {problem}", file=sys.stderr, flush=True)  # noqa: T201 (no logging may be set up yet)


def require_installed(module: str, *, purpose: str) -> None:
    """Raises: CannotStart if `module` is not there to be imported."""
    if importlib.util.find_spec(module) is None:
        raise CannotStart(
            f"{module} is not installed in this image, and {purpose} needs it: "
            f"add {module} to the project's requirements and build the image again"
        )

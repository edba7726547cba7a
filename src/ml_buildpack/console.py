"""What the user reads during a build: steps with their time, notes, warnings, and errors in one shape.

Plain lines at 80 columns, without colour: build logs are read in CI as often as on a terminal. Called by the two
stories and by `apply`; facts and plans say nothing.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

from ml_buildpack.redaction import hide_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

INDENT = "  "
# Shorter steps say nothing about their time: it would be noise.
TIMED_STEP_MIN_S = 0.5


class Console(Protocol):
    """Somewhere to say what happens."""

    def heading(self, text: str) -> None:
        """Begin a part of the log."""

    def step(self, text: str) -> None:
        """Say what is done now; the time of the step before is added to it first."""

    def note(self, text: str) -> None:
        """Add a detail to the current step."""

    def warning(self, text: str) -> None:
        """Say what the user should look at, although the build goes on."""

    def stream(self, line: str) -> None:
        """Pass on a line of a tool's own output."""

    def hide(self, secrets: Iterable[str]) -> None:
        """Never say these texts, from now on."""

    def done(self) -> None:
        """End the current step."""


@dataclass(kw_only=True)
class StreamConsole:
    """A console that writes to a stream, line by line. `secrets` are the texts that it does not say."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    secrets: set[str] = field(default_factory=set, repr=False)
    _step_began_s: float | None = None

    def heading(self, text: str) -> None:
        """Begin a part of the log."""
        self.done()
        self._write(f"[{text}]")

    def step(self, text: str) -> None:
        """Say what is done now; the time of the step before is added to it first."""
        self.done()
        self._write(f"{INDENT}{text}")
        self._step_began_s = time.monotonic()

    def note(self, text: str) -> None:
        """Add a detail to the current step."""
        self._write_all(text.splitlines(), prefix=INDENT * 2)

    def warning(self, text: str) -> None:
        """Say what the user should look at, although the build goes on."""
        first, *rest = text.splitlines()
        self._write(f"{INDENT}Warning: {first}")
        self._write_all(rest, prefix=INDENT * 2)

    def stream(self, line: str) -> None:
        """Pass on a line of a tool's own output."""
        self._write(f"{INDENT * 2}| {line.rstrip()}")

    def hide(self, secrets: Iterable[str]) -> None:
        """Never say these texts, from now on."""
        self.secrets.update(secrets)

    def done(self) -> None:
        """End the current step."""
        if self._step_began_s is None:
            return
        elapsed_s = time.monotonic() - self._step_began_s
        self._step_began_s = None
        if elapsed_s >= TIMED_STEP_MIN_S:
            self._write(f"{INDENT * 2}done in {elapsed_s:.1f} s")

    def _write_all(self, lines: Iterable[str], *, prefix: str) -> None:
        for line in lines:
            self._write(f"{prefix}{line}")

    def _write(self, line: str) -> None:
        self.out.write(f"{hide_secrets(line, self.secrets)}\n")
        self.out.flush()

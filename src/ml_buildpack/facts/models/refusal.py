"""A model that is recognised and cannot be served: what it is, and what its owner can do. Called by every reader."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """`what` completes "PATH is …"; `fix` is the next step. `needs_code`: code that is not there would help."""

    what: str
    fix: str
    needs_code: bool = False


class RefusedError(Exception):
    """Raised by a reader for a file that it knows and cannot accept."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.refusal = refusal

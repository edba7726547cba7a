"""Failures of our own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import Blame, BuildpackError


@dataclass(kw_only=True, eq=False)
class CommandFailed(BuildpackError):
    """A tool of ours failed where it should not have. `output_tail` is the end of what it printed."""

    id: ClassVar[str] = "ML-INT-002"
    blame: ClassVar[Blame] = Blame.BUILDPACK
    argv: tuple[str, ...]
    exit_code: int
    output_tail: str

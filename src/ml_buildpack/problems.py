"""Collect what is wrong with a project, so that the user reads all of it at once and before anything is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ml_buildpack.errors import BuildpackError

T = TypeVar("T")


@dataclass(kw_only=True, eq=False)
class SeveralProblems(Exception):
    """More than one thing is wrong; each has its own text."""

    errors: tuple[BuildpackError, ...]


@dataclass(kw_only=True)
class Problems:
    """The problems found so far."""

    errors: list[BuildpackError] = field(default_factory=list)

    def attempt(self, question: Callable[[], T]) -> T | None:
        """The answer, or None where asking raised a problem, which is remembered."""
        try:
            return question()
        except BuildpackError as error:
            self.errors.append(error)
            return None

    def raise_if_any(self) -> None:
        """Raise the one problem itself, or SeveralProblems."""
        if len(self.errors) == 1:
            raise self.errors[0]
        if self.errors:
            raise SeveralProblems(errors=tuple(self.errors))

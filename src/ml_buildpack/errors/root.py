"""What every failure has, and how it points at what the user wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class Blame(Enum):
    """Who can repair a failure; decides the footer of the message."""

    USER = "user"
    ENVIRONMENT = "environment"
    BUILDPACK = "buildpack"


@dataclass(kw_only=True, eq=False)
class BuildpackError(Exception):
    """The root of all failures that have a text of their own."""

    id: ClassVar[str]
    blame: ClassVar[Blame] = Blame.USER

    def __str__(self) -> str:
        """The id and the fields, for logs and test failures; users read `error_text` instead."""
        return f"{self.id} {self!r}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One thing that the user wrote and that cannot be used.

    `where` is a file relative to the application directory, or the name of a variable; `line` counts from 1, and is
    None where there is no line to point at. `text` is what was written, `detail` a sentence on what is wrong with it.
    """

    where: str
    line: int | None = None
    text: str = ""
    detail: str

"""What the opcodes of a pickle stand for, as inert values: names, instances and plain containers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Global:
    """A name that unpickling would import."""

    module: str
    name: str

    def __str__(self) -> str:
        """For example `sklearn.svm._classes.SVC`."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class Blob:
    """Bytes, or a text, too long to be kept: their two ends and their length."""

    head: bytes
    tail: bytes
    size: int


@dataclass(slots=True)
class Instance:
    """What calling a name with arguments would give, with the state that it would be given."""

    of: object
    args: object = ()
    state: dict[Any, Any] = field(default_factory=dict)
    # The state of what is no dictionary: a dtype's or an array's, say.
    other_state: object = None
    items: list[Any] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The full name of its class; empty where it is not a name."""
        return str(self.of) if isinstance(self.of, Global) else ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that nobody here needs."""


UNKNOWN = Unknown()

"""What a name in a Python file can stand for, as far as that can be read without running it.

Values only: they know no file. Made by `web_reading`, judged by `web_app`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TypeAlias

from ml_buildpack.facts.web_frameworks import Interface


@dataclass(frozen=True, kw_only=True, slots=True)
class External:
    """Something from outside the project, by its full name."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectModule:
    """A module or package of the project, by its path without suffix."""

    stem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectName:
    """A name in another module of the project; what it stands for is looked up when it matters."""

    stem: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function of the project, and the file that defines it."""

    path: str
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def place(self) -> str:
        """Where it is defined, as `path:name`."""
        return f"{self.path}:{self.node.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Class:
    """A class of the project, and the file that defines it."""

    path: str
    node: ast.ClassDef


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """An application object. The places are `path:name`, and "" where there is none.

    `interface` is None where a server cannot use the object itself, as with Dash. `bound_at` is the first module-level
    name that it got; `made_by` the project's factory that returned it; `wraps` the application that it stands before.
    """

    framework: str
    interface: Interface | None
    bound_at: str = ""
    made_by: str = ""
    wraps: str = ""


Value: TypeAlias = External | ProjectModule | ProjectName | Function | Class | Application


@dataclass(kw_only=True, slots=True)
class Scope:
    """The names of a module, or of a function within `outer`, while its statements are read one after the other.

    `lines` has every name that is bound, `values` those of which the meaning is known. `stars` are packages from
    outside the project of which every name was imported. `open_ended` says that there may be names that `lines` lacks.
    """

    path: str
    app_dir: str
    outer: Scope | None = None
    values: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    open_ended: bool = False
    # Where a handler is registered with Bottle's default application.
    bottle_route: ast.expr | None = None

    def lookup(self, name: str) -> Value | None:
        """What the name stands for here or outside."""
        if name in self.values or name in self.lines:
            return self.values.get(name)
        return self.outer.lookup(name) if self.outer else None

    def all_stars(self) -> tuple[str, ...]:
        """The packages of which every name is here, those of the outer scopes included."""
        return (*self.stars, *(self.outer.all_stars() if self.outer else ()))

    def place(self, name: str) -> str:
        """The name, and the file that binds it."""
        return f"{self.path}:{name}"

"""Failures to know what the image shall run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import BuildpackError, Mistake


@dataclass(kw_only=True, eq=False)
class NoWebEntry(BuildpackError):
    """No object that a server could serve was found. `searched` lists files read, `unparsable` those with a reason."""

    id: ClassVar[str] = "ML-WEB-001"
    searched: tuple[str, ...]
    unparsable: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class TwoWebEntries(BuildpackError):
    """Several objects could be served and nothing makes one of them the obvious choice."""

    id: ClassVar[str] = "ML-WEB-002"
    candidates: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class MalformedProcfile(BuildpackError):
    """Lines of the Procfile that are not `name: command`; collected."""

    id: ClassVar[str] = "ML-WEB-003"
    mistakes: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class ModuleNameTaken(BuildpackError):
    """Modules of the application have names of the programs that start it, and would run in their place."""

    id: ClassVar[str] = "ML-WEB-004"
    mistakes: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class LfsPointerFound(BuildpackError):
    """Files that should hold a model hold a Git-LFS pointer. Each is (path, bytes that the real file has)."""

    id: ClassVar[str] = "ML-MODEL-001"
    pointers: tuple[tuple[str, int], ...]

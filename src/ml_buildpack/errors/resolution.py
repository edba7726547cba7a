"""Failures to turn what is asked for into packages, and of locks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import BuildpackError, Mistake


@dataclass(kw_only=True, eq=False)
class ResolutionConflict(BuildpackError):
    """No set of versions satisfies all requirements. `explanation` is the resolver's own, without its noise.

    `provided` are releases that it speaks of and that conda has installed: `numpy 1.26.4`.
    """

    id: ClassVar[str] = "ML-LOCK-001"
    resolver: str
    inputs: tuple[str, ...]
    explanation: str
    provided: tuple[str, ...] = ()


@dataclass(kw_only=True, eq=False)
class PackageNotFound(BuildpackError):
    """The index has no package, or no release, of that name. `requirement_at` says which line asked for it."""

    id: ClassVar[str] = "ML-LOCK-002"
    package: str
    requirement_at: tuple[Mistake, ...]
    explanation: str


@dataclass(kw_only=True, eq=False)
class NoWheelAndNoCompiler(BuildpackError):
    """A package has no wheel for this Python, and building it needs a program that the builder lacks."""

    id: ClassVar[str] = "ML-LOCK-003"
    package: str
    python: str
    missing: str
    log_tail: str


@dataclass(kw_only=True, eq=False)
class SourceBuildFailed(BuildpackError):
    """A package had to be built from source and its build failed for a reason of its own."""

    id: ClassVar[str] = "ML-LOCK-004"
    package: str
    python: str
    log_tail: str


@dataclass(kw_only=True, eq=False)
class NoFileForThisPlatform(BuildpackError):
    """Packages offer no file that this Python on this platform can install. `explanation` is the resolver's, if any."""

    id: ClassVar[str] = "ML-LOCK-005"
    packages: tuple[str, ...]
    python: str
    platform: str
    explanation: str = ""


@dataclass(kw_only=True, eq=False)
class ResolverFailed(BuildpackError):
    """The resolver stopped for a reason that none of the other types describes."""

    id: ClassVar[str] = "ML-LOCK-006"
    resolver: str
    log_tail: str


@dataclass(kw_only=True, eq=False)
class LockMalformed(BuildpackError):
    """A lock, or the file that it was made from, cannot be understood. `command` writes the lock again."""

    id: ClassVar[str] = "ML-LOCK-007"
    lock: str
    mistakes: tuple[Mistake, ...]
    command: str


@dataclass(kw_only=True, eq=False)
class LockOutOfDate(BuildpackError):
    """The file that a lock was made from has changed since. `evidence` says where; `command` updates the lock."""

    id: ClassVar[str] = "ML-LOCK-008"
    lock: str
    project: str
    evidence: tuple[Mistake, ...]
    command: str


@dataclass(kw_only=True, eq=False)
class SeveralLocks(BuildpackError):
    """There are several locks of one kind, for different purposes, and none is named."""

    id: ClassVar[str] = "ML-LOCK-009"
    paths: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class SeveralWorkspaceMembers(BuildpackError):
    """A lock holds several projects, and none of them is that of the application directory itself."""

    id: ClassVar[str] = "ML-LOCK-010"
    lock: str
    members: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class NeedsAnotherPython(BuildpackError):
    """A package is only for other versions of Python. `needs` is its specifier, `python` the version of the build."""

    id: ClassVar[str] = "ML-LOCK-011"
    package: str
    needs: str
    python: str
    requirement_at: tuple[Mistake, ...]
    explanation: str


@dataclass(kw_only=True, eq=False)
class ReleaseYanked(BuildpackError):
    """The only releases that would fit were withdrawn by their makers. `reason` is empty where they gave none."""

    id: ClassVar[str] = "ML-LOCK-012"
    release: str
    reason: str
    requirement_at: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class LocalVersionNotFound(BuildpackError):
    """A version with a local part, such as `2.5.1+cpu`, is on none of the indexes that were asked."""

    id: ClassVar[str] = "ML-LOCK-013"
    package: str
    version: str
    requirement_at: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class HeldByAnotherIndex(BuildpackError):
    """The release asked for may be on another index, but an index that is asked before it has the package's name.

    `next_index` is empty where the resolver does not tell it.
    """

    id: ClassVar[str] = "ML-LOCK-014"
    package: str
    asked: str
    index: str
    next_index: str
    requirement_at: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class WheelhouseIncomplete(BuildpackError):
    """No index is asked, and the project's own directory lacks packages. `added` are those that the server needs."""

    id: ClassVar[str] = "ML-LOCK-015"
    wheelhouse: str
    missing: tuple[str, ...]
    added: tuple[str, ...]
    python: str
    inputs: tuple[str, ...]

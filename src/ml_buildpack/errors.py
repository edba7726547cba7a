"""Every failure that a user can meet, as a type with fields.

No prose lives here: `error_text` renders each type, `docs/errors.md` lists each id. Ids never change, because users
search for them. Detect and build raise these; `main` alone catches them.
"""

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


# --- the environment of the build ------------------------------------------------------------------------------------


@dataclass(kw_only=True, eq=False)
class UnsafeEnvironment(BuildpackError):
    """Variables are set that would redirect the installation away from the image's layers."""

    id: ClassVar[str] = "ML-ENV-002"
    names: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class PlatformContractBroken(BuildpackError):
    """The platform did not give what the Buildpack API promises."""

    id: ClassVar[str] = "ML-ENV-003"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    missing: str


@dataclass(kw_only=True, eq=False)
class DiskFull(BuildpackError):
    """No space was left while something was written."""

    id: ClassVar[str] = "ML-ENV-004"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    path: str


@dataclass(kw_only=True, eq=False)
class InvalidBinding(BuildpackError):
    """A service binding of a type that is known has no usable content."""

    id: ClassVar[str] = "ML-ENV-005"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    mistakes: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class InvalidSettings(BuildpackError):
    """Settings in variables or files have values that cannot be used; all of them, collected."""

    id: ClassVar[str] = "ML-SET-001"
    mistakes: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class PythonNotAvailable(BuildpackError):
    """The project asks for a Python that this builder does not have. `available` is None where there is none at all."""

    id: ClassVar[str] = "ML-PY-001"
    requests: tuple[Mistake, ...]
    available: str | None


# --- requirements ----------------------------------------------------------------------------------------------------


@dataclass(kw_only=True, eq=False)
class NoRequirementsFound(BuildpackError):
    """No file says what to install. `present` is what lies at the top of the directory."""

    id: ClassVar[str] = "ML-REQ-001"
    present: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class RequirementsUnreadable(BuildpackError):
    """A requirements file is not text in an encoding that can be known."""

    id: ClassVar[str] = "ML-REQ-002"
    path: str
    detail: str


@dataclass(kw_only=True, eq=False)
class RequirementsMalformed(BuildpackError):
    """Lines of requirements files that pip would not understand, files they name that do not exist; collected."""

    id: ClassVar[str] = "ML-REQ-003"
    mistakes: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class UnsupportedDependencyFile(BuildpackError):
    """The project declares its dependencies only in files that are recognised but cannot be installed yet."""

    id: ClassVar[str] = "ML-REQ-004"
    paths: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class ContradictingInputs(BuildpackError):
    """Two files pin different versions of the same packages. `pins` are those of `other`, each with what `obeyed` has."""

    id: ClassVar[str] = "ML-REQ-005"
    obeyed: str
    other: str
    pins: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class CondaPackagesWithoutWheel(BuildpackError):
    """A conda environment names packages that PyPI does not replace; all of them, each with what to do."""

    id: ClassVar[str] = "ML-REQ-006"
    packages: tuple[Mistake, ...]


# --- resolution ------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True, eq=False)
class ResolutionConflict(BuildpackError):
    """No set of versions satisfies all requirements. `explanation` is the resolver's own, without its noise."""

    id: ClassVar[str] = "ML-LOCK-001"
    resolver: str
    inputs: tuple[str, ...]
    explanation: str


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
    """Locked packages offer no file that this Python on this platform can install."""

    id: ClassVar[str] = "ML-LOCK-005"
    packages: tuple[str, ...]
    python: str
    platform: str


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
    """The file that a lock was made from has changed since. `evidence` says where; `command` brings the lock up to date."""

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
class DigestMismatch(BuildpackError):
    """A file is not the one that was pinned. `expected` may list several allowed digests."""

    id: ClassVar[str] = "ML-HASH-001"
    file: str
    expected: tuple[str, ...]
    actual: str
    pinned_at: str


@dataclass(kw_only=True, eq=False)
class IndexUnreachable(BuildpackError):
    """A package index or a file's server did not answer. `url` carries no credentials."""

    id: ClassVar[str] = "ML-NET-001"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    detail: str


@dataclass(kw_only=True, eq=False)
class IndexUnauthorised(BuildpackError):
    """A package index refused the credentials, or wants some. `url` carries no credentials."""

    id: ClassVar[str] = "ML-NET-002"
    url: str
    status: int


@dataclass(kw_only=True, eq=False)
class DownloadFailed(BuildpackError):
    """A locked file could not be fetched: the server answered, but not with the file."""

    id: ClassVar[str] = "ML-NET-003"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    detail: str


# --- what the image shall run ----------------------------------------------------------------------------------------


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
class LfsPointerFound(BuildpackError):
    """Files that should hold a model hold a Git-LFS pointer. Each is (path, bytes that the real file has)."""

    id: ClassVar[str] = "ML-MODEL-001"
    pointers: tuple[tuple[str, int], ...]


# --- ours ------------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True, eq=False)
class CommandFailed(BuildpackError):
    """A tool of ours failed where it should not have. `output_tail` is the end of what it printed."""

    id: ClassVar[str] = "ML-INT-002"
    blame: ClassVar[Blame] = Blame.BUILDPACK
    argv: tuple[str, ...]
    exit_code: int
    output_tail: str

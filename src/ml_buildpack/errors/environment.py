"""Failures of the environment in which a build runs, its settings and its Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import Blame, BuildpackError, Mistake


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
class GitNotFound(BuildpackError):
    """A requirement lies in a git repository, and the build image has no git."""

    id: ClassVar[str] = "ML-ENV-006"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    requirement_at: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class InvalidSettings(BuildpackError):
    """Settings in variables or files have values that cannot be used; all of them, collected."""

    id: ClassVar[str] = "ML-SET-001"
    mistakes: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class PythonNotAvailable(BuildpackError):
    """The project asks for a Python that is neither here nor offered for download.

    `available` are the versions that are here, None where there is none at all; `downloadable` those that `table`
    offers, newest first.
    """

    id: ClassVar[str] = "ML-PY-001"
    requests: tuple[Mistake, ...]
    available: str | None
    downloadable: tuple[str, ...] = ()
    table: str = ""


@dataclass(kw_only=True, eq=False)
class PythonRequestsConflict(BuildpackError):
    """No version of Python, here or anywhere, satisfies all that the project's files ask for."""

    id: ClassVar[str] = "ML-PY-002"
    requests: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class PythonEndOfLife(BuildpackError):
    """The project asks for nothing but versions whose support has ended, and none of them can be had.

    `version` is the newest minor version that would do, `ended` the day of its last fixes (ISO 8601).
    """

    id: ClassVar[str] = "ML-PY-003"
    requests: tuple[Mistake, ...]
    version: str
    ended: str
    available: str | None


@dataclass(kw_only=True, eq=False)
class PythonDownloadFailed(BuildpackError):
    """No interpreter that is here satisfies, and the one to download, or the list of those, could not be fetched.

    `python` names what was fetched; `detail` is the tool's own account of it, without credentials.
    """

    id: ClassVar[str] = "ML-PY-004"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    requests: tuple[Mistake, ...]
    python: str
    detail: str
    available: str | None

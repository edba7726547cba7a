"""Failures to know what the project asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import BuildpackError, Mistake


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
    """Two files pin different versions of the same packages. `pins` are those of `other`, with what `obeyed` has."""

    id: ClassVar[str] = "ML-REQ-005"
    obeyed: str
    other: str
    pins: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class CondaPackagesWithoutWheel(BuildpackError):
    """A conda environment names packages that PyPI does not replace; all of them, each with what to do."""

    id: ClassVar[str] = "ML-REQ-006"
    packages: tuple[Mistake, ...]

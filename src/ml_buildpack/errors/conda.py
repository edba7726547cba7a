"""Failures to solve and fetch conda's own packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import Blame, BuildpackError, Mistake


@dataclass(kw_only=True, eq=False)
class CondaChannelUnreachable(BuildpackError):
    """A channel did not answer, or is none. `url` carries no credentials."""

    id: ClassVar[str] = "ML-CONDA-001"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    url: str
    detail: str


@dataclass(kw_only=True, eq=False)
class CondaChannelUnauthorised(BuildpackError):
    """A channel refused the credentials, or wants some. `url` carries no credentials."""

    id: ClassVar[str] = "ML-CONDA-002"
    url: str
    status: int


@dataclass(kw_only=True, eq=False)
class CondaPackageNotFound(BuildpackError):
    """No channel has a package of that name, or no version that is asked for. `packages` are lines of the file."""

    id: ClassVar[str] = "ML-CONDA-003"
    packages: tuple[Mistake, ...]
    channels: tuple[str, ...]
    explanation: str


@dataclass(kw_only=True, eq=False)
class CondaUnsatisfiable(BuildpackError):
    """The channels have the packages, but no combination of them that fits. `explanation` is the solver's own."""

    id: ClassVar[str] = "ML-CONDA-004"
    path: str
    explanation: str
    virtual_packages: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class CondaSolverNotAvailable(BuildpackError):
    """The library that solves and installs conda packages could not be fetched. `requirement` names it."""

    id: ClassVar[str] = "ML-CONDA-005"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    requirement: str
    detail: str

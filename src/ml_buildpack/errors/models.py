"""Failures to know which model the image shall serve, or to serve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import BuildpackError, Mistake


@dataclass(kw_only=True, eq=False)
class EmptyModels(BuildpackError):
    """Files that are called like models and have no byte."""

    id: ClassVar[str] = "ML-MODEL-002"
    paths: tuple[str, ...]


@dataclass(kw_only=True, eq=False)
class DamagedModels(BuildpackError):
    """Files that begin like a model, or are called like one, and cannot be read to their end."""

    id: ClassVar[str] = "ML-MODEL-003"
    mistakes: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class SeveralModels(BuildpackError):
    """Several files would be the model of one name. `detail` of each says what it is."""

    id: ClassVar[str] = "ML-MODEL-004"
    name: str
    candidates: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class ModelsNotServable(BuildpackError):
    """Models that are known and cannot be served as they are. `text` of each says what it is, `detail` what to do."""

    id: ClassVar[str] = "ML-MODEL-005"
    models: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class ForeignModules(BuildpackError):
    """Models that need modules which are neither a known library's nor in the project. `text` names the modules."""

    id: ClassVar[str] = "ML-MODEL-006"
    models: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class DangerousModels(BuildpackError):
    """Pickles that reach for names which run commands or code. `text` names them."""

    id: ClassVar[str] = "ML-MODEL-007"
    models: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class ModelVersionsContradict(BuildpackError):
    """The requirements install versions that cannot read the model. `text` is the requirement, `detail` the reason."""

    id: ClassVar[str] = "ML-MODEL-008"
    mistakes: tuple[Mistake, ...]

"""Failures to have the accelerator that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import BuildpackError, Mistake


@dataclass(kw_only=True, eq=False)
class AcceleratorContradicted(BuildpackError):
    """A setting asks for one accelerator, and the project's own lines for another. `asked_by` is the setting's place.

    Each of `lines` says in its detail what it asks for.
    """

    id: ClassVar[str] = "ML-ACC-001"
    asked: str
    asked_by: str
    lines: tuple[Mistake, ...]


@dataclass(kw_only=True, eq=False)
class AcceleratorNotOffered(BuildpackError):
    """A package has no build for the accelerator asked for.

    `offered` are those that it has, as settings, if they are known; otherwise `index` is the one that was asked.
    """

    id: ClassVar[str] = "ML-ACC-002"
    asked: str
    asked_by: str
    package: str
    line: Mistake
    offered: tuple[str, ...]
    index: str = ""


@dataclass(kw_only=True, eq=False)
class AcceleratorNotLocked(BuildpackError):
    """CUDA, or a version of it, was asked for, and what was locked has none or another one.

    `locked` is what was locked in words, `packages` those that decide it, with the lines that name them.
    """

    id: ClassVar[str] = "ML-ACC-003"
    asked: str
    asked_by: str
    locked: str
    packages: tuple[Mistake, ...]

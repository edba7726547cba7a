"""What a build leaves behind, as values: layers, launch, the image's and the cache's memory. Shared by the harness.

Nothing of the buildpack's own code is used here: the harness must not repeat its mistakes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

TomlDocument = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Types:
    """The types of a layer."""

    launch: bool = False
    build: bool = False
    cache: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltLayer:
    """A layer after a build. `reused` means that it left no directory and the previous image's contents are kept.

    `env` maps files to their content (`env.launch/PORT.default`), `exec_d` lists files relative to exec.d/, `sbom` maps
    formats (`cdx`) to documents.
    """

    types: Types
    metadata: Mapping[str, Any] = field(default_factory=dict)
    digest: str
    reused: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    exec_d: tuple[str, ...] = ()
    sbom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltProcess:
    """A process type of launch.toml."""

    type: str
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    default: bool = False
    working_dir: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """What launch.toml says."""

    processes: tuple[BuiltProcess, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    slices: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """Everything the lifecycle reads after bin/build."""

    layers: Mapping[str, BuiltLayer]
    launch: Launch
    store: Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """What the label of an exported image remembers: its launch layers, and store.toml."""

    layers: Mapping[str, BuiltLayer]
    store: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cache:
    """What the cache holds: metadata of its layers, and their archives as `<digest>.tar` in a directory."""

    layers: Mapping[str, BuiltLayer]
    archives: Path

    def without_blob(self, layer: str) -> Cache:
        """A copy of this cache whose archive of that layer was lost; its metadata is still there."""
        copy = self._copy(f"without-{layer}")
        (copy.archives / f"{self.layers[layer].digest}.tar").unlink()
        return copy

    def with_corrupt_blob(self, layer: str) -> Cache:
        """A copy of this cache in whose archive of that layer bytes were overwritten."""
        copy = self._copy(f"corrupt-{layer}")
        archive = copy.archives / f"{self.layers[layer].digest}.tar"
        archive.write_bytes(b"\0" * 512 + archive.read_bytes()[512:])
        return copy

    def with_digest(self, layer: str, digest: str) -> Cache:
        """The same cache with other contents of that layer: `digest` must name an archive."""
        return replace(self, layers={**self.layers, layer: replace(self.layers[layer], digest=digest)})

    def _copy(self, suffix: str) -> Cache:
        archives = self.archives.with_name(f"{self.archives.name}-{suffix}")
        shutil.copytree(self.archives, archives, dirs_exist_ok=True)
        return replace(self, archives=archives)

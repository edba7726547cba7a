"""What the lifecycle gives to bin/build, read once into values.

Only environment variables are used: the positional arguments are deprecated since API 0.8.
Source: buildpack.md of API 0.10, "Buildpack Interface" and "Provided by the Lifecycle"; behaviour that the
specification leaves open was observed on lifecycle 0.21.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_buildpack.cnb.environment import required, without_line_ends
from ml_buildpack.cnb.layer import Absent, LayerName, MetadataOnly, Present, RestoredLayer

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Some platforms export the machine's own spelling and the lifecycle appends Go's; both may arrive.
_GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The platform of the image, in Go's words (`linux`, `amd64`). The distribution is empty where nobody told it."""

    os: str
    arch: str
    distro_name: str = ""
    distro_version: str = ""

    def __str__(self) -> str:
        """For example `linux/amd64 debian 13`."""
        return " ".join(part for part in (f"{self.os}/{self.arch}", self.distro_name, self.distro_version) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildContext:
    """Everything a build may look at. `restored_layers` has every layer that the lifecycle brought back."""

    app_dir: Path
    layers_dir: Path
    platform_dir: Path
    buildpack_dir: Path
    target: Target
    env: Mapping[str, str]
    restored_layers: Mapping[LayerName, RestoredLayer]

    def restored(self, name: LayerName) -> RestoredLayer:
        """What came back of that layer."""
        return self.restored_layers.get(name, Absent())


def read_build_context(env: Mapping[str, str], app_dir: Path) -> BuildContext:
    """The context of bin/build. Raises PlatformContractBroken."""
    layers_dir = Path(required(env, "CNB_LAYERS_DIR"))
    return BuildContext(
        app_dir=app_dir,
        layers_dir=layers_dir,
        platform_dir=Path(required(env, "CNB_PLATFORM_DIR")),
        buildpack_dir=Path(required(env, "CNB_BUILDPACK_DIR")),
        target=_read_target(env),
        env=without_line_ends(env),
        restored_layers=read_restored_layers(layers_dir),
    )


def read_restored_layers(layers_dir: Path) -> dict[LayerName, RestoredLayer]:
    """What the lifecycle restored, by layer. A broken metadata file counts as nothing restored.

    A restored `<layer>.toml` does not prove that the directory came back: a corrupt cache entry is skipped with a
    warning and leaves the file alone.
    """
    restored: dict[LayerName, RestoredLayer] = {}
    for path in sorted(layers_dir.glob("*.toml")):
        if path.stem in {"build", "launch", "store"}:
            continue
        metadata = _read_metadata(path)
        directory = layers_dir / path.stem
        if metadata is not None:
            restored[LayerName(path.stem)] = (
                Present(metadata=metadata, path=directory) if directory.is_dir() else MetadataOnly(metadata=metadata)
            )
    return restored


def _read_metadata(path: Path) -> dict[str, str] | None:
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    metadata = document.get("metadata", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        return None
    return metadata


def _read_target(env: Mapping[str, str]) -> Target:
    arch = env.get("CNB_TARGET_ARCH") or os.uname().machine
    return Target(
        os=env.get("CNB_TARGET_OS") or "linux",
        arch=_GO_ARCHITECTURES.get(arch, arch),
        distro_name=env.get("CNB_TARGET_DISTRO_NAME", ""),
        distro_version=env.get("CNB_TARGET_DISTRO_VERSION", ""),
    )

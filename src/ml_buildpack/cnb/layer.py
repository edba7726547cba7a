"""Layers as values: their names, types, environment, and what the lifecycle restored of them. Touches no disk.

Source: buildpack.md of API 0.10, "Layer Types", "Layer Content Metadata (TOML)", "Environment".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NewType

LayerName = NewType("LayerName", str)

# `build`, `launch` and `store` name files of the contract; a dot would cut a layer from its SBOM, whose file name is
# split at the first dot.
_LAYER_NAME = re.compile(r"(?!(?:build|launch|store)$)[a-z][a-z0-9-]*")


def layer_name(text: str) -> LayerName:
    """The text as a layer name. Raises ValueError where the lifecycle would ignore, rename or confuse the layer."""
    if not _LAYER_NAME.fullmatch(text):
        message = f"not usable as a layer name: {text!r}"
        raise ValueError(message)
    return LayerName(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerTypes:
    """What the lifecycle does with a layer: into the image, for later buildpacks, into the cache."""

    launch: bool = False
    build: bool = False
    cache: bool = False


class EnvAction(Enum):
    """How a layer's variable meets one that exists already; the value is the file's suffix."""

    DEFAULT = "default"
    OVERRIDE = "override"
    PREPEND = "prepend"
    APPEND = "append"


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvEntry:
    """One variable that a layer gives to the running image. `delimiter` is for PREPEND and APPEND only."""

    name: str
    value: str
    action: EnvAction = EnvAction.DEFAULT
    delimiter: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """The lifecycle restored nothing of this layer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MetadataOnly:
    """The layer is in the previous image; its contents are not here and need not be."""

    metadata: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """The layer's contents were restored from the cache to `path`."""

    metadata: Mapping[str, str]
    path: Path


RestoredLayer = Absent | MetadataOnly | Present

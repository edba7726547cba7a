"""Which models of the application directory get a layer of their own, and in which order. Pure.

The lifecycle splits the directory by globs; the first slice that matches a file has it, and what matches none is the
last layer, the code's. So a change of the code exports the code, and another model that model.
Source: buildpack.md of API 0.10, "Slice Layers"; the globs are Go's filepath.Match on the path relative to the
application, where a pattern that matches a folder takes all that is in it (lifecycle 0.21, layers/slices.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ml_buildpack.cnb.launch import Slice
from ml_buildpack.facts.model_paths import ModelFile, ModelFolder, ModelPath
from ml_buildpack.facts.settings import Settings
from ml_buildpack.sizes import count, render_bytes

# Images have at most 127 layers on common file systems, and base and packages need theirs too.
SLICES_MAX = 16
# Below this a layer of its own costs more, in requests at every pull, than it saves.
OWN_SLICE_MIN_BYTES = 1_000_000
# Some registries refuse layers from 8 to 10 GB on, and one large layer is pulled by one connection: shards are better.
FOLDER_MAX_BYTES = 4_000_000_000
# The lifecycle walks the whole application once for every pattern.
PATTERNS_MAX = 100

_SPECIAL = re.compile(r"([\\*?\[])")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSlice:
    """One slice: its patterns, and the models that are in it, folders with a slash at their end."""

    patterns: tuple[str, ...]
    models: tuple[str, ...]
    size_bytes: int

    def __str__(self) -> str:
        """For example `models/churn.onnx (12.3 MB)`."""
        title = self.models[0] if len(self.models) == 1 else count(len(self.models), "smaller model")
        return f"{title} ({render_bytes(self.size_bytes)})"

    def to_slice(self) -> Slice:
        """What the lifecycle reads."""
        return Slice(paths=self.patterns)


def plan_model_slices(models: tuple[ModelPath, ...], settings: Settings) -> tuple[ModelSlice, ...]:
    """The slices, the largest first, and at the end one with all that is small or too many.

    None without models, or where the settings forbid them. The largest are what a rebuild must not move, and the first
    layers of an image are the ones that stay in place when another is added.
    """
    if not settings.model_slices:
        return ()
    units = sorted(_units(models), key=lambda unit: (-unit.size_bytes, unit.path))
    large = [unit for unit in units if unit.size_bytes >= OWN_SLICE_MIN_BYTES]
    own = large if len(large) == len(units) and len(large) <= SLICES_MAX else large[: SLICES_MAX - 1]
    rest = units[len(own) :]
    slices = tuple(_own_slice(unit) for unit in own)
    return (*slices, _common_slice(rest)) if rest else slices


def _units(models: Iterable[ModelPath]) -> Iterable[ModelPath]:
    """Each model, and instead of a folder that is too large for a layer the files in it."""
    for model in models:
        if isinstance(model, ModelFolder) and model.size_bytes > FOLDER_MAX_BYTES:
            yield from model.files
        else:
            yield model


def _own_slice(unit: ModelPath) -> ModelSlice:
    return ModelSlice(patterns=(escape_glob(unit.path),), models=(_title(unit),), size_bytes=unit.size_bytes)


def _common_slice(units: list[ModelPath]) -> ModelSlice:
    patterns = tuple(dict.fromkeys(_pattern(unit) for unit in units))[:PATTERNS_MAX]
    taken = [unit for unit in units if _pattern(unit) in patterns]
    models = tuple(_title(unit) for unit in taken)
    return ModelSlice(
        patterns=tuple(sorted(patterns)), models=models, size_bytes=sum(unit.size_bytes for unit in taken)
    )


def _title(unit: ModelPath) -> str:
    return f"{unit.path}/" if isinstance(unit, ModelFolder) else unit.path


def _pattern(unit: ModelPath) -> str:
    """The pattern of a unit that has no slice of its own: all of that suffix in its folder, where that is a model's.

    So the patterns stay few, and the same when another small model is added.
    """
    if isinstance(unit, ModelFile) and unit.is_known:
        folder, separator, _ = unit.path.rpartition("/")
        return f"{escape_glob(folder)}{separator}*{PurePosixPath(unit.path).suffix}"
    return escape_glob(unit.path)


def escape_glob(path: str) -> str:
    """A pattern that matches this path and, except for bytes that are not text, no other."""
    # launch.toml is UTF-8: a byte of a name that is not becomes the one pattern that Go lets match it.
    return _SPECIAL.sub(r"\\\1", path).encode("utf-8", errors="replace").decode("utf-8")

"""CatBoost's binary and JSON formats. Called by `recognition`. Source: CatBoost 1.2, `model.fbs`."""

from __future__ import annotations

import re
import struct

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.facts.models.stored import DamagedError, StoredFile

SUFFIXES = frozenset({".cbm", ".cb", ".bin", ".json"})
_MAGIC = b"CBM1"
_HEAD = struct.Struct("<4sI")
_JSON_START = re.compile(rb'\s*\{\s*"(?:ctr_data|features_info|model_info|oblivious_trees|scale_and_bias|trees)"\s*:')
_VERSION = re.compile(rb"tags/v(\d+\.\d+(?:\.\d+)*)")
# The texts about the training stand behind the trees.
_END_BYTES = 1 << 20
_LOSS = re.compile(rb'"loss_function"\s*:\s*\{\s*"type"\s*:\s*"([\w:]+)"')
_JSON_MARK = b"catboost_version_info"


def read_catboost(file: StoredFile) -> Recognised | None:
    """The model; None where the bytes are not CatBoost's. Raises: DamagedError."""
    if file.head.startswith(_MAGIC):
        size = _HEAD.unpack_from(file.head)[1] if len(file.head) >= _HEAD.size else 0
        if _HEAD.size + size > file.size_bytes:
            raise DamagedError(f"It says that {size} bytes follow, and is shorter.")
        return _recognised(file, "cbm")
    if file.suffix == ".json" and _JSON_START.match(file.head) and _JSON_MARK in _ends(file):
        return _recognised(file, "json")
    return None


def _ends(file: StoredFile) -> bytes:
    start = file.files.read_bytes(file.path, _END_BYTES)
    return start if file.size_bytes <= _END_BYTES else start + file.read_tail(_END_BYTES)


def _recognised(file: StoredFile, variant: str) -> Recognised:
    text = _ends(file)
    version, loss = _VERSION.search(text), _LOSS.search(text)
    return Recognised(
        path=file.path,
        format=ModelFormat.CATBOOST,
        variant=variant,
        trained_with={"catboost": version.group(1).decode()} if version is not None else {},
        facts={"objective": loss.group(1).decode()} if loss is not None else {},
    )

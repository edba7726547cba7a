"""LightGBM's text format. Called by `recognition`. Source: LightGBM 4.6, `gbdt_model_text.cpp`."""

from __future__ import annotations

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.stored import DamagedError, StoredFile

SUFFIXES = frozenset({".txt", ".lgb", ".bst", ".model"})
_START = (b"tree\nversion=", b"tree\r\nversion=")
# The head is as long as the names of the columns.
_HEAD_BYTES = 1 << 20
_END = b"end of trees"


def read_lightgbm(file: StoredFile) -> Recognised | None:
    """The booster; None where the bytes are not LightGBM's. Raises: DamagedError."""
    if not file.head.startswith(_START):
        return None
    text = file.files.read_bytes(file.path, _HEAD_BYTES).decode("utf-8", "replace")
    fields = dict(line.partition("=")[::2] for line in text.partition("\n\n")[0].splitlines() if "=" in line)
    if _END not in file.read_tail(_HEAD_BYTES):
        raise DamagedError('It has no "end of trees": it may be cut off.')
    objective = fields.get("objective", "")
    return Recognised(
        path=file.path,
        format=ModelFormat.LIGHTGBM,
        variant="text",
        facts={"text version": fields.get("version", ""), "objective": objective},
        signature=_signature(fields.get("feature_names", "").split()),
    )


def _signature(names: list[str]) -> Signature | None:
    if not names:
        return None
    # What LightGBM calls columns that had no names.
    if all(name == f"Column_{position}" for position, name in enumerate(names)):
        return Signature(inputs=(Tensor(name="input", datatype="FP64", shape=(-1, len(names))),))
    return Signature(inputs=tuple(Tensor(name=name, datatype="FP64", shape=(-1,)) for name in names))

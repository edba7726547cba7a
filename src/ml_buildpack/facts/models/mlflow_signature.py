"""The signature of an MLmodel as tensors. Called by `mlflow_model`. Source: MLflow 3, "Model Signatures"."""

from __future__ import annotations

import json
from typing import Any

from ml_buildpack.facts.models.artifact import Signature, Tensor

_COLUMNS = {"boolean": "BOOL", "integer": "INT32", "long": "INT64", "float": "FP32", "double": "FP64",
            "string": "BYTES", "binary": "BYTES", "datetime": "BYTES"}  # fmt: skip
_DTYPES = {"bool": "BOOL", "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64", "uint8": "UINT8",
           "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "float16": "FP16", "float32": "FP32",
           "float64": "FP64"}  # fmt: skip


def read_signature(inputs: str | None, outputs: str | None) -> Signature | None:
    """Both are JSON texts. None where there are no inputs, or one of them has a type that no tensor has."""
    columns = _tensors(inputs, "input")
    if not columns:
        return None
    return Signature(inputs=columns, outputs=_tensors(outputs, "output") or ())


def _tensors(text: str | None, name: str) -> tuple[Tensor, ...] | None:
    try:
        items = json.loads(text) if text else []
    except (ValueError, RecursionError):
        return None
    found = (
        [_tensor(item, f"{name}-{position}") for position, item in enumerate(items)] if isinstance(items, list) else []
    )
    return tuple(tensor for tensor in found if tensor is not None) if all(found) else None


def _tensor(item: Any, default: str) -> Tensor | None:  # noqa: ANN401  # any JSON value
    if not isinstance(item, dict):
        return None
    name = item["name"] if isinstance(item.get("name"), str) else default
    spec = item.get("tensor-spec")
    if isinstance(spec, dict):
        shape = spec.get("shape")
        if not isinstance(shape, list) or not all(isinstance(size, int) for size in shape):
            return None
        return Tensor(name=name, datatype=_DTYPES.get(str(spec.get("dtype")), "BYTES"), shape=tuple(shape))
    datatype = _COLUMNS.get(str(item.get("type")))
    return Tensor(name=name, datatype=datatype, shape=(-1,)) if datatype is not None else None

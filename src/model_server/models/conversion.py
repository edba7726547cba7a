"""Arrays of a model's datatype out of what clients send. Nothing is narrowed in silence.

Two steps that must not be confused: JSON numbers have no type and are read as the datatype they are said or expected
to be; arrays that have one are widened to what the model takes, or refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_server.models.refusals import BadInput
from model_server.models.signature import DTYPES, FLOATING

Array = NDArray[Any]

_WORDS = {"b": "booleans", "i": "whole numbers", "u": "whole numbers", "f": "numbers", "U": "strings", "O": "mixed"}


def read_json(data: object, datatype: str, where: str) -> Array:
    """An array of `datatype` with the shape of the nested lists. `null` is a missing value in floating types only.

    Raises: BadInput.
    """
    if not isinstance(data, list):
        raise BadInput(f"{where} must be a list")
    try:
        found = np.array(data)
    except (ValueError, OverflowError):
        raise BadInput(f"{where}: its lists are not all of the same length") from None
    if found.size == 0:
        return found.astype(DTYPES[datatype])
    if datatype == "BYTES":
        return _strings(found, where)
    if datatype in FLOATING and found.dtype.kind == "O":
        found = _with_missing(found, where)
    if found.dtype.kind == "f" and datatype not in FLOATING and datatype != "BOOL":
        found = _whole(found, where)
    return _as_type(found, datatype, where)


def widen(found: Array, datatype: str, where: str, *, rounds: bool = False) -> Array:
    """`found` as `datatype`, where that type holds every value exactly; `rounds`: the model itself rounds doubles.

    Raises: BadInput.
    """
    wanted = np.dtype(DTYPES[datatype])
    if found.dtype == wanted:
        return found
    kind = found.dtype.kind
    if kind == "f" and wanted.kind == "f" and found.dtype.itemsize > wanted.itemsize and not rounds:
        raise BadInput(f"{where} must be {datatype}, which cannot hold every FP{found.dtype.itemsize * 8}")
    if kind == "f" and wanted.kind in "iu":
        raise BadInput(f"{where} must be {datatype}, and these are floating-point numbers")
    converted = _as_type(found, datatype, where)
    if kind in "iu" and wanted.kind == "f" and not np.array_equal(converted.astype(found.dtype), found):
        raise BadInput(f"{where} must be {datatype}, which cannot hold such large whole numbers exactly")
    return converted


def has_missing(array: Array) -> bool:
    """Whether a floating-point array has a NaN."""
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def _as_type(found: Array, datatype: str, where: str) -> Array:
    """The cast itself, between kinds that are alike and within the range of the type."""
    wanted = np.dtype(DTYPES[datatype])
    kind = found.dtype.kind
    allowed = {"f": "fiu", "i": "iu", "u": "iu", "b": "b", "O": "O"}[wanted.kind]
    if kind not in allowed:
        raise BadInput(f"{where} must be {datatype}, and these are {_WORDS.get(kind, 'of another kind')}")
    if wanted.kind in "iu" and found.size:
        limits = np.iinfo(wanted)
        if int(found.min()) < limits.min or int(found.max()) > limits.max:
            raise BadInput(f"{where} must be {datatype}, from {limits.min} to {limits.max}")
    with np.errstate(over="ignore"):
        converted = found.astype(wanted, copy=False)
    if wanted.kind == "f" and wanted.itemsize < found.dtype.itemsize and np.isinf(converted).any():
        raise BadInput(f"{where} must be {datatype}, and holds a number that is too large for it")
    return converted


def _strings(found: Array, where: str) -> Array:
    if found.dtype.kind == "U":
        return found.astype(object)
    if found.dtype.kind == "O" and all(isinstance(value, str) for value in found.flat):
        return found
    raise BadInput(f"{where} must be BYTES, which are strings in JSON")


def _with_missing(found: Array, where: str) -> Array:
    for value in found.flat:
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise BadInput(f"{where} must be numbers")
    return found.astype(np.float64)


def _whole(found: Array, where: str) -> Array:
    # 2**63 is the first double that INT64 cannot hold; every whole number of JSON that is not a double is no float.
    if not np.array_equal(np.floor(found), found) or np.abs(found).max() >= 2.0**63:
        raise BadInput(f"{where} must be whole numbers")
    return found.astype(np.int64)

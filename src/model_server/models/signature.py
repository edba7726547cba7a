"""What a model takes and gives, in the words of the Open Inference Protocol. Pure values.

Source: Open Inference Protocol v2, "Tensor Data Types".
"""

from __future__ import annotations

from dataclasses import dataclass

# NumPy's little-endian type of each datatype; strings are Python's own, in arrays of objects.
DTYPES = {
    "BOOL": "?",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    "BYTES": "O",
}
NUMERIC = frozenset(DTYPES) - {"BOOL", "BYTES"}
FLOATING = frozenset({"FP16", "FP32", "FP64"})
_DATATYPES = {dtype.lstrip("<"): name for name, dtype in DTYPES.items()}

ANY = -1
"""A length that requests choose; in the first place, the number of rows."""


@dataclass(frozen=True)
class Tensor:
    """One input or output."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    @property
    def is_column(self) -> bool:
        """Whether it holds one value for each row."""
        return self.shape in {(ANY,), (ANY, 1)}


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs, in order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...] = ()


def datatype_of(kind: str, itemsize: int) -> str:
    """The datatype of arrays of NumPy's `kind` and `itemsize` (in bytes); strings and objects are BYTES."""
    if kind == "b":
        return "BOOL"
    return _DATATYPES.get(f"{kind}{itemsize}", "BYTES")

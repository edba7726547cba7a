"""A model that can be called: what it takes and gives, and the call itself. The loaders make these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Union

import numpy as np

from model_server.models.signature import Tensor, datatype_of
from model_server.models.table_inputs import Rows, TableInputs
from model_server.models.tensor_inputs import TensorInputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model_server.models.conversion import Array

Inputs = Union[TableInputs, TensorInputs]  # noqa: UP007 (evaluated by Python 3.9 too)


class Call(Protocol):
    """The model's own prediction. Runs in the model's thread and may raise anything."""

    def __call__(self, rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        """Each of these outputs, as whatever the library returns."""


@dataclass(frozen=True)
class LoadedModel:
    """What a loader made of an artefact."""

    inputs: Inputs
    call: Call
    outputs: tuple[str, ...]
    """All outputs, by name."""
    default_outputs: tuple[str, ...]
    """Those that are computed where a request names none."""
    example: Rows | None = None
    """A row that the model is likely to take, where numbers alone would not do."""


def predict(model: LoadedModel, rows: Rows, outputs: tuple[str, ...]) -> dict[str, Array]:
    """The outputs as arrays; one with a single column is flat. Raises whatever the model does."""
    found = model.call(rows, outputs)
    return {name: as_array(found[name]) for name in outputs}


def as_array(value: object) -> Array:
    """An array whose type is a datatype of the protocol: numbers as they are, everything else as strings."""
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind == "O":
        array = _unboxed(array)
    if array.dtype.kind in "biuf":
        # Wider than any datatype: 80-bit floats.
        wide = array.dtype.itemsize > np.dtype(np.float64).itemsize
        return array.astype("<f8" if wide else array.dtype.newbyteorder("<"), copy=False)
    return array.astype(str).astype(object)


def describe_output(name: str, array: Array) -> Tensor:
    """The tensor that metadata shows for an output of these shapes."""
    shape = (-1, *array.shape[1:]) if array.ndim else ()
    return Tensor(name=name, datatype=datatype_of(array.dtype.kind, array.dtype.itemsize), shape=shape)


def _unboxed(array: Array) -> Array:
    """Objects that are all numbers as an array of numbers; class labels are often kept as objects."""
    if array.size and not any(isinstance(value, (str, bytes)) for value in array.flat):
        plain = np.array(array.tolist())
        if plain.dtype.kind in "biuf" and plain.shape == array.shape:
            return plain
    return array

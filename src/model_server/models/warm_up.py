"""The first predictions: they make a model ready, and show what requests may rely on.

Nothing that only a prediction can tell is guessed: whether missing values are taken, what the outputs look like, and
whether rows that are predicted together get the same bits as each alone. The last is not self-evident: the sums of a
matrix product may be added in another order for another number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model_server.boot import CannotStart
from model_server.models.loaded_model import LoadedModel, describe_output, predict
from model_server.models.loading import one_line
from model_server.models.signature import ANY, DTYPES, Tensor
from model_server.models.table_inputs import Rows, TableInputs

if TYPE_CHECKING:
    from model_server.models.conversion import Array

# Enough rows to reach every path of a matrix product that depends on their number, and few enough for a slow model.
_PROOF_ROWS = 48
_PROOF_SIZES = (2, 3, 5, 8, 16, 48)
_SEED = 20_261_121


@dataclass(frozen=True)
class Readiness:
    """What the first predictions showed."""

    outputs: tuple[Tensor, ...]
    """All that the model can give."""
    takes_missing: bool
    """Whether a prediction with NaN in every floating-point input succeeded."""
    gathers: frozenset[str]
    """The outputs that are the same to the last bit, whether rows are predicted together or alone."""


def warm_up(model: LoadedModel, name: str) -> Readiness:
    """Predict once for each output. Raises: CannotStart if the model refuses."""
    rows = synthetic_rows(model, 1)
    outputs = []
    for output in model.outputs:
        try:
            found = predict(model, rows, (output,))[output]
        except Exception as error:
            # An estimator may have the method and refuse it, as an SVM without probabilities does.
            if output in model.default_outputs:
                raise CannotStart(f"the model {name} cannot predict: {one_line(error)}") from error
            continue
        outputs.append(describe_output(output, found))
    known = tuple(output.name for output in outputs)
    return Readiness(
        outputs=tuple(outputs),
        takes_missing=_takes_missing(model, rows),
        gathers=frozenset(output for output in known if gathers(model, output)),
    )


def gathers(model: LoadedModel, output: str) -> bool:
    """Whether the output of rows in one call has the bits of the same rows each in a call of its own."""
    if any(tensor.shape[:1] != (ANY,) for tensor in model.inputs.described):
        return False
    rows = synthetic_rows(model, _PROOF_ROWS)
    try:
        alone = [predict(model, take(rows, start, start + 1), (output,))[output] for start in range(_PROOF_ROWS)]
        return all(
            _same(predict(model, take(rows, 0, size), (output,))[output], np.concatenate(alone[:size]))
            for size in _PROOF_SIZES
        )
    except Exception:  # noqa: BLE001 (a model that refuses such rows is served without gathering)
        return False


def synthetic_rows(model: LoadedModel, count: int) -> Rows:
    """`count` rows that the model is likely to take; the same in every start."""
    random = np.random.default_rng(_SEED)
    if model.example is not None:
        return tuple(_vary(np.repeat(slot, count, axis=0), random) for slot in model.example)
    inputs = model.inputs
    if isinstance(inputs, TableInputs) and inputs.packed is not None:
        matrix = Tensor(name="", datatype=inputs.packed, shape=(ANY, len(inputs.columns)))
        return (_synthetic(matrix, count, random),)
    tensors = inputs.columns if isinstance(inputs, TableInputs) else inputs.tensors
    return tuple(
        _synthetic(Tensor(name="", datatype=tensor.datatype, shape=(ANY,)), count, random)
        if isinstance(inputs, TableInputs)
        else _synthetic(tensor, count, random)
        for tensor in tensors
    )


def take(rows: Rows, start: int, end: int) -> Rows:
    """Some of the rows, in slots of their own."""
    return tuple(slot[start:end].copy() for slot in rows)


def _synthetic(tensor: Tensor, count: int, random: np.random.Generator) -> Array:
    lengths = [1 if length == ANY else length for length in tensor.shape]
    shape = (count, *lengths[1:]) if tensor.shape[:1] == (ANY,) else tuple(lengths)
    if tensor.datatype == "BYTES":
        return np.full(shape, "a", dtype=object)
    return _vary(np.ones(shape, dtype=DTYPES[tensor.datatype]), random)


def _vary(slot: Array, random: np.random.Generator) -> Array:
    """Random numbers instead of floating-point ones; the first row stays, and so does everything else."""
    if slot.dtype.kind == "f" and len(slot) > 1:
        slot[1:] = random.normal(scale=3.0, size=slot[1:].shape)
    return slot


def _takes_missing(model: LoadedModel, rows: Rows) -> bool:
    floating = [slot.dtype.kind == "f" for slot in rows]
    # A graph computes with NaN without complaint, and what it gives then means nothing.
    if not any(floating) or not isinstance(model.inputs, TableInputs):
        return False
    missing = tuple(np.full_like(slot, np.nan) if slot.dtype.kind == "f" else slot for slot in rows)
    try:
        found = predict(model, missing, model.default_outputs)
    except Exception:  # noqa: BLE001 (its way to say no)
        return False
    return not any(value.dtype.kind == "f" and bool(np.isnan(value).any()) for value in found.values())


def _same(one: Array, other: Array) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return one.tolist() == other.tolist() if one.dtype.kind == "O" else one.tobytes() == other.tobytes()

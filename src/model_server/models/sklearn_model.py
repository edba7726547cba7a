"""scikit-learn estimators and everything that behaves like one: an object with `predict`, out of a pickle."""

from __future__ import annotations

import importlib.util
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from model_server.boot import CannotStart
from model_server.models.loaded_model import LoadedModel
from model_server.models.signature import ANY, DTYPES, Signature, Tensor
from model_server.models.sklearn_columns import (
    column_count,
    column_names,
    describe_columns,
    first_step,
    takes_text,
)
from model_server.models.table_inputs import TableInputs
from model_server.models.tensor_inputs import TensorInputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model_server.models.manifest import ModelEntry
    from model_server.models.table_inputs import Rows

# In this order where a request names none but all are asked for.
_METHODS = ("predict", "predict_proba")


def load_estimator(entry: ModelEntry, path: Path) -> LoadedModel:
    """The unpickled estimator. Raises whatever unpickling does, and CannotStart."""
    # A matrix goes to an estimator that was fitted with names only after its columns were put in order by them.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    estimator = _READERS[entry.variant](path) if entry.variant in _READERS else _unpickle(path)
    methods = tuple(method for method in _METHODS if callable(getattr(estimator, method, None)))
    if not methods and callable(getattr(estimator, "transform", None)):
        methods = ("transform",)
    if not methods:
        raise CannotStart(f"{entry.path} holds a {type(estimator).__name__}, which has no method `predict`")
    inputs, example = _inputs(estimator, entry.signature)
    return LoadedModel(
        inputs=inputs,
        call=_Estimator(estimator, inputs),
        outputs=methods,
        default_outputs=methods[:1],
        example=example,
    )


class _Estimator:
    """The call of an estimator: on a matrix, or on a data frame where it selects columns by their names."""

    def __init__(self, estimator: Any, inputs: TableInputs | TensorInputs) -> None:  # noqa: ANN401 (any estimator)
        self._estimator = estimator
        self._names = inputs.names if isinstance(inputs, TableInputs) and inputs.named else None
        mixed = isinstance(inputs, TableInputs) and inputs.packed is None
        selects = hasattr(first_step(estimator), "transformers_")
        can = importlib.util.find_spec("pandas") is not None
        self._frame = self._names is not None and can and (mixed or selects or column_count(estimator) is None)

    def __call__(self, rows: Rows, outputs: tuple[str, ...]) -> dict[str, Any]:
        """Each method's result on the same input."""
        table = self._table(rows)
        return {name: getattr(self._estimator, name)(table) for name in outputs}

    def _table(self, rows: Rows) -> Any:  # noqa: ANN401 (an array or a data frame)
        if self._frame and self._names is not None:
            # Imported here: most images have no pandas.
            from pandas import DataFrame  # noqa: PLC0415

            if len(rows) == 1 and rows[0].ndim > 1:
                return DataFrame(rows[0], columns=list(self._names))
            return DataFrame(dict(zip(self._names, rows)))  # noqa: B905 (a slot for each column)
        return rows[0] if len(rows) == 1 else np.column_stack([slot.astype(object) for slot in rows])


def _inputs(estimator: Any, signature: Signature | None) -> tuple[TableInputs | TensorInputs, Rows | None]:  # noqa: ANN401
    """What it takes: the manifest's columns, else those that it was fitted with, else a matrix of numbers."""
    if takes_text(estimator):
        return TensorInputs(tensors=(Tensor(name="text", datatype="BYTES", shape=(ANY,)),)), None
    if signature is not None and signature.inputs and all(tensor.is_column for tensor in signature.inputs):
        names = tuple(tensor.name for tensor in signature.inputs)
        _, values = describe_columns(estimator, names)
        return _table(signature.inputs, values)
    names = column_names(estimator) or ()
    if names:
        return _table(*describe_columns(estimator, names))
    count = column_count(estimator)
    if count is not None:
        columns, values = describe_columns(estimator, tuple(str(position) for position in range(count)))
        table, example = _table(columns, values)
        return TableInputs(columns=table.columns, named=table.packed is None), example
    if signature is not None and signature.inputs:
        return TensorInputs(tensors=signature.inputs), None
    raise CannotStart(
        "a model does not say how many columns it takes: add a signature to it, or fit it with scikit-learn's own means"
    )


def _table(columns: tuple[Tensor, ...], values: tuple[Any, ...]) -> tuple[TableInputs, Rows]:
    """The columns and one row for them."""
    table = TableInputs(columns=columns)
    if table.packed is not None:
        return table, (np.array([values]).astype(DTYPES[table.packed]),)
    slots = tuple(
        np.array([value], dtype=object if column.datatype == "BYTES" else None)
        for column, value in zip(columns, values)  # noqa: B905 (one for each)
    )
    return table, slots


def _unpickle(path: Path) -> Any:  # noqa: ANN401 (whatever was pickled)
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 (the image's own model, by its owner's wish)


def _read_joblib(path: Path) -> Any:  # noqa: ANN401 (whatever was dumped)
    import joblib  # noqa: PLC0415 (there where a model needs it)

    return joblib.load(path)


def _read_skops(path: Path) -> Any:  # noqa: ANN401 (whatever was dumped)
    import skops.io  # noqa: PLC0415 (there where a model needs it)

    unknown = skops.io.get_untrusted_types(file=path)
    if unknown:
        # Never the list that the model itself brings: it is what must not be trusted.
        raise CannotStart(f"{path.name} holds types that skops does not trust: {', '.join(sorted(unknown))}")
    return skops.io.load(path, trusted=[])


_READERS: dict[str, Callable[[Path], Any]] = {"joblib": _read_joblib, "skops": _read_skops}

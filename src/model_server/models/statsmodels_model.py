"""Results of statsmodels, pickled by their `save`. Columns in the order of the model's regressors."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

from model_server.boot import CannotStart
from model_server.models.loaded_model import LoadedModel
from model_server.models.signature import ANY, Tensor
from model_server.models.table_inputs import Rows, TableInputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from model_server.models.manifest import ModelEntry


def load_statsmodels(entry: ModelEntry, path: Path) -> LoadedModel:
    """Results whose `predict` takes a matrix of regressors. Raises whatever unpickling does, and CannotStart."""
    with path.open("rb") as file:
        results = pickle.load(file)  # noqa: S301 (the image's own model, by its owner's wish)
    # Those of the parameters: where data was removed before saving, the model has forgotten the names of its columns.
    names = getattr(getattr(results, "params", None), "index", None)
    if names is None or not callable(getattr(results, "predict", None)):
        raise CannotStart(f"{entry.path} holds a {type(results).__name__} that does not name its regressors")
    if hasattr(results.model, "formula"):
        raise CannotStart(f"{entry.path} was fitted with a formula, which this server cannot apply yet")

    def call(rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        return {name: results.predict(rows[0]) for name in outputs}

    columns = tuple(Tensor(name=str(name), datatype="FP64", shape=(ANY,)) for name in names)
    named = all(isinstance(name, str) for name in names)
    return LoadedModel(
        inputs=TableInputs(columns=columns, named=named), call=call, outputs=("predict",), default_outputs=("predict",)
    )

"""Gradient boosting out of its own files: XGBoost, LightGBM, CatBoost. Each library is imported when it is asked for.

XGBoost and LightGBM store a bare booster. Where XGBoost's file says that it was a classifier, the answers are classes
and probabilities, computed as its `XGBClassifier` computes them (which would need scikit-learn); else, as in LightGBM,
the one output is what the booster gives.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from model_server.boot import CannotStart
from model_server.models.loaded_model import LoadedModel
from model_server.models.signature import ANY, Tensor
from model_server.models.sklearn_model import load_estimator
from model_server.models.table_inputs import Rows, TableInputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from model_server.models.manifest import ModelEntry

_PICKLED = frozenset({"pickle", "joblib"})


def load_xgboost(entry: ModelEntry, path: Path) -> LoadedModel:
    """A booster in JSON or UBJSON, or a pickled estimator. Raises whatever loading does."""
    if entry.variant in _PICKLED:
        return load_estimator(entry, path)
    import xgboost  # noqa: PLC0415 (there where a model needs it)

    booster = xgboost.Booster(model_file=str(path))
    if booster.feature_types is not None and "c" in booster.feature_types:
        raise CannotStart(f"{entry.path} has categorical columns, which this server cannot pass to a bare booster")
    known = json.loads(booster.attr("scikit_learn") or "{}")
    classifies = known.get("_estimator_type") == "classifier"
    outputs = ("predict", "predict_proba") if classifies else ("predict",)
    return LoadedModel(
        inputs=_numbers(booster.feature_names, booster.num_features(), "FP32"),
        call=_XGBoost(booster, classifies=classifies),
        outputs=outputs,
        default_outputs=outputs[:1],
    )


class _XGBoost:
    def __init__(self, booster: Any, *, classifies: bool) -> None:  # noqa: ANN401 (xgboost.Booster)
        self._booster = booster
        self._classifies = classifies
        # As XGBClassifier: the best round, where training was stopped early.
        best = booster.attr("best_iteration")
        self._rounds = (0, int(best) + 1) if best is not None else (0, 0)

    def __call__(self, rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        """One pass through the trees, whatever is asked for."""
        margin = self._booster.inplace_predict(rows[0], iteration_range=self._rounds, validate_features=False)
        if not self._classifies:
            return {"predict": margin}
        if margin.ndim == 1:
            probabilities = np.vstack((1.0 - margin, margin)).transpose()
            classes = (margin > 0.5).astype(np.int64)  # noqa: PLR2004 (XGBClassifier's own threshold)
        else:
            probabilities, classes = margin, np.argmax(margin, axis=1)
        return {name: {"predict": classes, "predict_proba": probabilities}[name] for name in outputs}


def load_lightgbm(entry: ModelEntry, path: Path) -> LoadedModel:
    """A booster in LightGBM's text, or a pickled estimator. Raises whatever loading does."""
    if entry.variant in {*_PICKLED, "skops"}:
        return load_estimator(entry, path)
    import lightgbm  # noqa: PLC0415 (there where a model needs it)

    booster = lightgbm.Booster(model_file=str(path))

    def call(rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        return {name: booster.predict(rows[0]) for name in outputs}

    return LoadedModel(
        inputs=_numbers(booster.feature_name(), booster.num_feature(), "FP64"),
        call=call,
        outputs=("predict",),
        default_outputs=("predict",),
    )


def load_catboost(entry: ModelEntry, path: Path) -> LoadedModel:
    """A model in one of CatBoost's own forms, or a pickled one. Raises whatever loading does."""
    if entry.variant in _PICKLED:
        return load_estimator(entry, path)
    import catboost  # noqa: PLC0415 (there where a model needs it)

    form = "json" if path.suffix == ".json" else "cbm"
    model = catboost.CatBoost().load_model(str(path), format=form)
    classifies = catboost.CatBoostClassifier._is_classification_objective(  # noqa: SLF001 (nothing public says it)
        model.get_all_params().get("loss_function", "")
    )
    if classifies:
        model = catboost.CatBoostClassifier().load_model(str(path), format=form)
    outputs = ("predict", "predict_proba") if classifies else ("predict",)
    strings = set(model.get_cat_feature_indices()) | set(model.get_text_feature_indices())
    columns = tuple(
        Tensor(name=name, datatype="BYTES" if position in strings else "FP64", shape=(ANY,))
        for position, name in enumerate(model.feature_names_)
    )

    def call(rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        table = rows[0] if len(rows) == 1 else np.column_stack([slot.astype(object) for slot in rows])
        found = {name: np.asarray(getattr(model, name)(table)) for name in outputs}
        # CatBoost gives the classes of more than two as a matrix with one column.
        return {name: value[:, 0] if value.shape[1:] == (1,) else value for name, value in found.items()}

    table = TableInputs(
        columns=columns, rounds=True, named=model.feature_names_ != [str(n) for n in range(len(columns))]
    )
    return LoadedModel(inputs=table, call=call, outputs=outputs, default_outputs=outputs[:1])


def _numbers(names: Sequence[str] | None, count: int, datatype: str) -> TableInputs:
    """Columns of numbers; XGBoost and LightGBM call columns without names nothing, or `Column_0`."""
    listed = list(names or ())
    named = bool(listed) and listed != [f"Column_{position}" for position in range(count)]
    columns = listed if named else [str(position) for position in range(count)]
    return TableInputs(
        columns=tuple(Tensor(name=name, datatype=datatype, shape=(ANY,)) for name in columns), named=named, rounds=True
    )

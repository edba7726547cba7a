"""scikit-learn estimators: what they take, read from what they were fitted with, and their predictions bit by bit."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from model_server.boot import CannotStart
from model_server.models.loaded_model import LoadedModel, predict
from model_server.models.loading import load_model
from model_server.models.manifest import ModelEntry
from model_server.models.signature import Signature, Tensor
from model_server.models.warm_up import Readiness, warm_up

pytestmark = pytest.mark.slow

INPUTS, ANSWERS = load_iris(return_X_y=True)
COLUMNS = tuple(Tensor(name=name, datatype="FP64", shape=(-1,)) for name in ("sl", "sw", "pl", "pw"))
MATRIX = (Tensor(name="input", datatype="FP64", shape=(-1, 4)),)


def loaded(
    estimator: Any,  # noqa: ANN401 (any estimator)
    directory: Path,
    variant: str = "joblib",
    signature: Signature | None = None,
) -> tuple[LoadedModel, Readiness]:
    """The estimator after it was written and loaded, and what its first predictions showed."""
    path = directory / "model"
    if variant == "joblib":
        joblib.dump(estimator, path, compress=3)
    else:
        path.write_bytes(pickle.dumps(estimator))
    entry = ModelEntry(
        name="m", version="1", format="sklearn", variant=variant, path="model", trained_with={}, signature=signature,
        example=None,
    )  # fmt: skip
    model = load_model(entry, directory)
    return model, warm_up(model, "m")


@pytest.mark.parametrize("variant", ["joblib", "pickle"])
def test_a_matrix_where_there_are_no_names(tmp_path: Path, variant: str) -> None:
    """Classes and probabilities, equal to the library's own."""
    estimator = LogisticRegression(max_iter=500).fit(INPUTS, ANSWERS)
    model, readiness = loaded(estimator, tmp_path, variant)
    found = predict(model, model.inputs.from_tensors({"any": INPUTS}), ("predict", "predict_proba"))

    assert MATRIX == model.inputs.described
    assert [("predict", "INT64", (-1,)), ("predict_proba", "FP64", (-1, 3))] == [
        (output.name, output.datatype, output.shape) for output in readiness.outputs
    ]
    assert estimator.predict(INPUTS).tobytes() == found["predict"].tobytes()
    assert estimator.predict_proba(INPUTS).tobytes() == found["predict_proba"].tobytes()
    assert not readiness.takes_missing


def test_the_manifests_names_win(tmp_path: Path) -> None:
    """MLflow's signature names what the estimator saw as a matrix; columns are put in order by them."""
    estimator = LinearRegression().fit(INPUTS, ANSWERS)
    model, _ = loaded(estimator, tmp_path, signature=Signature(inputs=COLUMNS))
    shuffled = {name: INPUTS[:, position] for position, name in [(2, "pl"), (0, "sl"), (3, "pw"), (1, "sw")]}
    found = predict(model, model.inputs.from_tensors(shuffled), ("predict",))["predict"]

    assert COLUMNS == model.inputs.described
    assert estimator.predict(INPUTS).tobytes() == found.tobytes()


def test_trees_are_gathered_and_may_take_missing_values(tmp_path: Path) -> None:
    """What the first predictions showed."""
    forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(INPUTS, ANSWERS)
    boosted = HistGradientBoostingClassifier(max_iter=2).fit(INPUTS, ANSWERS)

    assert {"predict", "predict_proba"} == loaded(forest, tmp_path)[1].gathers
    assert loaded(boosted, tmp_path)[1].takes_missing


def test_strings_are_seen_in_what_an_encoder_knows(tmp_path: Path) -> None:
    """So that the first prediction has a category that exists."""
    table = np.array([[1.0, "clay"], [2.0, "sand"], [3.0, "clay"]], dtype=object)
    columns = make_column_transformer((StandardScaler(), [0]), (OneHotEncoder(), [1]))
    estimator = make_pipeline(columns, LinearRegression()).fit(table, [1, 2, 3])
    model, _ = loaded(estimator, tmp_path)
    rows = model.inputs.from_lists([[1.5, "sand"], [2.5, "clay"]], None, "x")
    expected = estimator.predict(np.array([[1.5, "sand"], [2.5, "clay"]], dtype=object))

    assert ["FP64", "BYTES"] == [tensor.datatype for tensor in model.inputs.described]
    assert expected.tobytes() == predict(model, rows, ("predict",))["predict"].tobytes()


def test_texts(tmp_path: Path) -> None:
    """A vectorizer takes one text for each row, and classes are strings."""
    texts = ["good flower", "bad flower", "good", "bad"]
    estimator = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, ["up", "down", "up", "down"])
    model, readiness = loaded(estimator, tmp_path)
    rows = model.inputs.from_lists(["a good one", "so bad"], None, "x")

    assert (Tensor(name="text", datatype="BYTES", shape=(-1,)),) == model.inputs.described
    assert "BYTES" == readiness.outputs[0].datatype
    assert ["up", "down"] == predict(model, rows, ("predict",))["predict"].tolist()


def test_a_method_that_refuses_is_no_output(tmp_path: Path) -> None:
    """An SVM has `predict_proba`, and raises unless it was fitted for it."""
    _, readiness = loaded(SVC().fit(INPUTS, ANSWERS), tmp_path)

    assert ["predict"] == [output.name for output in readiness.outputs]


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        ({"weights": [1, 2]}, "model holds a dict, which has no method `predict`"),
        (LogisticRegression(), "a model does not say how many columns it takes: add a signature to it, or fit it"),
    ],
)
def test_what_cannot_predict(tmp_path: Path, estimator: object, said: str) -> None:
    """One line, when it is loaded."""
    with pytest.raises(CannotStart) as raised:
        loaded(estimator, tmp_path)

    assert raised.value.problems[0].startswith(said)

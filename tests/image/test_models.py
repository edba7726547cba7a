"""A directory that holds nothing but a model becomes an image that predicts, built by pack."""

from __future__ import annotations

import json

import pytest

from support.container import serve
from support.pack import FIXTURES, Pack

pytestmark = pytest.mark.image

JSON = {"Content-Type": "application/json"}
# One flower of each kind, from the data that the fixtures are trained on; the library's own answers are 0, 1 and 2.
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 4.2, 1.5], [6.3, 3.3, 6.0, 2.5]]


@pytest.mark.parametrize("name", ["sklearn-joblib", "onnx"])
def test_model_alone_is_served(pack: Pack, name: str) -> None:
    """No application and no requirements: packages and versions are the model file's own."""
    built = pack.build_well(FIXTURES / "models" / name, f"model-{name}")

    with serve(built.image, ready_path="/v2/health/ready") as served:
        body = json.dumps({"instances": FLOWERS})
        status, text = served.send("/invocations", body, JSON)

    assert (200, [0, 1, 2]) == (status, _labels(json.loads(text)))


def _labels(answer: dict[str, object]) -> object:
    """The classes alone: ONNX models answer with their probabilities too."""
    predictions = answer["predictions"]
    if isinstance(predictions, dict):
        return next(iter(predictions.values()))
    return predictions

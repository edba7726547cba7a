"""Predictions over HTTP equal the library's own in-process call to the last bit, whichever way they are asked for."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from support.model_server import ask, get, manifest, model_server, post, tensor
from support.running_server import RunningServer

pytestmark = pytest.mark.slow

INPUTS, ANSWERS = load_iris(return_X_y=True)
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ESTIMATORS = {
    "logistic": LogisticRegression(max_iter=500),
    "linear": LinearRegression(),
    "forest": RandomForestClassifier(n_estimators=5, random_state=0),
    "boosted": GradientBoostingRegressor(n_estimators=5, random_state=0),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """All of them, in one server."""
    files: dict[str, str | bytes] = {}
    for name, estimator in ESTIMATORS.items():
        buffer = io.BytesIO()
        joblib.dump(estimator.fit(INPUTS, ANSWERS), buffer)
        files[f"{name}.joblib"] = buffer.getvalue()
    sklearn = {"format": "sklearn", "variant": "joblib"}
    entries = {name: {**sklearn, "path": f"{name}.joblib"} for name in ESTIMATORS}
    files["manifest.json"] = manifest(**entries)
    with model_server(tmp_path_factory.mktemp("sklearn"), files) as started:
        yield started


@pytest.mark.parametrize("rows", [1, 7, 150])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_protocol_gives_the_same_bits(server: RunningServer, name: str, rows: int) -> None:
    """JSON carries the shortest text of a double, which is read back as the same double."""
    inputs = INPUTS[:rows]
    expected = ESTIMATORS[name].predict(inputs)

    v2 = post(server, f"/v2/models/{name}/infer", tensor(inputs.tolist(), list(inputs.shape))).json["outputs"][0]
    v1 = post(server, f"/v1/models/{name}:predict", {"instances": inputs.tolist()}).json["predictions"]

    assert expected.tobytes() == np.array(v2["data"], expected.dtype).tobytes()
    assert expected.tobytes() == np.array(v1, expected.dtype).tobytes()
    assert expected.tobytes() == binary_prediction(server, name, inputs)


def binary_prediction(server: RunningServer, name: str, inputs: np.ndarray[Any, Any]) -> bytes:
    """The bytes of the answer to a binary request."""
    shape = f"[{inputs.shape[0]},{inputs.shape[1]}]"
    head = (
        f'{{"inputs":[{{"name":"x","shape":{shape},"datatype":"FP64",'
        f'"parameters":{{"binary_data_size":{inputs.nbytes}}}}}],"parameters":{{"binary_data_output":true}}}}'
    ).encode()
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    body = head + struct.pack(f"<{inputs.size}d", *inputs.ravel())
    reply = ask(server, "POST", f"/v2/models/{name}/infer", body, headers)
    return reply.body[int(reply.headers["inference-header-content-length"]) :]


def test_probabilities(server: RunningServer) -> None:
    """When they are asked for."""
    asked = tensor(INPUTS.tolist(), [150, 4], outputs=[{"name": "predict_proba"}])
    (output,) = post(server, "/v2/models/logistic/infer", asked).json["outputs"]

    expected = ESTIMATORS["logistic"].predict_proba(INPUTS)
    assert expected.tobytes() == np.array(output["data"]).reshape(output["shape"]).tobytes()


def test_what_is_gathered_was_proved(server: RunningServer) -> None:
    """Trees are; sums of products are not, because their last bit depends on the number of rows."""
    lines = {
        line.split()[5]: line.rpartition("gathers ")[2] for line in server.stderr().splitlines() if " Model " in line
    }

    assert "predict, predict_proba" == lines["forest"]
    assert "predict" == lines["boosted"]


def test_mlflows_protocol_orders_columns_by_name(tmp_path: Path) -> None:
    """With the names of the manifest, as MLmodel gives them; CSV and data frames alike."""
    estimator = LogisticRegression(max_iter=500).fit(INPUTS, ANSWERS)
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    columns = [{"name": name, "datatype": "FP64", "shape": [-1]} for name in NAMES]
    described = {"format": "sklearn", "variant": "joblib", "path": "m", "signature": {"inputs": columns, "outputs": []}}
    order = [2, 0, 3, 1]
    shuffled = {"columns": [NAMES[position] for position in order], "data": INPUTS[:, order].tolist()}
    text = "\n".join([",".join(shuffled["columns"]), *(",".join(map(repr, row)) for row in shuffled["data"])])

    with model_server(tmp_path, {"m": buffer.getvalue(), "manifest.json": manifest(iris=described)}) as server:
        frame = post(server, "/invocations", {"dataframe_split": shuffled}).json["predictions"]
        csv = post(server, "/invocations", text, "text/csv").json["predictions"]
        metadata = get(server, "/v2/models/iris").json

    assert estimator.predict(INPUTS).tolist() == frame
    assert frame == csv
    assert columns == metadata["inputs"]

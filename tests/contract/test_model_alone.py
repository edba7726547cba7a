"""A directory that holds one file, a model: built from PyPI, started from its layers, and asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.build_runs import ROOT
from support.caller_network import certificate_bindings, index_env
from support.contract import ContractPlatform
from support.model_server import get, post, wait_until_ready
from support.running_server import started

pytestmark = [pytest.mark.slow, pytest.mark.network]

IRIS = ROOT / "fixtures" / "models" / "sklearn-joblib"


def test_a_model_alone_becomes_a_server(platform: ContractPlatform, tmp_path: Path) -> None:
    """No requirements and no code: the file says what it was saved with and what its columns are called."""
    result = platform.build(IRIS, env=index_env(), bindings=certificate_bindings())
    assert 0 == result.exit_code, result.output
    (web,) = result.launch.processes
    assert ("python", "-m", "model_server", "models") == (*web.command, *web.args)

    layers, app = platform.layers_dir, tmp_path / "app"
    app.mkdir()
    (app / "iris.joblib").write_bytes((IRIS / "iris.joblib").read_bytes())
    variables = {
        "MODEL_SERVER_MANIFEST": str(layers / "server" / "manifest.json"),
        "PYTHONPATH": str(layers / "server" / "site"),
        "PATH": f"{layers}/venv/bin:{os.environ['PATH']}",
    }
    with started(app, ("models",), variables, interpreter=(str(layers / "venv" / "bin" / "python"),)) as server:
        wait_until_ready(server)
        text = "petal_width,petal_length,sepal_length,sepal_width\n0.2,1.4,5.1,3.5\n2.3,5.2,6.7,3.0\n"
        predicted = post(server, "/invocations", text, "text/csv").json
        columns = [tensor["name"] for tensor in get(server, "/v2/models/iris").json["inputs"]]

    assert {"predictions": [0, 2]} == predicted
    assert ["sepal_length", "sepal_width", "petal_length", "petal_width"] == columns

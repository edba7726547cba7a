"""The manifest has the shape that the server reads, and says the same for the same models."""

from __future__ import annotations

import json

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.plan.layers import ServerContent, plan_server_layer
from ml_buildpack.plan.manifest import render_manifest
from ml_buildpack.plan.models import ServedModel
from support.build_values import PYTHON_3_12

IRIS = ServedModel(
    name="iris",
    version="2",
    found=Recognised(
        path="iris/2",
        format=ModelFormat.TENSORFLOW,
        variant="saved-model",
        trained_with={"tensorflow": "2.21.0", "python": "3.13"},
        signature=Signature(inputs=(Tensor(name="flower", datatype="FP32", shape=(-1, 4)),)),
        example="example.json",
        is_directory=True,
    ),
)


def test_a_manifest_says_everything_about_a_model() -> None:
    """Compared whole: it is a contract between two programs."""
    assert {
        "schema": 1,
        "models": [
            {
                "name": "iris",
                "version": "2",
                "format": "tensorflow",
                "variant": "saved-model",
                "path": "iris/2",
                "sha256": "abc",
                "task": None,
                "trained_with": {"python": "3.13", "tensorflow": "2.21.0"},
                "signature": {"inputs": [{"name": "flower", "datatype": "FP32", "shape": [-1, 4]}], "outputs": []},
                "example": "example.json",
            }
        ],
    } == json.loads(render_manifest((IRIS,), {"iris/2": "abc"}))


def test_a_changed_model_makes_the_layer_anew() -> None:
    """The layer is kept by its metadata, so the metadata has to know the manifest."""
    plans = [
        plan_server_layer(PYTHON_3_12, sources_digest="s", layers_dir="/layers", manifest=text)
        for text in ("one", "two", None)
    ]

    assert len({plan.metadata.get("manifest") for plan in plans}) == len(plans)
    assert ["MODEL_SERVER_MANIFEST=/layers/server/manifest.json"] == [f"{e.name}={e.value}" for e in plans[0].env]
    assert (ServerContent(interpreter_path="/usr/bin/python3.12", manifest="one"), ()) == (
        plans[0].content,
        plans[2].env,
    )

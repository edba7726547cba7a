"""The manifest is read as the build writes it; what is wrong with it is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_server.boot import CannotStart
from model_server.models.manifest import ModelEntry, read_manifest
from model_server.models.signature import Signature, Tensor

MODEL: dict[str, Any] = {
    "name": "iris",
    "version": "1",
    "format": "sklearn",
    "variant": "joblib",
    "path": "model.joblib",
    "sha256": "00",
    "task": None,
    "trained_with": {"scikit-learn": "1.7.2"},
    "signature": {"inputs": [{"name": "sl", "datatype": "FP64", "shape": [-1]}], "outputs": []},
    "example": None,
    "a key of a later build": 1,
}


def written(directory: Path, document: object) -> Path:
    """The document as a file."""
    path = directory / "manifest.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_an_entry(tmp_path: Path) -> None:
    """Keys that are not known are ignored."""
    assert (
        ModelEntry(
            name="iris",
            version="1",
            format="sklearn",
            variant="joblib",
            path="model.joblib",
            trained_with={"scikit-learn": "1.7.2"},
            signature=Signature(inputs=(Tensor(name="sl", datatype="FP64", shape=(-1,)),)),
            example=None,
        ),
    ) == read_manifest(written(tmp_path, {"schema": 1, "models": [MODEL]}))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ([], "has no `schema`: it was not written by this buildpack"),
        ({"schema": 2}, "has schema 2, and this server reads 1: build the image again"),
        ({"schema": 1, "models": []}, "names no model"),
        ({"schema": 1, "models": [1]}, "has a `models[0]` that is not an object"),
        ({"schema": 1, "models": [{**MODEL, "format": None}]}, "has no `models[0].format`"),
        (
            {"schema": 1, "models": [{**MODEL, "name": "a/b"}]},
            "has a `models[0].name` that is not made of letters, digits, `.`, `_` and `-`: 'a/b'",
        ),
        ({"schema": 1, "models": [MODEL, MODEL]}, "names the model iris, version 1, twice"),
        ({"schema": 1, "models": [{**MODEL, "signature": 1}]}, "has a `models[0].signature` that is not an object"),
        (
            {"schema": 1, "models": [{**MODEL, "signature": {"inputs": [{"datatype": "FP99", "shape": [1]}]}}]},
            "has a `models[0].signature.inputs[0].datatype` that is none: 'FP99'",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, document: object, said: str) -> None:
    """The container ends with it."""
    path = written(tmp_path, document)
    with pytest.raises(CannotStart) as raised:
        read_manifest(path)

    # Later Pythons say it a little differently.
    words = raised.value.problems[0].replace("Illegal trailing comma before end of object", "")
    assert f"the manifest of the models, {path}, {said}" == words


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    """Its path is shown."""
    with pytest.raises(CannotStart) as raised:
        read_manifest(tmp_path / "nope")

    assert (f"the manifest of the models, {tmp_path}/nope, cannot be read: No such file or directory",) == (
        raised.value.problems
    )

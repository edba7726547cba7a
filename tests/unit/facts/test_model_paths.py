"""Models are told from code by name and size, without being opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.facts.model_paths import LARGE_FILE_MIN_BYTES, ModelFile, ModelFolder, ModelPath, find_model_paths
from support.projects import write_project


def file(path: str, size_bytes: int = 1, *, is_known: bool = True) -> ModelFile:
    """A model file of one byte."""
    return ModelFile(path=path, size_bytes=size_bytes, is_known=is_known)


FOUND: list[tuple[str, dict[str, str | bytes], tuple[ModelPath, ...]]] = [
    ("none", {"app.py": "", "config.json": "{}"}, ()),
    ("at the top", {"app.py": "", "model.joblib": "x", "NET.ONNX": "x"}, (file("NET.ONNX"), file("model.joblib"))),
    (
        "MLflow",
        {"app.py": "", "model/MLmodel": "x", "model/model.pkl": "x", "model/data/conda.yaml": "x"},
        (
            ModelFolder(
                path="model",
                files=(
                    file("model/MLmodel", is_known=False),
                    file("model/data/conda.yaml", is_known=False),
                    file("model/model.pkl"),
                ),
            ),
        ),
    ),
    ("the application is an MLflow folder", {"MLmodel": "x", "model.pkl": "x"}, (file("model.pkl"),)),
    ("code beside the weights", {"net/config.json": "{}", "net/a.bin": "x", "net/app.py": ""}, (file("net/a.bin"),)),
    ("code far below", {"net/MLmodel": "x", "net/a.pkl": "x", "net/code/lib/b.py": ""}, (file("net/a.pkl"),)),
    ("configuration without weights", {"web/config.json": "{}", "web/logo.svg": "x"}, ()),
    (
        "the outermost folder",
        {"m/model_index.json": "x", "m/unet/config.json": "x", "m/unet/w.safetensors": "x"},
        (
            ModelFolder(
                path="m",
                files=(
                    file("m/model_index.json", is_known=False),
                    file("m/unet/config.json", is_known=False),
                    file("m/unet/w.safetensors"),
                ),
            ),
        ),
    ),
    (
        "the inner folder, where the outer has code",
        {"m/MLmodel": "x", "m/code/a.py": "", "m/bert/config.json": "x", "m/bert/w.safetensors": "x"},
        (ModelFolder(path="m/bert", files=(file("m/bert/config.json", is_known=False), file("m/bert/w.safetensors"))),),
    ),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in FOUND], ids=[case[0] for case in FOUND])
def test_models_are_found_by_their_names(
    tmp_path: Path, files: dict[str, str | bytes], expected: tuple[ModelPath, ...]
) -> None:
    """Folders that are one model as such, unless a change of code would export them."""
    assert expected == find_model_paths(write_project(tmp_path, files))


def test_a_large_file_is_one_whatever_its_name(tmp_path: Path) -> None:
    """Except code, which people do generate; and a byte less is not large."""
    for name, size in {"a": 0, "b.dat": 0, "c.py": 0, "d.dat": -1}.items():
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(LARGE_FILE_MIN_BYTES + size)

    found = find_model_paths(write_project(tmp_path, {}))

    assert tuple(file(name, LARGE_FILE_MIN_BYTES, is_known=False) for name in ("a", "b.dat")) == found


def test_links_are_no_models(tmp_path: Path) -> None:
    """They hold no bytes; what they lead to is found where it is."""
    write_project(tmp_path, {"blobs/x.onnx": "x", "snap/config.json": "x"})
    (tmp_path / "model.onnx").symlink_to("blobs/x.onnx")
    (tmp_path / "snap" / "w.bin").symlink_to("../blobs/x.onnx")

    found = find_model_paths(write_project(tmp_path, {}))

    assert (
        file("blobs/x.onnx"),
        ModelFolder(path="snap", files=(file("snap/config.json", is_known=False),)),
    ) == found

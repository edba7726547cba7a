"""Git-LFS pointers are found where a model should be, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.facts.model_files import find_lfs_pointers
from support.projects import write_project

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    "size 132735\n"
)


@pytest.mark.parametrize(
    "path",
    ["model.joblib", "model.pkl", "models/net.onnx", "weights.safetensors", "model.PT", "xgboost.json", "model.bin",
     "saved_model/variables/variables.data-00000-of-00001", "weights"],
)  # fmt: skip
def test_a_pointer_is_found_under_any_name_a_model_has(tmp_path: Path, path: str) -> None:
    """With the size of the file that it stands for, so that the message can tell it."""
    assert ((path, 132735),) == find_lfs_pointers(write_project(tmp_path, {path: POINTER}))


NO_POINTERS: list[tuple[str, str, str | bytes]] = [
    ("picture", "docs/logo.png", POINTER),
    ("data-set", "data/train.CSV", POINTER),
    ("notebook", "explore.ipynb", POINTER),
    ("real-model", "model.joblib", b"\x80\x04\x95" + bytes(400)),
    ("empty", "model.joblib", b""),
    ("text-about-pointers", "pointer.txt", f"# an example\n{POINTER}"),
    ("without-a-size", "model.joblib", POINTER.replace("size 132735\n", "")),
    ("too-long-for-a-pointer", "model.joblib", POINTER + "x" * 1024),
]


@pytest.mark.parametrize(
    ("path", "content"), [pytest.param(path, content, id=name) for name, path, content in NO_POINTERS]
)
def test_other_files_are_not_pointers(tmp_path: Path, path: str, content: str | bytes) -> None:
    """A pointer that no server would load, and a file that only looks a little like one, refuse nothing."""
    assert () == find_lfs_pointers(write_project(tmp_path, {path: content}))


def test_all_pointers_are_told_sorted_by_path(tmp_path: Path) -> None:
    """One `git lfs pull` mends them all, so one message names them all; line ends of Windows do not hide one."""
    files = write_project(tmp_path, {"b.onnx": POINTER.replace("\n", "\r\n"), "a.pkl": POINTER, "app.py": "x = 1"})

    assert (("a.pkl", 132735), ("b.onnx", 132735)) == find_lfs_pointers(files)

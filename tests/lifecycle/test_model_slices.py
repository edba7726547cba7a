"""Models as slices, exported by the real lifecycle: whose globs decide what moves when something changed.

The packages come from an index on loopback, so that a build takes a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.flask_project import DISTRIBUTIONS, write_flask_app
from support.lifecycle import Lifecycle, LifecycleResult
from support.local_index import serve_index

pytestmark = pytest.mark.lifecycle

MB = 1_000_000
# Every character that a glob knows, and bytes that are no text.
NASTY = (
    "v[1]/a*b?.onnx",
    "v[1]/[a-z].pt",
    "back\\slash.pkl",
    "with space.joblib",
    "-dash.npz",
    os.fsdecode(b"\xff.pkl"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Builds:
    """Builds one application again and again."""

    lifecycle: Lifecycle
    app: Path
    index_url: str

    def write(self, files: Mapping[str, int], byte: bytes = b"m") -> None:
        """Files of those sizes in bytes."""
        for path, size in files.items():
            (self.app / path).parent.mkdir(parents=True, exist_ok=True)
            (self.app / path).write_bytes(byte * size)

    def build(self, **env: str) -> LifecycleResult:
        """Build what is there now."""
        return self.lifecycle.build(self.app, env={"PIP_INDEX_URL": self.index_url, **env})

    def layers(self, result: LifecycleResult) -> list[tuple[str, tuple[str, ...]]]:
        """Digest and files of each layer of the application, in their order; empty ones left out, and bytecode."""
        found = ((digest, result.image.files_of(digest)) for digest in result.image.app_layers)
        prefix = f"{self.lifecycle.app_dir}/"
        return [
            (digest, tuple(path.removeprefix(prefix) for path in paths if "/__pycache__/" not in path))
            for digest, paths in found
            if paths
        ]


@pytest.fixture
def builds(lifecycle: Lifecycle, tmp_path: Path) -> Iterator[Builds]:
    """A Flask application without a model so far."""
    with serve_index(*DISTRIBUTIONS) as index:
        yield Builds(lifecycle=lifecycle, app=write_flask_app(tmp_path / "app"), index_url=index.url)


def test_each_change_moves_its_own_layer(builds: Builds) -> None:
    """Code, a retrained model, another model: each time one layer differs, and it is the right one."""
    builds.write({"models/large.onnx": 3 * MB, "bert/config.json": 2, "bert/w.safetensors": 2 * MB, "small.pkl": 10})
    first = builds.layers(builds.build())
    (builds.app / "app.py").write_text((builds.app / "app.py").read_text() + "# changed\n")
    code = builds.layers(builds.build())
    builds.write({"bert/w.safetensors": 2 * MB}, b"r")
    retrained = builds.layers(builds.build())
    builds.write({"models/another.onnx": MB})
    another = builds.layers(builds.build())

    large, bert, small, app = (
        ("models/large.onnx",), ("bert/config.json", "bert/w.safetensors"), ("small.pkl",),
        ("app.py", "requirements.txt"),
    )  # fmt: skip
    assert [large, bert, small, app] == [paths for _, paths in first]
    assert [app] == changed(first, code)
    assert [bert] == changed(code, retrained)
    assert [("models/another.onnx",)] == changed(retrained, another)
    assert [large, bert, ("models/another.onnx",), small, app] == [paths for _, paths in another]


def changed(
    before: list[tuple[str, tuple[str, ...]]], after: list[tuple[str, tuple[str, ...]]]
) -> list[tuple[str, ...]]:
    """The files of the layers that were not there before."""
    return [paths for digest, paths in after if digest not in {old for old, _ in before}]


@pytest.mark.parametrize("size", [10, MB], ids=["in the common slice", "in slices of their own"])
def test_names_with_special_characters_are_taken_as_they_are(builds: Builds, size: int) -> None:
    """No model stays with the code, and no code comes with a model."""
    builds.write(dict.fromkeys(NASTY, size))
    builds.write({"v[1]/notes.txt": 1, "v1/a.txt": 1})

    *models, (_, code) = builds.layers(builds.build())

    assert sorted(NASTY) == sorted(path for _, paths in models for path in paths)
    assert ("app.py", "requirements.txt", "v1/a.txt", "v[1]/notes.txt") == code
    assert (1 if size < MB else len(NASTY)) == len(models)


def test_links_stay_with_the_code(builds: Builds) -> None:
    """Hugging Face's cache is links to files named by their digest: the files are the bytes."""
    builds.write({"blobs/0a1b": 9 * MB, "snapshots/main/notes.txt": 1})
    (builds.app / "snapshots/main/model.safetensors").symlink_to("../../blobs/0a1b")

    layers = [paths for _, paths in builds.layers(builds.build())]

    link = "snapshots/main/model.safetensors"
    assert [("blobs/0a1b",), ("app.py", "requirements.txt", link, "snapshots/main/notes.txt")] == layers


@pytest.mark.parametrize(("env", "layers"), [({}, 2), ({"BP_MODEL_SLICES": "false"}, 1)])
def test_a_setting_turns_slices_off(builds: Builds, env: dict[str, str], layers: int) -> None:
    """One layer for the whole directory then, and nothing is said; else the log lists them."""
    builds.write({"model.onnx": 2 * MB})

    result = builds.build(**env)

    assert layers == len(builds.layers(result))
    said = "Models in layers of their own, apart from the code:\n    model.onnx (2.0 MB)\n"
    assert (layers == 2) == (said in result.log)

"""Which models become slices; that the lifecycle reads the patterns so is shown on its own level."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.model_paths import ModelFile, ModelFolder
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.model_slices import FOLDER_MAX_BYTES, PATTERNS_MAX, SLICES_MAX, escape_glob, plan_model_slices

MB = 1_000_000


def model(path: str, size_bytes: int, *, is_known: bool = True) -> ModelFile:
    """A model file."""
    return ModelFile(path=path, size_bytes=size_bytes, is_known=is_known)


def test_no_models_make_no_slice() -> None:
    """The application is one layer then, as it was."""
    assert () == plan_model_slices((), Settings())


def test_the_largest_comes_first_and_small_ones_share_the_last() -> None:
    """Equal sizes by name, so that the order does not depend on the disk."""
    folder = ModelFolder(path="bert", files=(model("bert/w.bin", 7 * MB), model("bert/config.json", 1, is_known=False)))
    models = (model("b.onnx", 3 * MB), model("a.onnx", 3 * MB), folder, model("c.pkl", 10), model("d.pkl", 20))

    slices = plan_model_slices(models, Settings())

    assert [
        (("bert",), ("bert/",), 7 * MB + 1),
        (("a.onnx",), ("a.onnx",), 3 * MB),
        (("b.onnx",), ("b.onnx",), 3 * MB),
        (("*.pkl",), ("d.pkl", "c.pkl"), 30),
    ] == [(each.patterns, each.models, each.size_bytes) for each in slices]


def test_another_small_model_changes_no_pattern() -> None:
    """Else each new one would make another launch.toml."""
    before = plan_model_slices((model("m/a.pkl", 10), model("n/b.pt", 10)), Settings())
    after = plan_model_slices((model("m/a.pkl", 10), model("m/c.pkl", 10), model("n/b.pt", 10)), Settings())

    assert [("m/*.pkl", "n/*.pt")] == [each.patterns for each in before] == [each.patterns for each in after]


@pytest.mark.parametrize(("number", "own"), [(SLICES_MAX, SLICES_MAX), (SLICES_MAX + 1, SLICES_MAX - 1)])
def test_slices_are_bounded(number: int, own: int) -> None:
    """An image has only so many layers; the smallest of too many share one."""
    models = tuple(model(f"{size:02}.onnx", MB + size) for size in range(number))

    slices = plan_model_slices(models, Settings())

    assert SLICES_MAX == len(slices)
    assert own == sum(1 for each in slices if len(each.models) == 1)
    assert number == sum(len(each.models) for each in slices)


def test_patterns_are_bounded() -> None:
    """What is beyond stays with the code: the lifecycle walks the application for each pattern."""
    models = tuple(model(f"{number:03}/x.npy", 10) for number in range(PATTERNS_MAX + 1))

    (common,) = plan_model_slices(models, Settings())

    assert (PATTERNS_MAX, PATTERNS_MAX) == (len(common.patterns), len(common.models))


def test_a_folder_that_is_too_large_for_a_layer_is_split_into_its_files() -> None:
    """Shards are pulled side by side, and registries refuse the largest layers."""
    shards = (model("llm/1.safetensors", FOLDER_MAX_BYTES), model("llm/2.safetensors", FOLDER_MAX_BYTES))
    config = model("llm/config.json", 10, is_known=False)

    slices = plan_model_slices((ModelFolder(path="llm", files=(*shards, config)),), Settings())

    assert [("llm/1.safetensors",), ("llm/2.safetensors",), ("llm/config.json",)] == [each.patterns for each in slices]


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("models/a.onnx", "models/a.onnx"),
        ("v[1]/a*b?.pt", r"v\[1]/a\*b\?.pt"),
        ("back\\slash", r"back\\slash"),
        ("not-\udcfftext", "not-?text"),
    ],
)
def test_patterns_mean_the_path_itself(path: str, pattern: str) -> None:
    """Brackets are common in the names of checkpoints."""
    assert pattern == escape_glob(path)

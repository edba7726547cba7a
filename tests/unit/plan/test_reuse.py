"""Which layers of the previous image are kept, and the sentences for those that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.cnb.launch import LaunchToml
from ml_buildpack.cnb.layer import Absent, LayerName, MetadataOnly, Present, RestoredLayer
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.layers import (
    HEAVY,
    LayerPlan,
    PackageGroup,
    plan_package_layer,
    plan_python_layer,
    plan_server_layer,
)
from ml_buildpack.plan.layers import VENV as VENV_NAME
from ml_buildpack.plan.reuse import Keep, Rebuild, find_reasons, plan_steps
from support.build_values import PYTHON_3_12, TARGET, lock_of, locked

LOCK = lock_of(locked("flask"))
PYTHON = plan_python_layer(PYTHON_3_12, source="/bp/python", identity="build 1", target=TARGET)
SERVER = plan_server_layer(PYTHON_3_12, sources_digest="s1")
OTHERS, VENV = (
    plan_package_layer(
        PackageGroup(layer=name, digest=LOCK.digest, lock=LOCK),
        PYTHON_3_12,
        layers=(HEAVY, VENV_NAME),
        trees="",
        layers_dir="/layers/x",
        target=TARGET,
    )
    for name in (HEAVY, VENV_NAME)
)
LAYERS = (PYTHON, SERVER, OTHERS, VENV)
IMAGE = ImagePlan(layers=LAYERS, launch=LaunchToml(), lock=LOCK)


def restored(**changes: dict[str, str]) -> dict[LayerName, RestoredLayer]:
    """All layers of the image, with those values of their metadata changed."""
    return {
        layer.name: MetadataOnly(metadata={**layer.metadata, "inputs": "old", **changes.get(layer.name, {})})
        for layer in LAYERS
    }


def test_equal_metadata_keeps_every_layer() -> None:
    """Nothing is moved. Notes that differ, such as what a lock was resolved from, do not count."""
    assert tuple(Keep(layer=layer) for layer in LAYERS) == plan_steps(IMAGE, restored())


def test_first_build_makes_every_layer() -> None:
    """In the order of the plan: the interpreter before what is made with it."""
    expected = tuple(Rebuild(layer=layer, reasons=("the previous image has none",)) for layer in LAYERS)

    assert expected == plan_steps(IMAGE, {})


def test_environment_is_made_with_its_interpreter_in_place() -> None:
    """A kept interpreter exists as metadata alone; the server's layer is not touched."""
    steps = plan_steps(IMAGE, restored(venv={"lock": "another"}))

    expected = (
        Rebuild(layer=PYTHON, reasons=("the venv layer is made with it",)),
        Keep(layer=SERVER),
        Keep(layer=OTHERS),
        Rebuild(layer=VENV, reasons=("the locked packages changed",)),
    )
    assert expected == steps


def test_heavy_packages_are_made_with_their_interpreter_and_without_the_light_ones() -> None:
    """A new torch leaves the environment as it is."""
    steps = plan_steps(IMAGE, restored(heavy={"lock": "another"}))

    expected = (
        Rebuild(layer=PYTHON, reasons=("the heavy layer is made with it",)),
        Keep(layer=SERVER),
        Rebuild(layer=OTHERS, reasons=("the locked packages changed",)),
        Keep(layer=VENV),
    )
    assert expected == steps


def test_interpreter_alone_is_made_without_the_environment() -> None:
    """Another build of the same version runs the same packages."""
    steps = plan_steps(IMAGE, restored(python={"python": "3.12.4 build 0"}))

    reason = "the Python changed from 3.12.4 build 0 to 3.12.4 build 1"
    assert (Rebuild(layer=PYTHON, reasons=(reason,)), *(Keep(layer=layer) for layer in (SERVER, OTHERS, VENV))) == steps


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("schema", "this release of ml-buildpack makes it differently"),
        ("target", "the platform changed from old to linux/amd64 debian 13"),
        ("python", "the Python changed from old to 3.12.4 /usr/bin/python3.12"),
        ("layers_dir", "the layers directory changed from old to /layers/x"),
        ("trees", "a local package changed"),
        ("beside", "the packages are divided among other layers"),
        ("lock", "the locked packages changed"),
    ],
)
def test_each_changed_value_gives_its_sentence(key: str, sentence: str) -> None:
    """One reason and no other."""
    assert (sentence,) == find_reasons(VENV.metadata, MetadataOnly(metadata={**VENV.metadata, key: "old"}))


def test_changed_server_gives_its_sentence() -> None:
    """After an update of the buildpack."""
    old = MetadataOnly(metadata={**SERVER.metadata, "server": "s0"})

    assert ("the server's own files changed",) == find_reasons(SERVER.metadata, old)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_key_of_every_layer_has_a_sentence(tmp_path: Path, layer: LayerPlan) -> None:
    """A key without one is a KeyError, here and not in somebody's build; old layers may lack any of them."""
    reasons = find_reasons(layer.metadata, Present(metadata={}, path=tmp_path))

    assert len(layer.metadata) == len(reasons)
    assert not any("{" in reason for reason in reasons)


def test_absent_layer_has_one_reason() -> None:
    """However many keys it would have."""
    assert ("the previous image has none",) == find_reasons(VENV.metadata, Absent())

"""Layers as values: which names are usable."""

from __future__ import annotations

import pytest

from ml_buildpack.cnb.layer import LayerTypes, layer_name


@pytest.mark.parametrize("name", ["venv", "python", "wheels", "model-2", "launcher", "build-tools", "stored"])
def test_names_that_the_lifecycle_takes_are_usable(name: str) -> None:
    """Reserved words are reserved whole, not as a beginning."""
    assert name == layer_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "build",
        "launch",
        "store",
        "py3.12",
        "a.sbom",
        "Venv",
        "2nd",
        "-a",
        "a_b",
        "a b",
        "a/b",
        "a\n",
        "venv\n",
        "é",
    ],
)
def test_names_that_would_lose_a_layer_are_refused(name: str) -> None:
    """A dot cuts the layer from its SBOM; the three words are files of the contract; the rest would need escaping."""
    with pytest.raises(ValueError, match="not usable as a layer name"):
        layer_name(name)


def test_a_layer_without_types_is_in_nothing() -> None:
    """The lifecycle ignores it."""
    assert LayerTypes(launch=False, build=False, cache=False) == LayerTypes()

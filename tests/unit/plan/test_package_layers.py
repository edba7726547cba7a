"""The layers of packages: what a later build knows of them without their contents."""

from __future__ import annotations

from pathlib import Path

from ml_buildpack.cnb.layer import LayerName, MetadataOnly, RestoredLayer
from ml_buildpack.lock import LockedFile
from ml_buildpack.plan.layers import CUDA, HEAVY, VENV, PackagesContent
from ml_buildpack.plan.package_groups import plan_groups
from ml_buildpack.plan.package_layers import LIBRARIES_NOTE, Packages, libraries_of, plan_package_layers
from ml_buildpack.plan.wheel_facts import WheelFacts, wheel_key, write_wheels_note
from support.build_values import lock_of, locked, plan_project, wheel_of

FLASK, CUBLAS, TORCH = (
    locked(name, "1.0", wheel_of(name, sha256=digest * 64))
    for name, digest in (("flask", "a"), ("nvidia-cublas-cu12", "b"), ("torch", "c"))
)
LOCK = lock_of(FLASK, CUBLAS, TORCH)
KNOWN = {
    wheel_key(package.source): WheelFacts(size_bytes=size, packages=packages, folders=folders)
    for package, size, packages, folders in (
        (FLASK, 1_000, ("flask",), ()),
        (CUBLAS, 600_000_000, (), ("nvidia",)),
        (TORCH, 500_000_000, ("functorch", "torch"), ()),
    )
    if isinstance(package.source, LockedFile)
}


def test_each_layer_knows_its_wheels_and_its_neighbours(tmp_path: Path) -> None:
    """What it was resolved from, what its wheels hold, and which names the layers beside it have."""
    resolution = plan_project(tmp_path, {"requirements.txt": "flask\ntorch\n"})
    packages = Packages(lock=LOCK, groups=plan_groups(LOCK, KNOWN), known=KNOWN)

    layers = plan_package_layers(packages, resolution, {}, layers_dir="/layers/x", finish="slim auto")

    neighbours = {
        CUDA: {"flask": VENV, "functorch": HEAVY, "torch": HEAVY},
        HEAVY: {"flask": VENV, "nvidia": CUDA},
        VENV: {"functorch": HEAVY, "nvidia": CUDA, "torch": HEAVY},
    }
    contents = [layer.content for layer in layers]
    assert neighbours == {
        content.group.layer: dict(content.neighbours) for content in contents if isinstance(content, PackagesContent)
    }
    assert [
        {
            "inputs": resolution.fingerprint,
            "wheels": write_wheels_note(lock_of(package), KNOWN),
            "libraries": "",
            "image_libraries": "",
        }
        for package in (CUBLAS, TORCH, FLASK)
    ] == [dict(layer.notes) for layer in layers]


def test_notes_of_a_layer_that_is_kept_stay(tmp_path: Path) -> None:
    """Its libraries are known although it is not there; without a lock, so are its wheels."""
    resolution = plan_project(tmp_path, {"requirements.txt": "flask\ntorch\n"})
    metadata = {LIBRARIES_NOTE: "libc10.so libtorch.so", "wheels": "as they were"}
    restored: dict[LayerName, RestoredLayer] = {HEAVY: MetadataOnly(metadata=metadata)}

    known = Packages(lock=LOCK, groups=plan_groups(LOCK, KNOWN), known=KNOWN)
    heavy = plan_package_layers(known, resolution, restored, layers_dir="/layers/x", finish="slim auto")[1]

    assert frozenset({"libc10.so", "libtorch.so"}) == libraries_of(heavy)
    assert write_wheels_note(lock_of(TORCH), KNOWN) == dict(heavy.notes)["wheels"]

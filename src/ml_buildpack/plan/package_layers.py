"""The layers of packages of an image, with what a later build wants to know of them without their contents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ml_buildpack.cnb.layer import Absent, LayerName, RestoredLayer
from ml_buildpack.lock import Lock
from ml_buildpack.plan.layers import INPUTS_NOTE, LayerPlan, PackageGroup, PackagesContent, finished, plan_package_layer
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.wheel_facts import WHEELS_NOTE, KnownWheels, facts_of, write_wheels_note

# The note of a layer that names the libraries which it takes from the image, `library=package`.
NEEDS_NOTE = "image_libraries"
# The note of a layer that names its shared libraries, so that they are known while its contents are not there.
LIBRARIES_NOTE = "libraries"


@dataclass(frozen=True, kw_only=True, slots=True)
class Packages:
    """The packages of the image, divided among layers. `lock` is None where all these layers are kept without one."""

    lock: Lock | None
    groups: tuple[PackageGroup, ...]
    known: KnownWheels


def libraries_of(layer: LayerPlan) -> frozenset[str]:
    """The file names of the shared libraries in a layer that is kept: they are in the image, but not here."""
    return frozenset(dict(layer.notes).get(LIBRARIES_NOTE, "").split())


def needs_of(layer: LayerPlan) -> tuple[tuple[str, str], ...]:
    """The libraries that a kept layer takes from the image, each with the package that needs it."""
    pairs = (pair.partition("=") for pair in dict(layer.notes).get(NEEDS_NOTE, "").split())
    return tuple((library, package) for library, _, package in pairs)


def plan_package_layers(
    packages: Packages,
    resolution: ResolutionPlan,
    restored: Mapping[LayerName, RestoredLayer],
    *,
    layers_dir: str,
    finish: str,
) -> tuple[LayerPlan, ...]:
    """One layer for each group, in the order of making. `finish` is what is done to them when all are there."""
    layers = (_plan_layer(group, packages, resolution, restored, layers_dir) for group in packages.groups)
    return tuple(finished(layer, finish) for layer in layers)


def _plan_layer(
    group: PackageGroup,
    packages: Packages,
    resolution: ResolutionPlan,
    restored: Mapping[LayerName, RestoredLayer],
    layers_dir: str,
) -> LayerPlan:
    layers = tuple(group.layer for group in packages.groups)
    layer = plan_package_layer(
        group,
        resolution.interpreter,
        layers=layers,
        trees=resolution.inputs["trees"],
        layers_dir=layers_dir,
        target=resolution.target,
    )
    before = restored.get(group.layer, Absent())
    content = PackagesContent(
        interpreter=resolution.interpreter,
        group=group,
        beside=tuple(name for name in layers if name != group.layer),
        neighbours=_neighbours(group, packages),
    )
    notes = (
        (INPUTS_NOTE, resolution.fingerprint),
        (WHEELS_NOTE, _wheels_note(group, before, packages.known)),
        # As it was; whoever makes the layer anew writes what is in it then.
        (LIBRARIES_NOTE, "" if isinstance(before, Absent) else before.metadata.get(LIBRARIES_NOTE, "")),
        (NEEDS_NOTE, "" if isinstance(before, Absent) else before.metadata.get(NEEDS_NOTE, "")),
    )
    return replace(layer, content=content, notes=notes)


def _neighbours(group: PackageGroup, packages: Packages) -> dict[str, LayerName]:
    """The names that the wheels of the other layers install, with their layers."""
    others = ((other.layer, other.lock) for other in packages.groups if other.layer != group.layer and other.lock)
    facts = ((layer, facts_of(package, packages.known)) for layer, lock in others for package in lock.packages)
    return {name: layer for layer, one in facts if one is not None for name in (*one.packages, *one.folders)}


def _wheels_note(group: PackageGroup, restored: RestoredLayer, known: KnownWheels) -> str:
    if group.lock is not None:
        return write_wheels_note(group.lock, known)
    return "" if isinstance(restored, Absent) else restored.metadata.get(WHEELS_NOTE, "")

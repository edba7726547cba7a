"""Where the lock of a build comes from, and why: kept, known by its digest, or resolved now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_buildpack.cnb.layer import Absent, LayerName, Present, RestoredLayer
from ml_buildpack.plan.layers import (
    DEPENDENCY_LAYERS,
    INPUTS_NOTE,
    LOCK,
    VENV,
    PackageGroup,
    finished,
    plan_package_layer,
)
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.reuse import find_reasons


@dataclass(frozen=True, kw_only=True, slots=True)
class UseKeptLock:
    """The lock in the restored `lock` layer is still the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UseInstalledPackages:
    """The lock is gone, but the image's own layers were made from these very inputs; their digests are known."""

    groups: tuple[PackageGroup, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolve:
    """Nothing that is kept answers; `reasons` say why, as sentences."""

    reasons: tuple[str, ...]


LockSource = UseKeptLock | UseInstalledPackages | Resolve

_INPUT_NAMES = {
    "schema": "this release of ml-buildpack resolves differently",
    "requirements": "the requirements changed",
    "trees": "a local package changed",
    "digests": "the pinned hashes changed",
    "resolver": "the resolver changed from {old} to {new}",
    "python": "the Python changed from {old} to {new}",
    "target": "the platform changed from {old} to {new}",
    "indexes": "the package indexes changed",
    "conda": "the conda packages changed",
    "accelerator": "the accelerator changed from {old} to {new}",
}
# What an input is where it is not named.
_UNNAMED = {"accelerator": "auto"}


def choose_lock_source(
    plan: ResolutionPlan, restored: Mapping[LayerName, RestoredLayer], *, layers_dir: str, finish: str
) -> LockSource:
    """Where the lock comes from. A rebuild never drifts: with equal inputs nothing is resolved again."""
    lock_layer = restored.get(LOCK, Absent())
    if plan.upgrade:
        return Resolve(reasons=("BP_UPGRADE asks for it",))
    if isinstance(lock_layer, Present):
        reasons = _changed_inputs(lock_layer.metadata, plan.inputs)
        return Resolve(reasons=reasons) if reasons else UseKeptLock()
    groups = _installed_groups(plan, restored, layers_dir, finish)
    if groups:
        return UseInstalledPackages(groups=groups)
    if isinstance(lock_layer, Absent) and isinstance(restored.get(VENV, Absent()), Absent):
        return Resolve(reasons=("there is no lock yet",))
    return Resolve(reasons=("the kept lock is gone",))


def _installed_groups(
    plan: ResolutionPlan, restored: Mapping[LayerName, RestoredLayer], layers_dir: str, finish: str
) -> tuple[PackageGroup, ...]:
    """The packages of the image's layers, where every one stays as it is; only then nobody needs the lock itself."""
    venv = restored.get(VENV, Absent())
    if isinstance(venv, Absent):
        return ()
    names = {VENV, *venv.metadata.get("beside", "").split()}
    layers = tuple(name for name in DEPENDENCY_LAYERS if name in names)
    made = {name: restored.get(name, Absent()) for name in layers}
    groups = tuple(_installed_group(name, layers, plan, made[name], layers_dir, finish) for name in layers)
    found = tuple(group for group in groups if group is not None)
    return found if len(found) == len(names) else ()


def _installed_group(
    name: LayerName,
    layers: tuple[LayerName, ...],
    plan: ResolutionPlan,
    layer: RestoredLayer,
    layers_dir: str,
    finish: str,
) -> PackageGroup | None:
    if isinstance(layer, Absent) or layer.metadata.get(INPUTS_NOTE) != plan.fingerprint:
        return None
    group = PackageGroup(layer=name, digest=layer.metadata.get("lock", ""), lock=None)
    wanted = plan_package_layer(
        group,
        plan.interpreter,
        layers=layers,
        trees=plan.inputs["trees"],
        layers_dir=layers_dir,
        target=plan.target,
    )
    return None if find_reasons(finished(wanted, finish).metadata, layer) else group


def _changed_inputs(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        sentence.format(old=_input(old, name), new=_input(new, name))
        for name, sentence in _INPUT_NAMES.items()
        if _input(old, name) != _input(new, name)
    )


def _input(inputs: Mapping[str, str], name: str) -> str:
    return inputs.get(name, _UNNAMED.get(name, "unknown"))

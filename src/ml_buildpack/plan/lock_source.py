"""Where the lock of a build comes from, and why: kept, known by its digest, or resolved now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_buildpack.cnb.layer import Absent, MetadataOnly, Present, RestoredLayer
from ml_buildpack.lock import KnownLock
from ml_buildpack.plan.layers import plan_venv_layer
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.reuse import find_reasons


@dataclass(frozen=True, kw_only=True, slots=True)
class UseKeptLock:
    """The lock in the restored `lock` layer is still the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UseInstalledPackages:
    """The lock is gone, but the image's own `venv` layer was made from these very inputs; its digest is known."""

    lock_digest: str


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
    "accelerator": "the accelerator changed from {old} to {new}",
}
# What an input is where it is not named.
_UNNAMED = {"accelerator": "auto"}


def choose_lock_source(
    plan: ResolutionPlan, *, lock_layer: RestoredLayer, venv_layer: RestoredLayer, layers_dir: str
) -> LockSource:
    """Where the lock comes from. A rebuild never drifts: with equal inputs nothing is resolved again."""
    if plan.upgrade:
        return Resolve(reasons=("BP_UPGRADE asks for it",))
    if isinstance(lock_layer, Present):
        reasons = _changed_inputs(lock_layer.metadata, plan.inputs)
        return Resolve(reasons=reasons) if reasons else UseKeptLock()
    if isinstance(venv_layer, (MetadataOnly, Present)) and _is_kept(plan, venv_layer, layers_dir):
        return UseInstalledPackages(lock_digest=venv_layer.metadata["lock"])
    if isinstance(lock_layer, Absent) and isinstance(venv_layer, Absent):
        return Resolve(reasons=("there is no lock yet",))
    return Resolve(reasons=("the kept lock is gone",))


def _is_kept(plan: ResolutionPlan, venv_layer: MetadataOnly | Present, layers_dir: str) -> bool:
    """Whether the layer was made from these inputs and stays as it is; only then nobody needs the lock itself."""
    metadata = venv_layer.metadata
    wanted = plan_venv_layer(
        plan.interpreter,
        lock=KnownLock(digest=metadata.get("lock", ""), lock=None),
        trees=plan.inputs["trees"],
        layers_dir=layers_dir,
        target=plan.target,
        inputs=plan.fingerprint,
    )
    return metadata.get("inputs") == plan.fingerprint and not find_reasons(wanted.metadata, venv_layer)


def _changed_inputs(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        sentence.format(old=_input(old, name), new=_input(new, name))
        for name, sentence in _INPUT_NAMES.items()
        if _input(old, name) != _input(new, name)
    )


def _input(inputs: Mapping[str, str], name: str) -> str:
    return inputs.get(name, _UNNAMED.get(name, "unknown"))

"""Which restored layers can be kept, and why the others cannot. Pure: compares metadata, touches no disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_buildpack.cnb.layer import Absent, LayerName, RestoredLayer
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.apt import APT
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.layers import CONDA, DEPENDENCY_LAYERS, PYTHON, SERVER, LayerPlan

# One sentence per key of a layer's metadata. A key without a sentence is an error, so that a new one cannot be
# forgotten here.
_SENTENCES = {
    "schema": "this release of ml-buildpack makes it differently",
    "target": "the platform changed from {old} to {new}",
    "python": "the Python changed from {old} to {new}",
    "layers_dir": "the layers directory changed from {old} to {new}",
    "trees": "a local package changed",
    "beside": "the packages are divided among other layers",
    "lock": "the locked packages changed",
    "bytecode": "its bytecode changed from {old} to {new}",
    "finish": "what is done after installing changed from {old} to {new}",
    "server": "the server's own files changed",
    "conda": "the conda packages changed",
    "specs": "the packages that conda is asked for changed",
    "channels": "the channels changed",
    "virtual": "what conda counts on in the image changed",
    "cuda": "the CUDA version changed from {old} to {new}",
    "asked": "whether somebody asks for a GPU changed",
    "needs": "the driver that is needed changed",
    "check": "the check of the driver changed",
    "apt": "the Debian packages changed",
    "run_image": "the packages of the run image changed",
    "libraries": "where CUDA's libraries lie changed",
    "manifest": "the models changed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """The layer of the previous image stays; only its metadata is written again."""

    layer: LayerPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuild:
    """The layer is made anew; `reasons` are sentences for the log."""

    layer: LayerPlan
    reasons: tuple[str, ...]


LayerStep = Keep | Rebuild


def plan_steps(image: ImagePlan, restored: Mapping[LayerName, RestoredLayer]) -> tuple[LayerStep, ...]:
    """One step for each layer of the image, in the order in which they must be made."""
    steps = tuple(_step(layer, restored.get(layer.name, Absent())) for layer in image.layers)
    with_it = {SERVER, *DEPENDENCY_LAYERS}
    made = [step.layer.name for step in steps if isinstance(step, Rebuild) and step.layer.name in with_it]
    return tuple(_rebuild_python(step, made[-1]) for step in steps) if made else steps


def restorable(restored: Mapping[LayerName, RestoredLayer], settings: Settings) -> Mapping[LayerName, RestoredLayer]:
    """What may be kept of what came back: Debian packages are asked for again where an upgrade is."""
    return {name: layer for name, layer in restored.items() if not (settings.upgrade and name == APT)}


def _rebuild_python(step: LayerStep, made: LayerName) -> LayerStep:
    """What is installed or compiled needs its interpreter in place; a kept one exists as metadata alone."""
    if isinstance(step, Keep) and step.layer.name in {PYTHON, CONDA}:
        return Rebuild(layer=step.layer, reasons=(f"the {made} layer is made with it",))
    return step


def _step(layer: LayerPlan, restored: RestoredLayer) -> LayerStep:
    reasons = find_reasons(layer.metadata, restored)
    return Rebuild(layer=layer, reasons=reasons) if reasons else Keep(layer=layer)


def find_reasons(wanted: Mapping[str, str], restored: RestoredLayer) -> tuple[str, ...]:
    """Why the restored layer does not serve, as sentences; none where it does."""
    if isinstance(restored, Absent):
        return ("the previous image has none",)
    old = restored.metadata
    return tuple(
        _SENTENCES[key].format(old=old.get(key, "unknown"), new=value)
        for key, value in wanted.items()
        if old.get(key) != value
    )

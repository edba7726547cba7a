"""Everything the image will contain, as one value. Pure; printed by `explain` and compared by tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml_buildpack.cnb.launch import LaunchToml
from ml_buildpack.lock import Lock
from ml_buildpack.plan.accelerator import Accelerator
from ml_buildpack.plan.layers import LayerPlan

ON_CPU = Accelerator(cuda=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImagePlan:
    """The layers in the order in which they are made, and what the image launches."""

    layers: tuple[LayerPlan, ...]
    launch: LaunchToml
    lock: Lock | None
    accelerator: Accelerator = ON_CPU

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values, in a stable order."""
        return {
            "layers": [{"name": layer.name, "metadata": dict(layer.metadata)} for layer in self.layers],
            "processes": [
                {"type": process.type, "command": [*process.command, *process.args], "default": process.default}
                for process in self.launch.processes
            ],
            "accelerator": self.accelerator.to_json(),
            "slices": [list(part.paths) for part in self.launch.slices],
            "packages": None
            if self.lock is None
            else [f"{p.name}=={p.version}" if p.version else p.name for p in self.lock.packages],
        }

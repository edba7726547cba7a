"""What the image launches, as values and as launch.toml. Source: buildpack.md of API 0.10, "launch.toml (TOML)"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tomli_w


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A process type of the image. `command` is never read by a shell; users may replace `args`, not `command`."""

    type: str
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    default: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A label of the image's configuration."""

    key: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Paths of the application directory that become a layer of their own. Globs as Go's filepath.Match has them."""

    paths: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LaunchToml:
    """Everything the lifecycle reads from launch.toml."""

    processes: tuple[Process, ...] = ()
    labels: tuple[Label, ...] = ()
    slices: tuple[Slice, ...] = ()

    def to_toml(self) -> str:
        """The text of launch.toml."""
        document: dict[str, Any] = {
            "processes": [
                {
                    "type": process.type,
                    "command": list(process.command),
                    "args": list(process.args),
                    "default": process.default,
                }
                for process in self.processes
            ],
            "labels": [{"key": label.key, "value": label.value} for label in self.labels],
            "slices": [{"paths": list(part.paths)} for part in self.slices],
        }
        return tomli_w.dumps({key: value for key, value in document.items() if value})

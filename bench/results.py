"""What was measured, as values and as bench/results.json, and the medians of it. Knows neither engine nor table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One build: who made what of which application, how long it took, and what it moved.

    `moved_bytes` are those of layers that the engine did not have from the build before, or what the registry was sent.
    `moved_layers` are those of the layers that have names, to a daemon.
    `phases` are the seconds of the lifecycle's phases; none where there is no lifecycle.
    """

    app: str
    contestant: str
    sink: str
    case: str
    round: int
    wall_s: float
    moved_bytes: int
    moved_layers: Mapping[str, int]
    phases: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """How large an image is without its base and its model: all of it, and its layers by name where they have names."""

    app: str
    contestant: str
    over_base_bytes: int
    layers: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """One start of a container: seconds from `docker run` to the first 200, and its anonymous memory at that moment."""

    app: str
    contestant: str
    round: int
    first_200_s: float
    resident_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """One run of a phase alone, without lifecycle and container."""

    name: str
    round: int
    wall_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """One run of the benchmarks. `machine` and `notes` are what a reader has to know beside the figures."""

    plan: str
    machine: Mapping[str, str]
    notes: Sequence[str]
    builds: Sequence[Build]
    images: Sequence[Image]
    starts: Sequence[Start]
    phases: Sequence[Phase]

    def wall_s(self, app: str, contestant: str, sink: str, case: str) -> list[float]:
        """The seconds of every such build."""
        return [one.wall_s for one in self._builds(app, contestant, sink, case)]

    def moved(self, app: str, contestant: str, sink: str, case: str) -> list[int]:
        """The bytes that every such build moved."""
        return [one.moved_bytes for one in self._builds(app, contestant, sink, case)]

    def moved_layers(self, app: str, contestant: str, sink: str, case: str) -> list[Mapping[str, int]]:
        """The bytes of every such build, by layer."""
        return [one.moved_layers for one in self._builds(app, contestant, sink, case)]

    def phase_s(self, app: str, contestant: str, sink: str, case: str) -> dict[str, float]:
        """The median seconds of each phase of the lifecycle, in the order in which they ran."""
        found = self._builds(app, contestant, sink, case)
        names = dict.fromkeys(name for one in found for name in one.phases)
        return {name: median(one.phases.get(name, 0.0) for one in found) for name in names}

    def image(self, app: str, contestant: str) -> Image | None:
        """The image that the contestant made of the application."""
        return next((one for one in self.images if (one.app, one.contestant) == (app, contestant)), None)

    def first_200_s(self, app: str, contestant: str) -> list[float]:
        """The seconds of every start."""
        return [one.first_200_s for one in self._starts(app, contestant)]

    def resident_bytes(self, app: str, contestant: str) -> list[int]:
        """The memory of every start."""
        return [one.resident_bytes for one in self._starts(app, contestant)]

    def alone_s(self, name: str) -> list[float]:
        """The seconds of a phase that ran alone."""
        return [one.wall_s for one in self.phases if one.name == name]

    def _builds(self, app: str, contestant: str, sink: str, case: str) -> list[Build]:
        wanted = (app, contestant, sink, case)
        return [one for one in self.builds if (one.app, one.contestant, one.sink, one.case) == wanted]

    def _starts(self, app: str, contestant: str) -> list[Start]:
        return [one for one in self.starts if (one.app, one.contestant) == (app, contestant)]


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float | None:
    """The median of the ratios, pair by pair where both were measured as often: drift of the machine is in both."""
    if not numerators or not denominators:
        return None
    if len(numerators) == len(denominators):
        return median(one / other for one, other in zip(numerators, denominators, strict=True))
    return median(numerators) / median(denominators)


def names(values: Iterable[Name]) -> list[Name]:
    """Each once, in the order of its first appearance."""
    return list(dict.fromkeys(values))


def write_results(results: Results, path: Path) -> None:
    """Write all of it as JSON, a line for each measurement, so that two runs can be compared."""
    document = asdict(results)
    lines = [f"{json.dumps(key)}: {_render(value)}" for key, value in document.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_results(path: Path) -> Results:
    """Read what write_results wrote."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Results(
        plan=document["plan"],
        machine=document["machine"],
        notes=document["notes"],
        builds=[Build(**one) for one in document["builds"]],
        images=[Image(**one) for one in document["images"]],
        starts=[Start(**one) for one in document["starts"]],
        phases=[Phase(**one) for one in document["phases"]],
    )


def _render(value: object) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(f"  {json.dumps(_rounded(one))}" for one in value) + "\n]"


def _rounded(value: object) -> object:
    # A tenth of a millisecond is finer than anything that is measured here.
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return value

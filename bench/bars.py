"""The bars: what is asked of the buildpack, as ratios of one run, and whether the run meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.results import Results, names, ratio

# The application that the bars are about; those that hold for each application are measured on all that were run.
MAIN_APP = "scikit-learn + FastAPI"
OURS, EMPTY, NAIVE, PIP = "ours", "empty", "naive", "Dockerfile"
NO_BYTECODE = "ours without bytecode"
DETECT, BUILD = "bin/detect, 1,000 files", "bin/build, nothing changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar. `measured` is None where this run did not measure it. Ratios have no `unit`."""

    what: str
    than: str
    limit: float
    measured: float | None
    unit: str = ""

    @property
    def verdict(self) -> str:
        """In one word."""
        if self.measured is None:
            return "not measured"
        return "met" if self.measured <= self.limit else "**missed**"


def judge(results: Results) -> tuple[Bar, ...]:
    """Every bar, in the order of their telling."""
    return (*_rebuilds(results), *_first_build(results), *_light(results), *_images(results), *_starts(results),
            *_phases(results))  # fmt: skip


def _rebuilds(results: Results) -> list[Bar]:
    bars = []
    for sink, rival, limit in (("registry", EMPTY, 1.1), ("daemon", NAIVE, 0.5)):
        for case in ("nothing changed", "code changed"):
            measured = _walls(results, rival, sink, case)
            bars.append(Bar(what=f"{case}, to a {sink}", than=_name(rival), limit=limit, measured=measured))
    return bars


def _first_build(results: Results) -> list[Bar]:
    what = "first build, to a {}"
    return [
        Bar(what=what.format(sink), than=_name(PIP), limit=0.5, measured=_walls(results, PIP, sink, "first build"))
        for sink in names(one.sink for one in results.builds if one.app == MAIN_APP)
    ]


def _light(results: Results) -> list[Bar]:
    case = "light dependency added"
    bars = [
        Bar(what=f"{case}, to a {sink}", than=_name(NAIVE), limit=0.4, measured=_walls(results, NAIVE, sink, case))
        for sink in names(one.sink for one in results.builds if one.app == MAIN_APP)
    ]
    # The application's own layer moves in any case, since its requirements.txt changed.
    moved = results.moved_layers(MAIN_APP, OURS, "daemon", case)
    found = [sum(size for name, size in one.items() if name != "app") / one["venv"] for one in moved if "venv" in one]
    what = f"{case}: bytes of packages re-exported"
    return [*bars, Bar(what=what, than="the `venv` layer", limit=1.0, measured=_median(found))]


def _images(results: Results) -> list[Bar]:
    bars = []
    for app in names(one.app for one in results.starts):
        ours, pip = results.image(app, OURS), results.image(app, PIP)
        if ours is not None and pip is not None:
            measured = ours.over_base_bytes / pip.over_base_bytes
            bars.append(Bar(what=f"image over its base, {app}", than=_name(PIP), limit=0.65, measured=measured))
    return bars


def _starts(results: Results) -> list[Bar]:
    return [
        Bar(
            what=f"`docker run` to the first 200, {app}",
            than="the same image without our bytecode",
            limit=0.5,
            measured=ratio(results.first_200_s(app, OURS), results.first_200_s(app, NO_BYTECODE)),
        )
        for app in names(one.app for one in results.starts)
    ]


def _phases(results: Results) -> list[Bar]:
    return [
        Bar(what=f"`{name}`, alone", than="", limit=limit, measured=_median(results.alone_s(name)), unit="s")
        for name, limit in ((DETECT, 0.06), (BUILD, 0.4))
    ]


def _walls(results: Results, rival: str, sink: str, case: str) -> float | None:
    return ratio(results.wall_s(MAIN_APP, OURS, sink, case), results.wall_s(MAIN_APP, rival, sink, case))


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _name(contestant: str) -> str:
    return {
        EMPTY: "the empty buildpack",
        NAIVE: "the naive buildpack",
        PIP: "the Dockerfile with pip",
    }[contestant]

"""What the benchmarks make of figures: medians, bars, and a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.bars import MAIN_APP, NAIVE, OURS, Bar, judge
from bench.plan import DAEMON, LIGHT
from bench.results import Build, Image, Phase, Results, Start, ratio, read_results, write_results
from bench.table import render, render_bars, render_builds


def build(contestant: str, wall_s: float, moved_bytes: int = 0) -> Build:
    """A build of the main application with a light dependency added."""
    return Build(
        app=MAIN_APP,
        contestant=contestant,
        sink=DAEMON,
        case=LIGHT,
        round=0,
        wall_s=wall_s,
        moved_bytes=moved_bytes,
        moved_layers={"venv": moved_bytes - 50, "app": 50} if moved_bytes else {},
        phases={"exporting": 1.0} if contestant == OURS else {},
    )


def results(*builds: Build) -> Results:
    """A run with those builds."""
    return Results(
        plan="quick",
        machine={"processors": "2"},
        notes=("A note.",),
        builds=builds,
        images=(Image(app=MAIN_APP, contestant=OURS, over_base_bytes=150, layers={"venv": 100, "app": 50}),),
        starts=(Start(app=MAIN_APP, contestant=OURS, round=0, first_200_s=0.5, resident_bytes=1_000_000),),
        phases=(Phase(name="bin/detect, 1,000 files", round=0, wall_s=0.05),),
    )


def test_ratios_are_taken_pair_by_pair() -> None:
    """A machine that slows down between the rounds slows both: the ratio of the medians would not see it."""
    assert ratio([1.0, 10.0, 2.0], [2.0, 20.0, 4.0]) == 0.5


@pytest.mark.parametrize(
    ("numerators", "denominators", "expected"), [([], [1.0], None), ([1.0], [], None), ([1.0, 3.0], [4.0], 0.5)]
)
def test_ratios_of_what_was_measured_unequally_often(
    numerators: list[float], denominators: list[float], expected: float | None
) -> None:
    """Without pairs it is the ratio of the medians; without figures there is none."""
    assert expected == ratio(numerators, denominators)


@pytest.mark.parametrize(("measured", "verdict"), [(0.4, "met"), (0.41, "**missed**"), (None, "not measured")])
def test_a_bar_is_met_missed_or_not_measured(measured: float | None, verdict: str) -> None:
    """The limit itself meets it; what was not measured is never called met."""
    assert verdict == Bar(what="w", than="t", limit=0.4, measured=measured).verdict


def test_bars_are_ratios_of_one_run() -> None:
    """The application's own layer is not what a light dependency costs."""
    judged = {bar.what: bar.measured for bar in judge(results(build(OURS, 2.0, 150), build(NAIVE, 8.0)))}

    assert (0.25, 1.0) == (
        judged["light dependency added, to a daemon"],
        judged["light dependency added: bytes of packages re-exported"],
    )
    assert judged["nothing changed, to a registry"] is None
    assert judged["`bin/detect, 1,000 files`, alone"] == 0.05


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    """Plots and table are made from the file, on another day and by another interpreter."""
    path = tmp_path / "results.json"
    written = results(build(OURS, 2.0, 150))

    write_results(written, path)

    assert render(written) == render(read_results(path))
    assert list(written.builds) == list(read_results(path).builds)


def test_the_table_of_bars_says_ratio_and_verdict() -> None:
    """Seconds are said where the bar is in seconds."""
    bars = (
        Bar(what="a", than="the empty buildpack", limit=1.1, measured=0.987),
        Bar(what="b", than="", limit=0.06, measured=0.0712, unit="s"),
    )

    assert render_bars(bars).splitlines()[2:] == [
        "| a | the empty buildpack | ≤ 1.1 × | 0.99 × | met |",
        "| b | – | ≤ 0.06 s | 0.071 s | **missed** |",
    ]


def test_the_table_of_builds_has_medians_and_their_spread() -> None:
    """A column for each contestant that took part, in a fixed order."""
    measured = results(build(NAIVE, 8.0, 2_000_000), build(OURS, 2.0), build(OURS, 4.0, 1_000_000))

    assert render_builds(measured, MAIN_APP, DAEMON).splitlines() == [
        "| case | ours | naive |",
        "|---|--:|--:|",
        "| light dependency added | 3.0 s (2.0–4.0), 0.5 MB | 8.0 s, 2.0 MB |",
    ]

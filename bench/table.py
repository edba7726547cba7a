"""The results as Markdown, written into bench/README.md between two marks: `python -m bench.table`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from bench.bars import MAIN_APP, OURS, Bar, judge
from bench.machine import ROOT
from bench.plan import CACHED
from bench.results import Results, names, read_results

README = ROOT / "bench" / "README.md"
RESULTS = ROOT / "bench" / "results.json"
BEGIN, END = "<!-- begin: written by python -m bench.table -->\n", "<!-- end -->\n"
_CONTESTANTS = (OURS, "empty", "naive", "Dockerfile", CACHED)


def main() -> None:
    """Write the section of the README, or print that of another file's results."""
    if len(sys.argv) > 1:
        sys.stdout.write(render(read_results(Path(sys.argv[1]))))
        return
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    plots = sorted(README.with_name("plots").glob("*.png"))
    pictures = "".join(f"![{path.stem.replace('-', ' ')}](plots/{path.name})\n\n" for path in plots)
    section = f"{pictures}{render(read_results(RESULTS))}"
    README.write_text(f"{before}{BEGIN}{section}{END}{after}", encoding="utf-8")


def render(results: Results) -> str:
    """The whole section."""
    parts = [_machine(results), "### The bars\n", render_bars(judge(results))]
    for app in names(one.app for one in results.builds):
        for sink in names(one.sink for one in results.builds if one.app == app):
            parts += [f"### {app}, to a {sink}\n", render_builds(results, app, sink)]
    parts += [
        "### Images\n",
        render_images(results),
        "### From `docker run` to the first 200\n",
        render_starts(results),
    ]
    parts += ["### Where the time of ours goes\n", render_lifecycle(results)]
    parts += ["### The phases alone\n", render_phases(results)]
    return "\n".join(parts)


def render_bars(bars: Iterable[Bar]) -> str:
    """Each bar with its limit, what was measured, and whether it is met."""
    rows = []
    for bar in bars:
        unit = f" {bar.unit}" if bar.unit else " ×"
        digits = 3 if bar.unit else 2
        measured = "–" if bar.measured is None else f"{bar.measured:.{digits}f}{unit}"
        rows.append((bar.what, bar.than or "–", f"≤ {bar.limit:g}{unit}", measured, bar.verdict))
    return _table(("what", "than", "bar", "measured", ""), rows)


def render_builds(results: Results, app: str, sink: str) -> str:
    """A row for each case, a column for each contestant: seconds and megabytes moved."""
    here = [one for one in results.builds if (one.app, one.sink) == (app, sink)]
    contestants = [name for name in _CONTESTANTS if name in {one.contestant for one in here}]
    rows = []
    for case in names(one.case for one in here):
        cells = []
        for contestant in contestants:
            walls = results.wall_s(app, contestant, sink, case)
            moved = results.moved(app, contestant, sink, case)
            cells.append(f"{_seconds(walls)}, {median(moved) / 1e6:,.1f} MB" if walls else "–")
        rows.append((case, *cells))
    return _table(("case", *contestants), rows)


def render_images(results: Results) -> str:
    """What each image has over its base, and our layers."""
    rows = []
    for app in names(one.app for one in results.images):
        for image in (one for one in results.images if one.app == app):
            parts = (f"{name} {size / 1e6:,.1f}" for name, size in sorted(image.layers.items()) if size >= 1e5)  # noqa: PLR2004
            rows.append((app, image.contestant, f"{image.over_base_bytes / 1e6:,.1f}", ", ".join(parts)))
    return _table(("application", "made by", "MB over the base", "layers, MB"), rows)


def render_starts(results: Results) -> str:
    """Seconds to the first answer, and memory then."""
    rows = []
    for app in names(one.app for one in results.starts):
        for contestant in names(one.contestant for one in results.starts if one.app == app):
            resident = median(results.resident_bytes(app, contestant)) / 1e6
            rows.append((app, contestant, _seconds(results.first_200_s(app, contestant)), f"{resident:,.0f} MB"))
    return _table(("application", "image", "first 200", "resident"), rows)


def render_lifecycle(results: Results) -> str:
    """The lifecycle's phases in builds of ours."""
    rows, phases = [], names(name for one in results.builds if one.contestant == OURS for name in one.phases)
    keys = names(
        (one.app, one.sink, one.case) for one in results.builds if one.contestant == OURS and one.app == MAIN_APP
    )
    for app, sink, case in keys:
        found = results.phase_s(app, OURS, sink, case)
        rows.append((f"{case}, {sink}", *(f"{found.get(name, 0):.2f}" for name in phases)))
    return _table(("seconds", *phases), rows)


def render_phases(results: Results) -> str:
    """The phases without lifecycle and container."""
    rows = []
    for name in names(one.name for one in results.phases):
        seconds = results.alone_s(name)
        rows.append((name, *(f"{figure * 1000:.0f}" for figure in (median(seconds), min(seconds), max(seconds)))))
    return _table(("phase", "median ms", "min ms", "max ms"), rows)


def _machine(results: Results) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    return "\n".join([f"Plan `{results.plan}`; {facts}.", *results.notes, ""])


def _seconds(values: Sequence[float]) -> str:
    # The spread is said where there is one: these machines are never quiet.
    shown = f"{median(values):.1f} s" if median(values) >= 1 else f"{median(values):.2f} s"
    return f"{shown} ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else shown


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    numbers = ("--:" if column else "---" for column in range(len(head)))
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join(numbers)}|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()

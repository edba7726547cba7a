"""Plots of the results, as PNG beside the table: `python -m bench.plots`, with what requirements/bench.txt locks.

Bars begin at zero. Each bar is a median, its whisker reaches from the least to the greatest. Growth has logarithmic
axes, and says so.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib import ticker
from PIL import Image

from bench.bars import EMPTY, MAIN_APP, NAIVE, NO_BYTECODE, OURS, PIP
from bench.plan import CACHED, CODE, DAEMON, FIRST, LIGHT, MODEL, NOTHING, REGISTRY
from bench.results import Results, names, read_results

FOLDER = Path(__file__).resolve().parent
# Okabe and Ito's colours, which everyone tells apart.
COLOURS = {
    OURS: "#0072B2", NO_BYTECODE: "#56B4E9", EMPTY: "#BBBBBB", NAIVE: "#D55E00", PIP: "#009E73", CACHED: "#CC79A7",
}  # fmt: skip
LABELS = {OURS: "ml-buildpack", EMPTY: "empty buildpack", NAIVE: "naive buildpack", NO_BYTECODE: "… without bytecode"}
CASES = (FIRST, NOTHING, CODE, LIGHT, MODEL)


def main() -> None:
    """Draw what the results hold."""
    results = read_results(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "results.json")
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER / "plots"  # noqa: PLR2004 - its second argument
    target.mkdir(exist_ok=True)
    mpl.rcParams.update({"font.size": 9, "savefig.dpi": 110, "axes.spines.top": False,
                         "axes.spines.right": False})  # fmt: skip
    for sink in (DAEMON, REGISTRY):
        save(draw_cases(results, sink), target / f"rebuild-{sink}.png")
    save(draw_images(results), target / "images.png")
    if any("packages" in one.app for one in results.builds):
        save(draw_growth(results), target / "growth.png")


def draw_cases(results: Results, sink: str) -> Any:
    """Seconds and megabytes moved, of each contestant in each case."""
    figure, (seconds, bytes_) = plt.subplots(2, 1, figsize=(9, 6.2), layout="constrained")
    figure.suptitle(f"Building {MAIN_APP} again, to a {sink}")
    draw_bars(seconds, results, sink, results.wall_s)
    seconds.set_ylabel("seconds (lower is better)")
    draw_bars(bytes_, results, sink, lambda *key: [one / 1e6 for one in results.moved(*key)])
    bytes_.set_ylabel("sent, MB, compressed" if sink == REGISTRY else "new layers, MB")
    figure.legend(*seconds.get_legend_handles_labels(), ncols=5, loc="outside lower center", frameon=False)
    return figure


def draw_bars(axes: Any, results: Results, sink: str, figures: Callable[..., Sequence[float]]) -> None:
    """Groups of bars, a group for each case."""
    here = {one.contestant for one in results.builds if (one.app, one.sink) == (MAIN_APP, sink)}
    contestants = [name for name in COLOURS if name in here]
    cases = [case for case in CASES if results.wall_s(MAIN_APP, OURS, sink, case)]
    width = 0.8 / max(len(contestants), 1)
    for place, contestant in enumerate(contestants):
        found = [figures(MAIN_APP, contestant, sink, case) for case in cases]
        middles = [median(one) if one else 0 for one in found]
        spread = ([m - min(one, default=0) for m, one in zip(middles, found, strict=True)],
                  [max(one, default=0) - m for m, one in zip(middles, found, strict=True)])  # fmt: skip
        at = [group + (place - (len(contestants) - 1) / 2) * width for group in range(len(cases))]
        bars = axes.bar(at, middles, width * 0.92, color=COLOURS[contestant], label=LABELS.get(contestant, contestant),
                        yerr=spread, error_kw={"elinewidth": 0.8, "ecolor": "#333333"})  # fmt: skip
        axes.bar_label(bars, [number(one) for one in middles], fontsize=6.5, padding=2)
    axes.set_xticks(range(len(cases)), cases)
    axes.set_ylim(0)
    axes.margins(y=0.15)


def draw_images(results: Results) -> Any:
    """How large the images are over their base, how long they take to answer, and what memory they hold then."""
    figure, (sizes, starts, memory) = plt.subplots(1, 3, figsize=(9, 3.6), layout="constrained")
    apps = names(one.app for one in results.starts)
    draw_rows(sizes, apps, lambda app, name: _over_base(results, app, name), "image over its base, MB")
    draw_rows(starts, apps, results.first_200_s, "docker run to the first 200, s")
    draw_rows(memory, apps, lambda app, name: [one / 1e6 for one in results.resident_bytes(app, name)],
              "anonymous memory then, MB")  # fmt: skip
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for name, colour in COLOURS.items() if name != EMPTY]
    figure.legend(handles, [LABELS.get(name, name) for name in COLOURS if name != EMPTY], ncols=5,
                  loc="outside lower center", frameon=False)  # fmt: skip
    return figure


def draw_rows(axes: Any, apps: Sequence[str], figures: Callable[[str, str], Sequence[float]], title: str) -> None:
    """Horizontal bars, a group for each application."""
    at, labels = 0.0, []
    for app in apps:
        found = [(name, figures(app, name)) for name in COLOURS]
        present = [(name, values) for name, values in found if values]
        labels.append((at + (len(present) - 1) / 2, app))
        for name, values in present:
            middle = median(values)
            spread = ([middle - min(values)], [max(values) - middle])
            bar = axes.barh(at, middle, 0.85, color=COLOURS[name], xerr=spread, error_kw={"elinewidth": 0.8})
            axes.bar_label(bar, [number(middle)], fontsize=7, padding=2)
            at += 1
        at += 0.8
    axes.set_yticks([place for place, _ in labels], [app.replace(" + ", " +\n") for _, app in labels])
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.set_xlim(0)
    axes.set_title(title, fontsize=9)


def draw_growth(results: Results) -> Any:
    """Seconds over the number of packages and over the size of the model: a row for each, a column for each case."""
    figure, grid = plt.subplots(2, 3, figsize=(9, 5.4), layout="constrained", sharey="row")
    rows = (
        (r"(\d+) packages", DAEMON, (FIRST, NOTHING, LIGHT), "small packages, to a daemon"),
        (r"model of ([\d,]+) MB", REGISTRY, (FIRST, NOTHING, CODE), "MB of model, to a registry"),
    )
    for axes_of_row, (pattern, sink, cases, title) in zip(grid, rows, strict=True):
        found = {app: re.fullmatch(pattern, app) for app in names(one.app for one in results.builds)}
        sized = {app: int(one[1].replace(",", "")) for app, one in found.items() if one is not None}
        for axes, case in zip(axes_of_row, cases, strict=True):
            draw_lines(axes, results, sized, (sink, case))
            axes.set_xlabel(title)
        axes_of_row[0].set_ylabel("seconds")
    figure.suptitle("How costs grow (both axes are logarithmic)")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, ncols=3, loc="outside lower center", frameon=False)
    return figure


def draw_lines(axes: Any, results: Results, sized: Mapping[str, int], key: tuple[str, str]) -> None:
    """A line for each contestant, in one case to one sink."""
    for contestant in (OURS, NAIVE, PIP):
        walls = {size: results.wall_s(app, contestant, *key) for app, size in sized.items()}
        points = sorted((size, median(seconds)) for size, seconds in walls.items() if seconds)
        line = {"color": COLOURS[contestant], "label": LABELS.get(contestant, contestant), "marker": "o"}
        axes.plot([size for size, _ in points], [seconds for _, seconds in points], markersize=3.5, **line)
    axes.set_title(key[1], fontsize=9)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sorted(sized.values()), [f"{size:,}" for size in sorted(sized.values())])
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.25)


def number(value: float) -> str:
    """Short enough to stand on a bar."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004 - three digits are enough


def save(figure: Any, path: Path) -> None:
    """Write the same bytes for the same results."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    plt.close(figure)
    # A plot has few colours: a palette makes the file a third of its size.
    Image.open(drawn).convert("RGB").quantize(64).save(path, optimize=True)
    sys.stdout.write(f"==> Wrote {path}, {path.stat().st_size / 1000:.0f} kB\n")


def _over_base(results: Results, app: str, contestant: str) -> list[float]:
    image = results.image(app, contestant)
    return [image.over_base_bytes / 1e6] if image is not None else []


if __name__ == "__main__":
    main()

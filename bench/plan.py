"""What is run: which contestants make which applications, in which cases, how often. Data; the three plans."""

from __future__ import annotations

from dataclasses import dataclass

from bench.bars import EMPTY, MAIN_APP, NAIVE, OURS, PIP

CACHED = "Dockerfile, cache mount"
ALL = (OURS, EMPTY, NAIVE, PIP, CACHED)
FIRST, NOTHING, CODE = "first build", "nothing changed", "code changed"
LIGHT, PYTHON, MODEL = "light dependency added", "Python patch changed", "model replaced"
XGBOOST, TORCH = "xgboost + Flask", "torch + FastAPI"
# Its own Python, from a mirror: what a changed patch release is measured on.
OWN_PYTHON = f"{MAIN_APP}, own Python"
DAEMON, REGISTRY = "daemon", "registry"
# What is also started, as a container.
STARTED = (MAIN_APP, XGBOOST, TORCH)


def packages(count: int) -> str:
    """The name of the application with that many small packages."""
    return f"{count} packages"


def model(megabytes: int) -> str:
    """The name of the application with a model of that size."""
    return f"model of {megabytes:,} MB"


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """Builds that are compared with each other. In each round every contestant starts from nothing.

    Case after case, each contestant has its turn before the next case begins, so that what is compared was measured
    within the same minute. The cheap cases are repeated.
    """

    app: str
    sink: str
    contestants: tuple[str, ...]
    cases: tuple[str, ...]
    rounds: int = 1
    repeats: int = 1

    @property
    def steps(self) -> tuple[str, ...]:
        """The cases in order, the cheap ones as often as they are repeated."""
        cheap = (NOTHING, CODE)
        return tuple(case for case in self.cases for _ in range(self.repeats if case in cheap else 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """All series, and how often containers and phases are started."""

    name: str
    series: tuple[Series, ...]
    starts: int
    phases: int


CHAIN = (FIRST, NOTHING, CODE, LIGHT, MODEL)


def _main(rounds: int, repeats: int) -> tuple[Series, ...]:
    return tuple(
        Series(app=MAIN_APP, sink=sink, contestants=ALL, cases=CHAIN, rounds=rounds, repeats=repeats)
        for sink in (DAEMON, REGISTRY)
    )


def _others(app: str, sinks: tuple[str, ...], cases: tuple[str, ...] = CHAIN) -> tuple[Series, ...]:
    return tuple(Series(app=app, sink=sink, contestants=(OURS, NAIVE, PIP), cases=cases) for sink in sinks)


def _growth(packages_counts: tuple[int, ...], model_sizes: tuple[int, ...]) -> tuple[Series, ...]:
    many = [
        Series(app=packages(count), sink=DAEMON, contestants=(OURS, NAIVE, PIP), cases=(FIRST, NOTHING, LIGHT))
        for count in packages_counts
    ]
    large = [
        Series(app=model(size), sink=REGISTRY, contestants=(OURS, NAIVE, PIP), cases=(FIRST, NOTHING, CODE))
        for size in model_sizes
    ]
    return (*many, *large)


QUICK = Plan(
    name="quick",
    series=tuple(
        Series(app=MAIN_APP, sink=sink, contestants=(OURS, EMPTY, NAIVE, PIP), cases=(FIRST, NOTHING, CODE, LIGHT))
        for sink in (DAEMON, REGISTRY)
    ),
    starts=3,
    phases=7,
)
DEFAULT = Plan(
    name="default",
    series=(
        *_main(rounds=2, repeats=2),
        *_others(OWN_PYTHON, (REGISTRY,), (FIRST, PYTHON)),
        *_others(XGBOOST, (REGISTRY,), (FIRST, CODE, LIGHT)),
        *_growth((10, 50, 200), (10, 1_000)),
    ),
    starts=5,
    phases=15,
)
FULL = Plan(
    name="full",
    series=(
        *_main(rounds=5, repeats=3),
        *_others(OWN_PYTHON, (DAEMON, REGISTRY), (FIRST, PYTHON)),
        *_others(XGBOOST, (DAEMON, REGISTRY)),
        *_growth((10, 50, 200), (10, 1_000, 5_000)),
    ),
    starts=9,
    phases=15,
)
TORCH_SERIES = _others(TORCH, (REGISTRY,), (FIRST, NOTHING, CODE, LIGHT))
PLANS = {plan.name: plan for plan in (QUICK, DEFAULT, FULL)}

"""Runs the series of a plan: copies, changes, builds, counts; every contestant in turn, case after case."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.apps import App, find_app
from bench.bars import EMPTY
from bench.contestants import CONTESTANTS, Contestant, Order, Setting
from bench.engine import PREFIX, Engine, Layers, by_name, volume_name
from bench.machine import run
from bench.plan import FIRST, REGISTRY, STARTED, Series
from bench.registry import Registry
from bench.results import Build, Image
from support.python_mirror import MINOR


class Failed(Exception):
    """A contestant could not build. It ends the run: a table with holes would compare nothing."""


@dataclass(kw_only=True)
class Chain:
    """A contestant's builds of one round, each on what the one before left."""

    contestant: Contestant
    app: App
    copy: Path
    image: str
    previous: Layers | None = None


@dataclass(kw_only=True)
class Matrix:
    """All builds of a run. `builds` and `images` grow while it runs; `kept` are the images that are to be started."""

    engine: Engine
    registry: Registry
    setting: Setting
    folder: Path
    builds: list[Build] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    kept: dict[tuple[str, str], str] = field(default_factory=dict)

    def run(self, series: Series) -> None:
        """Run the series, all of its rounds."""
        contestants = [CONTESTANTS[name] for name in series.contestants if name in self._able()]
        for number in range(series.rounds):
            # Another one begins in each round, so that none has the advantage of the place.
            turn = contestants[number % len(contestants) :] + contestants[: number % len(contestants)]
            with self._chains(series, number, turn) as chains:
                for step, case in enumerate(series.steps):
                    for chain in chains:
                        self._build(series, number, step, case, chain)

    def take_kept(self) -> dict[tuple[str, str], str]:
        """The images that are to be started, by application and contestant, each told once."""
        taken, self.kept = self.kept, {}
        return taken

    def _able(self) -> set[str]:
        return {
            name
            for name, one in CONTESTANTS.items()
            if self.setting.buildkit is not None or not getattr(one, "needs_buildkit", False)
        }

    @contextmanager
    def _chains(self, series: Series, number: int, contestants: list[Contestant]) -> Iterator[list[Chain]]:
        chains = []
        for contestant in contestants:
            app = find_app(series.app, MINOR)
            image = volume_name(f"{PREFIX} {series.app} {series.sink} {contestant.name} {number}")
            copy = self.folder / "copies" / image
            shutil.rmtree(copy, ignore_errors=True)
            copy.parent.mkdir(parents=True, exist_ok=True)
            app.copy(copy)
            chains.append(Chain(contestant=contestant, app=app, copy=copy, image=image))
        try:
            yield chains
        finally:
            for chain in chains:
                shutil.rmtree(chain.copy)
                self.engine.forget(self._name(series, chain))
            self.engine.forget_build_cache()

    def _build(self, series: Series, number: int, step: int, case: str, chain: Chain) -> None:
        chain.app.change(chain.copy, case, step)
        push = series.sink == REGISTRY
        order = Order(app=chain.app, copy=chain.copy, image=chain.image, case=case, push=push)
        mark = self.registry.mark()
        wall_s, phases = 0.0, dict[str, float]()
        for command in chain.contestant.commands(order, self.setting):
            try:
                ran = run(command, env=chain.contestant.env(self.setting))
            except subprocess.CalledProcessError as error:
                raise Failed(f"{chain.contestant.name}, {series.app}, {case}: {error}\n{error.output}") from error
            wall_s += ran.wall_s
            phases.update(ran.phases)
        self.engine.remember(self._name(series, chain))
        new = {} if push else self._new_layers(chain)
        moved = self.registry.uploaded_bytes(chain.image, since=mark) if push else sum(new.values())
        build = Build(
            app=series.app,
            contestant=chain.contestant.name,
            sink=series.sink,
            case=case,
            round=number,
            wall_s=wall_s,
            moved_bytes=moved,
            moved_layers=by_name(new, self.engine.layer_names(chain.image)) if new else {},
            phases=phases,
        )
        self.builds.append(build)
        _tell(build)
        if case == FIRST and number == 0 and (not push or series.app in STARTED):
            self._measure(series, chain)

    def _new_layers(self, chain: Chain) -> dict[str, int]:
        before = chain.previous or self.engine.layers(chain.contestant.base(), ours=False)
        chain.previous = self.engine.layers(chain.image)
        return chain.previous.beyond(before)

    def _measure(self, series: Series, chain: Chain) -> None:
        if any((one.app, one.contestant) == (series.app, chain.contestant.name) for one in self.images):
            return
        name = self._name(series, chain)
        if series.sink == REGISTRY:
            self.engine.client.images.pull(name)
        layers, base = self.engine.layers(name), self.engine.layers(chain.contestant.base(), ours=False)
        sizes = by_name(layers.sizes, self.engine.layer_names(name))
        # The model that was laid beside the application is the same bytes in each image, and says nothing of any.
        over_base = sum(layers.beyond(base).values()) - chain.app.model_mb * 2**20
        self.images.append(
            Image(app=series.app, contestant=chain.contestant.name, over_base_bytes=over_base, layers=sizes)
        )
        if series.app in STARTED and chain.contestant.name != EMPTY:
            kept = f"{PREFIX}/kept:{volume_name(f'{series.app} {chain.contestant.name}')}"
            self.engine.client.images.get(name).tag(kept)
            self.kept[series.app, chain.contestant.name] = kept

    def _name(self, series: Series, chain: Chain) -> str:
        return self.setting.repository(chain.image) if series.sink == REGISTRY else chain.image


def _tell(build: Build) -> None:
    megabytes = build.moved_bytes / 1e6
    place = f"{build.app} | {build.sink} | {build.case} | {build.contestant}"
    sys.stdout.write(f"    {build.wall_s:6.1f} s {megabytes:8.1f} MB  {place}\n")
    sys.stdout.flush()

"""The cache-only layer `wheels`: what it holds while a build runs, and what of it is kept for the next.

While a build runs, it holds every wheel that a layer is made from. What is kept are the wheels of `venv`: the layers
beside it are their own cache, since they are made again only when their own packages change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_buildpack.apply.layer_store import LayerStore
from ml_buildpack.apply.wheel_contents import read_wheel
from ml_buildpack.apply.wheels import WheelReport, WheelStore
from ml_buildpack.cnb.layer import LayerTypes, Present, RestoredLayer
from ml_buildpack.console import Console
from ml_buildpack.lock import Lock
from ml_buildpack.plan.layers import WHEELS
from ml_buildpack.plan.wheel_facts import KnownWheels, WheelFacts, unknown_wheels, wheel_key
from ml_buildpack.sizes import count, render_bytes

# What is cached is packed, stored and restored by each build. The light wheels of the largest stacks that were
# measured (docs/adr/0013) are a fiftieth of this; whoever has more may say so.
WHEEL_CACHE_MAX_BYTES = 2_000_000_000
# One line of the log; the bill of materials has them all.
WHEELS_SHOWN_MAX = 6
_TYPES = LayerTypes(cache=True)
_METADATA: Mapping[str, str] = {"schema": "1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelLayer:
    """The layer, and the wheels in it."""

    store: LayerStore
    wheels: WheelStore
    restored: RestoredLayer
    console: Console
    limit_bytes: int = WHEEL_CACHE_MAX_BYTES

    def open(self) -> None:
        """Remove what the lifecycle did not announce: nobody knows where it is from."""
        if not isinstance(self.restored, Present):
            self.store.delete(WHEELS)

    def read(self, lock: Lock, known: KnownWheels) -> dict[str, WheelFacts]:
        """What is in the wheels of the lock, those known already included. Raises: the errors of downloading.

        The others are fetched where they are not there: their layer has to be made in any case.
        """
        files = unknown_wheels(lock, known)
        missing = self.wheels.missing(files)
        if missing:
            self.console.step(f"Fetching {count(len(missing), 'wheel')}")
        self.wheels.fetch(files)
        return {**known, **{wheel_key(file): read_wheel(self.wheels.place(file)) for file in files}}

    def prepare(self, lock: Lock) -> WheelReport:
        """The wheels of a layer, and what was done for them in words. Raises what `WheelStore.prepare` raises."""
        report = self.wheels.prepare(lock)
        self.console.note(
            f"{count(len(report.wheels), 'wheel')}: {report.kept} kept, {report.fetched} fetched"
            + (f" ({render_bytes(report.fetched_bytes)})" if report.fetched else "")
        )
        for name in report.built:
            self.console.note(f"built {name} from source")
        for name in report.dropped:
            self.console.warning(f"the cached {name} was damaged; it was made again")
        return report

    def describe(self, report: WheelReport) -> None:
        """Say which wheels a layer is made from, the largest first."""
        sizes = sorted((-wheel.path.stat().st_size, wheel.name) for wheel in report.wheels)
        named = [f"{name} {render_bytes(-size)}" for size, name in sizes[:WHEELS_SHOWN_MAX]]
        if len(sizes) > len(named):
            rest = -sum(size for size, _ in sizes[len(named) :])
            named.append(f"{len(sizes) - len(named)} more {render_bytes(rest)}")
        self.console.note(", ".join(named))

    def close(self, lock: Lock | None) -> None:
        """Keep the wheels of `venv`, whose lock that is, for the next build; all of them where nobody needed a lock."""
        directory = self.wheels.directory
        if lock is not None and directory.is_dir():
            for name in self.wheels.prune(lock, self.limit_bytes):
                self.console.note(f"not cached, because of BP_WHEEL_CACHE_MAX: {name}")
        if isinstance(self.restored, Present) or (directory.is_dir() and any(directory.iterdir())):
            self.store.write_metadata(WHEELS, _TYPES, _METADATA)
        else:
            self.store.delete(WHEELS)

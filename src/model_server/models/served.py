"""The models of one process: loaded in the background while the server already answers that it lives.

An empty set is never ready; the manifest's reader refuses it. A model that cannot be loaded ends the process.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_server.boot import CannotStart
from model_server.models.gathering import ModelThread, QueueLimits
from model_server.models.loading import load_model
from model_server.models.warm_up import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model_server.models.loaded_model import LoadedModel
    from model_server.models.manifest import ModelEntry
    from model_server.models.warm_up import Readiness

_log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class ServedModel:
    """A model that is ready."""

    entry: ModelEntry
    model: LoadedModel
    readiness: Readiness
    thread: ModelThread


class ModelSet:
    """The models of the manifest, by name and version."""

    def __init__(self, entries: tuple[ModelEntry, ...], app_dir: Path, limits: QueueLimits) -> None:
        self.entries = entries
        self._app_dir = app_dir
        self._limits = limits
        self._served: dict[tuple[str, str], ServedModel] = {}
        self._complete = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether every model was loaded and has predicted once."""
        return self._complete.is_set()

    @property
    def served(self) -> tuple[ServedModel, ...]:
        """Those that are ready."""
        return tuple(self._served[key] for key in sorted(self._served))

    def load(self, fail: Callable[[CannotStart], None]) -> None:
        """Begin to load, in a thread. `fail` is called in it where a model cannot be served."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._load_all, args=(loop, fail), name="loading", daemon=True).start()

    def find(self, name: str, version: str | None) -> ModelEntry | None:
        """The model of that name; of several versions the newest, unless one is named."""
        found = [entry for entry in self.entries if entry.name == name and version in {None, entry.version}]
        return max(found, key=_age, default=None)

    def versions(self, name: str) -> list[str]:
        """All versions of a model, oldest first."""
        return [entry.version for entry in sorted(self.entries, key=_age) if entry.name == name]

    def get(self, entry: ModelEntry) -> ServedModel | None:
        """The model, if it is ready."""
        return self._served.get((entry.name, entry.version))

    async def wait(self) -> bool:
        """Whether all models became ready before a request's time was over."""
        if not self._complete.is_set():
            try:
                await asyncio.wait_for(self._complete.wait(), self._limits.deadline_s)
            except asyncio.TimeoutError:
                return False
        return True

    def _load_all(self, loop: asyncio.AbstractEventLoop, fail: Callable[[CannotStart], None]) -> None:
        try:
            for entry in self.entries:
                self._load(entry, loop)
        except CannotStart as verdict:
            fail(verdict)
            return
        try:
            loop.call_soon_threadsafe(self._complete.set)
        except RuntimeError:
            # Told to stop while it loaded.
            return

    def _load(self, entry: ModelEntry, loop: asyncio.AbstractEventLoop) -> None:
        began_s = time.monotonic()
        model = load_model(entry, self._app_dir)
        loaded_s = time.monotonic()
        readiness = warm_up(model, entry.name)
        ready_s = time.monotonic()
        thread = ModelThread(model, readiness.gathers, self._limits, loop)
        thread.start(entry.name)
        self._served[entry.name, entry.version] = ServedModel(
            entry=entry, model=model, readiness=readiness, thread=thread
        )
        _log.info(
            "Model %s version %s: loaded in %.2f s, warmed up in %.2f s; gathers %s",
            entry.name,
            entry.version,
            loaded_s - began_s,
            ready_s - loaded_s,
            ", ".join(sorted(readiness.gathers)) or "nothing",
        )


def _age(entry: ModelEntry) -> tuple[int, str]:
    """What sorts versions: whole numbers by their value, everything else before them and by its text."""
    return (int(entry.version), "") if entry.version.isdecimal() else (-1, entry.version)

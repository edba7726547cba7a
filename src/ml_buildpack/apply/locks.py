"""The lock of this build: kept from the last one, or resolved now, and kept for the next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ml_buildpack.apply.build_requirements import read_pins, write_pins
from ml_buildpack.apply.conda.environment import CondaEnvironment
from ml_buildpack.apply.layer_store import LayerStore, write_atomically
from ml_buildpack.apply.lock_changes import say_changes
from ml_buildpack.apply.python_install import PythonInstaller
from ml_buildpack.apply.resolver import ResolverTools, read_lock, resolve
from ml_buildpack.cnb.layer import LayerTypes, Present, RestoredLayer
from ml_buildpack.console import Console
from ml_buildpack.errors import DigestMismatch, NoFileForThisPlatform, PackageNotFound, ResolutionConflict
from ml_buildpack.lock import Lock, LockUnreadable, describe_changes
from ml_buildpack.plan.layers import LOCK
from ml_buildpack.plan.lock_source import LockSource, Resolve, UseInstalledPackages, UseKeptLock
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.sizes import count, render_bytes

LOCK_FILENAME = "pylock.toml"
# What an import of the application loaded: it outlives the lock, because most packages do.
IMPORTS_FILENAME = "imports.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class LockKeeper:
    """Reads and writes the `lock` layer, and runs the resolver where that is what the plan says.

    `python` or `conda` puts the interpreter in place where it is not there by itself: resolvers run it.
    """

    store: LayerStore
    tools: ResolverTools
    restored: RestoredLayer
    console: Console
    python: PythonInstaller | None = None
    conda: CondaEnvironment | None = None

    def obtain(self, plan: ResolutionPlan, source: LockSource) -> Lock | None:
        """The lock that the source names, None where the layers are kept without one.

        A kept lock that cannot be read is made again.
        """
        match source:
            case UseInstalledPackages():
                self.console.step("Keeping the packages of the previous image: nothing they were resolved from changed")
                self.store.delete(LOCK)
                return None
            case UseKeptLock():
                kept = self._kept(plan)
                if kept is None:
                    return self._resolve(plan, ("the kept lock cannot be read",))
                self.console.step(f"Keeping the lock: {count(len(kept.packages), 'package')}, nothing to resolve")
                self._write_metadata(plan)
                return kept
            case Resolve(reasons=reasons):
                return self._resolve(plan, reasons)

    def _resolve(self, plan: ResolutionPlan, reasons: tuple[str, ...]) -> Lock:
        if self.python is not None:
            self.python.ensure()
        tools = self.tools
        if self.conda is not None:
            self.conda.ensure()
            tools = replace(tools, provided=self.conda.provided)
        self.console.step(f"{plan.description}: {', '.join(reasons)}")
        before = self._kept(plan)
        try:
            text = resolve(plan, tools)
        except (PackageNotFound, ResolutionConflict) as error:
            raise (error if self.conda is None else self.conda.explained(error)) from error
        lock = read_lock(text, plan)
        built_with = {} if plan.upgrade else self._kept_build_requirements()
        imports = self._read_imports()
        directory = self.store.create(LOCK)
        write_atomically(directory / LOCK_FILENAME, text)
        write_pins(directory, built_with)
        if imports is not None:
            write_atomically(directory / IMPORTS_FILENAME, imports)
        self._write_metadata(plan)
        # Not every index says how large its files are.
        size = f", {render_bytes(lock.size_bytes)}" if lock.size_bytes else ""
        self.console.note(f"{count(len(lock.packages), 'package')}{size}")
        if before is not None:
            say_changes(self.console, describe_changes(before, lock))
        return lock

    def _kept(self, plan: ResolutionPlan) -> Lock | None:
        if not isinstance(self.restored, Present):
            return None
        try:
            return read_lock((self.restored.path / LOCK_FILENAME).read_text(encoding="utf-8"), plan)
        except (OSError, UnicodeDecodeError, LockUnreadable):
            return None
        except (NoFileForThisPlatform, DigestMismatch):
            # It was made for another Python, or before the pinned hashes changed: no mistake in what is asked for now.
            return None

    def _kept_build_requirements(self) -> dict[str, str]:
        """They belong to sources, by digest, and a new lock may well have the same sources."""
        return read_pins(self.restored.path) if isinstance(self.restored, Present) else {}

    def _read_imports(self) -> str | None:
        if not isinstance(self.restored, Present):
            return None
        try:
            return (self.restored.path / IMPORTS_FILENAME).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _write_metadata(self, plan: ResolutionPlan) -> None:
        self.store.write_metadata(LOCK, LayerTypes(cache=True), plan.inputs)

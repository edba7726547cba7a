"""The conda environment of one build: its lock, kept or solved; its layer, made once when somebody first needs it.

The layer goes into the image alone and does not come back; whenever the virtual environment on top of it is made, it is
needed again, at its very path. So the packages' archives are kept in the cache, and the prefix is made of them anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_buildpack.apply.conda import prefix as conda_prefix
from ml_buildpack.apply.conda.failures import classify
from ml_buildpack.apply.conda.packages import PackageStore
from ml_buildpack.apply.conda.provided import read_provided, write_provided
from ml_buildpack.apply.conda.solver import CondaSolver
from ml_buildpack.apply.downloads import Downloader, make_downloader, read_credentials
from ml_buildpack.apply.layer_store import LayerStore, remove_tree, write_atomically
from ml_buildpack.apply.lock_changes import say_changes
from ml_buildpack.cnb.layer import EnvEntry, LayerName, LayerTypes, Present, RestoredLayer
from ml_buildpack.console import Console
from ml_buildpack.errors import CommandFailed, PackageNotFound, ResolutionConflict
from ml_buildpack.plan.conda_environment import (
    PREFIX,
    CondaPlan,
    UseInstalledEnvironment,
    choose_conda_source,
    without_secrets,
)
from ml_buildpack.plan.conda_lock import (
    CondaLock,
    CondaLockUnreadable,
    CondaPackage,
    KnownConda,
    describe_changes,
    known,
    make_lock,
    parse_conda_lock,
)
from ml_buildpack.plan.layers import CONDA, CONDA_LOCK, CONDA_PACKAGES, CONDA_SOLVER
from ml_buildpack.plan.lock_source import Resolve, UseKeptLock
from ml_buildpack.sizes import count, render_bytes

LOCK_FILENAME = "conda-lock.json"
_TYPES = LayerTypes(cache=True)
_PACKAGES_METADATA = {"schema": "1"}


@dataclass(kw_only=True)
class CondaEnvironment:
    """Restored are the layers of the last build. `env` may hold credentials."""

    plan: CondaPlan
    solver: CondaSolver
    store: LayerStore
    console: Console
    scratch: Path
    downloader: Downloader
    restored_lock: RestoredLayer
    restored_packages: RestoredLayer
    restored_conda: RestoredLayer
    env: Mapping[str, str] = field(repr=False)
    provided: Path | None = None
    _lock: CondaLock | None = None
    _done: bool = False

    def obtain(self, is_all_kept: Callable[[KnownConda], bool]) -> KnownConda:
        """The solution: kept, or found now. Raises: the errors of channels and solutions.

        `is_all_kept` tells whether nothing that needs the packages would be made anew on that solution: only then its
        digest, in the previous image's metadata, is enough.
        """
        source = choose_conda_source(
            self.plan,
            lock_layer=self.restored_lock,
            conda_layer=self.restored_conda,
            layers_dir=str(self.store.layers_dir),
        )
        match source:
            case UseInstalledEnvironment(found=found):
                if not is_all_kept(found):
                    return self._solve(("the kept solution is gone",))
                self.console.step(
                    "Keeping the conda packages of the previous image: what they were solved from is the same"
                )
                self.store.delete(CONDA_LOCK)
                return found
            case UseKeptLock():
                kept = self._kept()
                if kept is None:
                    return self._solve(("the kept solution cannot be read",))
                self.console.step(
                    f"Keeping the solution: {count(len(kept.packages), 'conda package')}, nothing to solve"
                )
                self.store.write_metadata(CONDA_LOCK, _TYPES, self.plan.inputs)
                self._lock = kept
                return known(kept)
            case Resolve(reasons=reasons):
                return self._solve(reasons)

    def ensure(self) -> None:
        """The environment is in its layer's directory afterwards, and the archives are kept.

        Raises: the errors of fetching packages; CondaSolverNotAvailable; CommandFailed.
        """
        if self._done:
            return
        if self._lock is None:
            raise AssertionError  # pragma: no cover  # whoever needs the environment has its lock made first
        archives = self._fetch(self._lock)
        self.console.step("Installing the conda packages")
        prefix = self.store.create(CONDA) / PREFIX
        cache = self.store.layers_dir / "conda-cache"
        try:
            # On the layer's own file system, so that files are linked and not copied.
            task = {"archives": [str(path) for path in archives], "prefix": str(prefix), "cache": str(cache)}
            self._check(self.solver.run("install", task))
        finally:
            remove_tree(cache)
        conda_prefix.settle(prefix, self._lock, env=self.env, scratch=self.scratch)
        conda_prefix.link_programs(prefix, self.store.path(CONDA) / "bin")
        self.provided = write_provided(prefix, self.scratch / "provided")
        self._done = True

    def activation(self) -> tuple[EnvEntry, ...]:
        """The variables that activation would set in the image; says what it would do beside that."""
        prefix = self.store.path(CONDA) / PREFIX
        variables, scripts = conda_prefix.read_variables(prefix)
        if scripts:
            self.console.note(
                f"activation scripts are not run in the image, which needs no shell: {', '.join(scripts)}"
            )
        linked = conda_prefix.find_link_scripts(prefix)
        if linked:
            self.console.note(
                f"programs that these packages run after their installation were not run: {', '.join(linked)}"
            )
        return tuple(EnvEntry(name=name, value=value) for name, value in variables)

    def explained(self, error: PackageNotFound | ResolutionConflict) -> PackageNotFound | ResolutionConflict:
        """The error of a resolution on top of the environment, with what conda has of the packages it speaks of."""
        releases = read_provided(self.provided) if self.provided is not None else {}
        words = set(re.findall(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", error.explanation.lower()))
        provided = tuple(f"{name} {version}" for name, version in releases.items() if name in words)
        if not provided:
            return error
        inputs = (self.plan.wish.path,)
        return ResolutionConflict(resolver="uv", inputs=inputs, explanation=error.explanation, provided=provided)

    def keep(self) -> None:
        """Keep what is cached beside the layer for a later build."""
        if self._done:
            return
        if isinstance(self.restored_packages, Present):
            self.store.write_metadata(CONDA_PACKAGES, _TYPES, _PACKAGES_METADATA)
        else:
            self.store.delete(CONDA_PACKAGES)
        self.solver.keep()

    def _solve(self, reasons: tuple[str, ...]) -> KnownConda:
        self._say_what_is_asked(reasons)
        answer = self.solver.run("solve", self._task())
        if "error" in answer:
            raise classify(answer["error"], answer["message"], self.plan)
        lock = make_lock([self._package(record) for record in answer["records"]])
        before = self._kept()
        self._lock = lock
        directory = self.store.create(CONDA_LOCK)
        write_atomically(directory / LOCK_FILENAME, lock.to_json())
        self.store.write_metadata(CONDA_LOCK, _TYPES, self.plan.inputs)
        size = f", {render_bytes(lock.size_bytes)}" if lock.size_bytes else ""
        self.console.note(f"{count(len(lock.packages), 'conda package')}{size}, Python {lock.python_version}")
        if before is not None:
            say_changes(self.console, describe_changes(before, lock))
        return known(lock)

    def _say_what_is_asked(self, reasons: tuple[str, ...]) -> None:
        shown = ", ".join(channel.shown for channel in self.plan.channels)
        self.console.step(f"Solving with py-rattler: {', '.join(reasons)}")
        default = f", because {self.plan.wish.path} names none" if self.plan.is_default_channel else ""
        self.console.note(f"channels: {shown}{default}")
        virtual = ", ".join(text.removesuffix("=0").replace("=", " ", 1) for text in self.plan.virtual_packages)
        self.console.note(f"for an image with {virtual}")

    def _task(self) -> dict[str, Any]:
        return {
            "channels": [channel.address for channel in self.plan.channels],
            "specs": list(self.plan.specs),
            "subdir": self.plan.subdir,
            "virtual_packages": list(self.plan.virtual_packages),
            "cache": str(self.scratch / "repodata"),
        }

    def _package(self, record: Mapping[str, Any]) -> CondaPackage:
        url = without_secrets(record["url"], self.plan.channels)
        if not record.get("sha256"):
            detail = (
                f"The channel's index has no sha256 for {record['fn']}, so nobody can say that it is the right file."
            )
            raise CommandFailed(argv=("py-rattler", "solve"), exit_code=1, output_tail=detail)
        return CondaPackage(
            name=record["name"],
            version=record["version"],
            build=record["build"],
            subdir=record["subdir"],
            channel=url.rsplit("/", 2)[0],
            url=url,
            sha256=record["sha256"],
            size_bytes=record.get("size"),
        )

    def _kept(self) -> CondaLock | None:
        if not isinstance(self.restored_lock, Present):
            return None
        try:
            return parse_conda_lock((self.restored_lock.path / LOCK_FILENAME).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, CondaLockUnreadable):
            return None

    def _fetch(self, lock: CondaLock) -> tuple[Path, ...]:
        self.console.step("Fetching the conda packages")
        if not isinstance(self.restored_packages, Present):
            self.store.create(CONDA_PACKAGES)
        packages = PackageStore(
            directory=self.store.path(CONDA_PACKAGES), downloader=self.downloader, channels=self.plan.channels
        )
        report = packages.prepare(lock)
        self.store.write_metadata(CONDA_PACKAGES, _TYPES, _PACKAGES_METADATA)
        size = f" ({render_bytes(report.fetched_bytes)})" if report.fetched else ""
        self.console.note(f"{report.kept} kept, {report.fetched} fetched{size}")
        return report.archives

    def _check(self, answer: Mapping[str, Any]) -> None:
        if "error" in answer:
            message = without_secrets(f"{answer['error']}: {answer['message']}", self.plan.channels)
            raise CommandFailed(argv=("py-rattler", "install"), exit_code=1, output_tail=message)


def make_conda_environment(
    plan: CondaPlan,
    store: LayerStore,
    restored: Callable[[LayerName], RestoredLayer],
    *,
    env: Mapping[str, str],
    scratch: Path,
    console: Console,
) -> CondaEnvironment:
    """The environment of a plan, with what the last build left of it, by layer."""
    console.hide(secret for channel in plan.channels for secret in channel.secrets)
    netrc_path = Path(env["NETRC"]) if "NETRC" in env else None
    credentials = read_credentials(tuple(channel.address for channel in plan.channels), netrc_path=netrc_path)
    return CondaEnvironment(
        plan=plan,
        solver=CondaSolver(store=store, restored=restored(CONDA_SOLVER), console=console, scratch=scratch, env=env),
        store=store,
        console=console,
        scratch=scratch,
        downloader=make_downloader(env, credentials),
        restored_lock=restored(CONDA_LOCK),
        restored_packages=restored(CONDA_PACKAGES),
        restored_conda=restored(CONDA),
        env=env,
    )

"""Keep or make each layer that a plan names, and say which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_buildpack.apply import python, server
from ml_buildpack.apply.build_requirements import DIRECTORY, BuildRequirements
from ml_buildpack.apply.downloads import make_downloader, read_credentials
from ml_buildpack.apply.layer_store import LayerStore, make_readable
from ml_buildpack.apply.python_install import PythonInstaller
from ml_buildpack.apply.venv import VenvBuild, make_venv
from ml_buildpack.apply.wheels import WheelReport, WheelStore
from ml_buildpack.cnb.layer import LayerTypes, Present, RestoredLayer
from ml_buildpack.console import Console
from ml_buildpack.lock import Lock
from ml_buildpack.plan.bill_of_materials import describe_venv
from ml_buildpack.plan.interpreter import Interpreter
from ml_buildpack.plan.layers import (
    LOCK,
    WHEELS,
    AcceleratorContent,
    DownloadedPythonContent,
    LayerPlan,
    PythonContent,
    ServerContent,
    VenvContent,
)
from ml_buildpack.plan.reuse import Keep, LayerStep, Rebuild
from ml_buildpack.sizes import count, render_bytes

_WHEELS_TYPES = LayerTypes(cache=True)
_WHEELS_METADATA = {"schema": "1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerMaker:
    """Carries out layer steps. `index_urls` may hold credentials and is used for nothing else."""

    store: LayerStore
    console: Console
    uv: Path
    env: Mapping[str, str]
    index_urls: tuple[str, ...]
    app_dir: Path
    scratch: Path
    server_sources: Path
    restored_wheels: RestoredLayer
    python_installer: PythonInstaller | None = None

    def carry_out(self, step: LayerStep) -> None:
        """Keep the layer, or make it and write its metadata last."""
        layer = step.layer
        metadata = {**layer.metadata, **dict(layer.notes)}
        match step:
            case Keep():
                self.console.step(f"Keeping '{layer.name}'")
                self._keep_what_made(layer)
                self.store.keep(layer.name, layer.types, metadata)
            case Rebuild(reasons=reasons):
                self.console.step(f"Making '{layer.name}': {', '.join(reasons)}")
                bill = self._make(layer)
                self.store.write_env(layer.name, layer.env)
                if bill is not None:
                    self.store.write_bill_of_materials(layer.name, bill)
                self.store.write_metadata(layer.name, layer.types, metadata)

    def _make(self, layer: LayerPlan) -> dict[str, Any] | None:
        content = layer.content
        if isinstance(content, DownloadedPythonContent):
            # It may be there already, for the resolver.
            self._installer().ensure()
            return None
        directory = self.store.create(layer.name)
        match content:
            case PythonContent(source=source):
                python.copy_interpreter(Path(source), directory)
                make_readable(directory)
                return None
            case ServerContent(interpreter_path=interpreter_path):
                server.make_server_layer(self.server_sources, directory, interpreter_path=interpreter_path)
                return None
            case VenvContent(interpreter=interpreter, lock=lock):
                if lock is None:
                    raise AssertionError  # pragma: no cover  # without a lock the layer's metadata decided to keep it
                self._make_venv(directory, interpreter, lock)
                return describe_venv(lock, interpreter)
            case AcceleratorContent(interpreter_path=interpreter_path, needs=needs):
                server.make_accelerator_layer(self.server_sources, directory, interpreter_path, needs)
                return None

    def _keep_what_made(self, layer: LayerPlan) -> None:
        """Keep the cached wheels, or the archive, beside the layer that was made from them: some day it changes."""
        if isinstance(layer.content, DownloadedPythonContent):
            self._installer().keep_archive()
        if not isinstance(layer.content, VenvContent):
            return
        if isinstance(self.restored_wheels, Present):
            self.store.write_metadata(WHEELS, _WHEELS_TYPES, _WHEELS_METADATA)
        else:
            self.store.delete(WHEELS)

    def _make_venv(self, directory: Path, interpreter: Interpreter, lock: Lock) -> None:
        wheels_dir = self.store.path(WHEELS)
        if not isinstance(self.restored_wheels, Present):
            self.store.create(WHEELS)
        build_requirements = BuildRequirements(
            directory=self.store.path(LOCK) / DIRECTORY,
            uv=self.uv,
            python=interpreter.path,
            env=self.env,
            app_dir=self.app_dir,
            scratch=self.scratch,
        )
        wheel_store = WheelStore(
            directory=wheels_dir,
            downloader=make_downloader(self.env, read_credentials(self.index_urls, netrc_path=self._netrc())),
            uv=self.uv,
            python=interpreter.path,
            python_version=interpreter.minor,
            env=self.env,
            app_dir=self.app_dir,
            scratch=self.scratch,
            build_requirements=build_requirements,
        )
        report = wheel_store.prepare(lock)
        self._say(report)
        build = VenvBuild(
            directory=directory,
            python=interpreter.launch_path,
            python_version=interpreter.minor,
            uv=self.uv,
            env=self.env,
            app_dir=self.app_dir,
            scratch=self.scratch,
            cache_dir=self.store.layers_dir / "uv-cache",
            build_requirements=build_requirements,
        )
        make_venv(build, lock, report.wheels, tuple(sorted({wheel.path.parent for wheel in report.wheels})))
        self.store.write_metadata(WHEELS, _WHEELS_TYPES, _WHEELS_METADATA)

    def _say(self, report: WheelReport) -> None:
        self.console.note(
            f"{count(len(report.wheels), 'wheel')}: {report.kept} kept, {report.fetched} fetched"
            + (f" ({render_bytes(report.fetched_bytes)})" if report.fetched else "")
        )
        for name in report.built:
            self.console.note(f"built {name} from source")
        for name in report.dropped:
            self.console.warning(f"the cached {name} was damaged; it was fetched again")

    def _installer(self) -> PythonInstaller:
        if self.python_installer is None:
            raise AssertionError  # pragma: no cover  # whoever plans the layer makes the installer
        return self.python_installer

    def _netrc(self) -> Path | None:
        return Path(self.env["NETRC"]) if "NETRC" in self.env else None

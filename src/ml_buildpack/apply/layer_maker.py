"""Keep or make each layer that a plan names, and say which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.apply import python, server
from ml_buildpack.apply.apt_layer import AptLayer
from ml_buildpack.apply.conda.environment import CondaEnvironment
from ml_buildpack.apply.finishing import PackagesFinisher
from ml_buildpack.apply.layer_store import LayerStore, make_readable
from ml_buildpack.apply.library_check import LibraryChecker
from ml_buildpack.apply.library_links import list_libraries
from ml_buildpack.apply.package_finish import InstalledPackages, finish_packages
from ml_buildpack.apply.python_install import PythonInstaller
from ml_buildpack.apply.venv import Installation, install_packages, site_packages, write_paths
from ml_buildpack.apply.wheel_layer import WheelLayer
from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.console import Console
from ml_buildpack.lock import Lock
from ml_buildpack.plan.apt import AptContent
from ml_buildpack.plan.bill_of_materials import describe_packages
from ml_buildpack.plan.conda_bill import describe_conda
from ml_buildpack.plan.conda_lock import CondaLock
from ml_buildpack.plan.interpreter import InterpreterOrigin
from ml_buildpack.plan.layers import (
    CONDA,
    SERVER,
    VENV,
    AcceleratorContent,
    CondaContent,
    DownloadedPythonContent,
    LayerPlan,
    PackagesContent,
    PythonContent,
    ServerContent,
)
from ml_buildpack.plan.package_layers import LIBRARIES_NOTE, NEEDS_NOTE, libraries_of, needs_of
from ml_buildpack.plan.reuse import Keep, LayerStep, Rebuild


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerMaker:
    """Carries out layer steps."""

    store: LayerStore
    console: Console
    uv: Path
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path
    server_sources: Path
    wheels: WheelLayer
    finisher: PackagesFinisher
    python_installer: PythonInstaller | None = None
    apt: AptLayer | None = None
    checker: LibraryChecker | None = None
    conda: CondaEnvironment | None = None

    def carry_out(self, *steps: LayerStep) -> None:
        """Keep the layers, or make them and write their metadata last.

        Layers of packages are finished together, when all of them are there.
        """
        installed: list[InstalledPackages] = []
        for step in steps:
            layer = step.layer
            match step:
                case Keep():
                    self._keep(layer)
                case Rebuild(reasons=reasons):
                    self.console.step(f"Making '{layer.name}': {', '.join(reasons)}")
                    if isinstance(layer.content, PackagesContent):
                        installed.append(self._install(layer, layer.content))
                    else:
                        self._make(layer)
                        self._write_metadata(layer, self._notes_of_made(layer))
        packages = [step for step in steps if isinstance(step.layer.content, PackagesContent)]
        needs = self._check_libraries(tuple(installed), steps)
        self._finish(tuple(installed), needs, complete=len(installed) == len(packages))
        self._close_wheels(steps)

    def _keep(self, layer: LayerPlan) -> None:
        self.console.step(f"Keeping '{layer.name}'")
        if isinstance(layer.content, DownloadedPythonContent):
            # Some day the layer changes.
            self._installer().keep_archive()
        if isinstance(layer.content, AptContent):
            self._apt().keep_archives()
        if isinstance(layer.content, CondaContent):
            self._conda().keep()
        self.store.keep(layer.name, layer.types, {**layer.metadata, **dict(layer.notes)})

    def _make(self, layer: LayerPlan) -> None:
        match layer.content:
            case DownloadedPythonContent():
                # It may be there already, for the resolver.
                self._installer().ensure()
            case CondaContent(lock=lock):
                self._make_conda(lock)
            case PythonContent(source=source):
                directory = self.store.create(layer.name)
                python.copy_interpreter(Path(source), directory)
                make_readable(directory)
            case ServerContent(interpreter_path=interpreter_path, manifest=manifest, compiled=compiled):
                directory = self.store.create(layer.name)
                server.make_server_layer(
                    self.server_sources, directory, interpreter_path=interpreter_path, manifest=manifest
                )
                if compiled:
                    server.compile_server(directory, python=interpreter_path, env=self.env, scratch=self.scratch)
            case AcceleratorContent(interpreter_path=interpreter_path, needs=needs):
                directory = self.store.create(layer.name)
                server.make_accelerator_layer(self.server_sources, directory, interpreter_path, needs)
            case AptContent():
                bill = self._apt().make(self.store.create(layer.name), layer.content)
                self.store.write_bill_of_materials(layer.name, bill)
            case PackagesContent():
                raise AssertionError  # pragma: no cover  # these are installed, and finished with the others

    def _make_conda(self, lock: CondaLock | None) -> None:
        if lock is None:
            raise AssertionError  # pragma: no cover  # without a lock the layer's metadata decided to keep it
        # It may be there already, for the resolver.
        self._conda().ensure()
        self.store.write_env(CONDA, self._conda().activation())
        self.store.write_bill_of_materials(CONDA, describe_conda(lock))

    def _install(self, layer: LayerPlan, content: PackagesContent) -> InstalledPackages:
        lock = _lock_of(content)
        directory = self.store.create(layer.name)
        build = Installation(
            directory=directory,
            # The scripts of all layers start with the Python of `venv`. Where that layer is kept, its directory is
            # there for the installer alone, and goes when the layer is kept.
            environment=self.store.path(VENV),
            python=content.interpreter.launch_path,
            python_version=content.interpreter.minor,
            uv=self.uv,
            env=self.env,
            app_dir=self.app_dir,
            scratch=self.scratch,
            cache_dir=self.store.layers_dir / "uv-cache",
            build_requirements=self.wheels.wheels.build_requirements,
            on_conda=content.interpreter.origin is InterpreterOrigin.CONDA,
        )
        report = self.wheels.prepare(lock)
        if content.beside:
            self.wheels.describe(report)
        install_packages(build, lock, report.wheels, tuple(sorted({wheel.path.parent for wheel in report.wheels})))
        if layer.name == VENV:
            others = tuple(self._folders(content)[name] for name in reversed(content.beside))
            write_paths(build.site_packages, others, self.store.path(SERVER) / "site")
        return InstalledPackages(layer=layer, content=content, directory=directory, site_packages=build.site_packages)

    def _folders(self, content: PackagesContent) -> dict[LayerName, Path]:
        minor = content.interpreter.minor
        return {name: site_packages(self.store.path(name), minor) for name in (content.group.layer, *content.beside)}

    def _check_libraries(
        self, installed: tuple[InstalledPackages, ...], steps: tuple[LayerStep, ...]
    ) -> Mapping[str, str]:
        """What each folder of packages takes from the image, when all is there. Raises: SharedLibraryMissing."""
        if self.checker is None:
            return {}
        in_apt = frozenset[str]() if self.apt is None else self.apt.libraries()
        kept = [
            step.layer for step in steps if isinstance(step, Keep) and isinstance(step.layer.content, PackagesContent)
        ]
        self.checker.check_kept({layer.name: needs_of(layer) for layer in kept}, in_apt=in_apt)
        libraries = frozenset(library for layer in kept for library in libraries_of(layer))
        return self.checker.check([one.site_packages for one in installed], in_apt=in_apt, kept=libraries)

    def _notes_of_made(self, layer: LayerPlan) -> Mapping[str, str]:
        """What is known of a layer only after it was made."""
        return self._apt().notes(layer.content) if isinstance(layer.content, AptContent) else {}

    def _finish(self, installed: tuple[InstalledPackages, ...], needs: Mapping[str, str], *, complete: bool) -> None:
        folders = self._folders(installed[0].content) if installed else {}
        finish_packages(installed, folders, self.finisher, complete=complete)
        for one in installed:
            bill = describe_packages(_lock_of(one.content), one.content.interpreter)
            self.store.write_bill_of_materials(one.layer.name, bill)
            libraries = " ".join(list_libraries(one.site_packages))
            taken = needs.get(str(one.site_packages), "")
            self._write_metadata(one.layer, {LIBRARIES_NOTE: libraries, NEEDS_NOTE: taken})

    def _write_metadata(self, layer: LayerPlan, notes: Mapping[str, str]) -> None:
        self.store.write_env(layer.name, layer.env)
        self.store.write_metadata(layer.name, layer.types, {**layer.metadata, **dict(layer.notes), **notes})

    def _close_wheels(self, steps: tuple[LayerStep, ...]) -> None:
        for step in steps:
            if isinstance(step.layer.content, PackagesContent) and step.layer.name == VENV:
                self.wheels.close(step.layer.content.group.lock)

    def _conda(self) -> CondaEnvironment:
        if self.conda is None:
            raise AssertionError  # pragma: no cover  # whoever plans the layer makes the environment
        return self.conda

    def _installer(self) -> PythonInstaller:
        if self.python_installer is None:
            raise AssertionError  # pragma: no cover  # whoever plans the layer makes the installer
        return self.python_installer

    def _apt(self) -> AptLayer:
        if self.apt is None:
            raise AssertionError  # pragma: no cover  # whoever plans the layer makes this
        return self.apt


def _lock_of(content: PackagesContent) -> Lock:
    if content.group.lock is None:
        raise AssertionError  # pragma: no cover  # without a lock the layer's metadata decided to keep it
    return content.group.lock

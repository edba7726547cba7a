"""The effects of a build as one bundle, made once in `main`. Called by the story in `build`; decides nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from hashlib import sha256
from pathlib import Path

from ml_buildpack.apply import python, server
from ml_buildpack.apply.apt import read_status
from ml_buildpack.apply.apt_layer import AptLayer
from ml_buildpack.apply.build_requirements import DIRECTORY, BuildRequirements
from ml_buildpack.apply.bytecode import Validity, compile_modules
from ml_buildpack.apply.certificates import make_certificate_bundle
from ml_buildpack.apply.conda.environment import CondaEnvironment, make_conda_environment
from ml_buildpack.apply.downloads import make_downloader, read_credentials
from ml_buildpack.apply.finishing import PackagesFinisher
from ml_buildpack.apply.import_trace import ImportTracer
from ml_buildpack.apply.layer_maker import LayerMaker
from ml_buildpack.apply.layer_store import LayerStore, make_readable
from ml_buildpack.apply.library_check import LibraryChecker, read_image_libraries
from ml_buildpack.apply.locks import IMPORTS_FILENAME, LockKeeper
from ml_buildpack.apply.python_install import PythonInstaller
from ml_buildpack.apply.python_table import read_machine, read_python_table
from ml_buildpack.apply.resolver import ResolverTools, resolve
from ml_buildpack.apply.secret_files import remove_secret_files, write_secret
from ml_buildpack.apply.vendored import find_uv
from ml_buildpack.apply.wheel_layer import WHEEL_CACHE_MAX_BYTES, WheelLayer
from ml_buildpack.apply.wheels import WheelStore
from ml_buildpack.cnb.context import BuildContext
from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.console import Console
from ml_buildpack.lock import Lock
from ml_buildpack.plan.conda_environment import CondaPlan
from ml_buildpack.plan.finishing import FinishPlan, launch_environment
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.indexes import IndexPlan
from ml_buildpack.plan.interpreter import Interpreter, PythonPlan
from ml_buildpack.plan.layers import CACHES, LOCK, PYTHON_ARCHIVE, VENV, WHEELS, plan_downloaded_python_layer
from ml_buildpack.plan.library_check import LibraryPlan
from ml_buildpack.plan.lock_source import LockSource
from ml_buildpack.plan.python_downloads import Machine, PythonSource, PythonTable
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.tool_environment import ToolEnvironment, tool_environment

RUN_IMAGE_PYTHON = "BP_RUN_IMAGE_PYTHON"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a build can do to the world. Tests of the story pass a recording one."""

    context: BuildContext
    console: Console
    scratch: Path
    store: LayerStore
    uv: Path
    server_sources: Path
    today: date

    def find_interpreters(self) -> tuple[Interpreter, ...]:
        """The interpreters that an application could run on, best first."""
        return python.find_interpreters(
            python.InterpreterSearch(
                buildpack_dir=self.context.buildpack_dir,
                layers_dir=self.context.layers_dir,
                path=self.context.env.get("PATH", ""),
                run_image_python=self.context.env.get(RUN_IMAGE_PYTHON) or None,
                scratch=self.scratch,
            )
        )

    def read_python_table(self, source: PythonSource, certificates: tuple[str, ...]) -> PythonTable:
        """The interpreters that can be downloaded, or why nobody knows."""
        if self.context.env.get("UV_PYTHON_DOWNLOADS") == "never":
            return PythonTable(name="none", trouble="UV_PYTHON_DOWNLOADS=never forbids downloads.")
        env = self.make_environment(certificates, frozenset())
        return read_python_table(source, uv=self.uv, env=env, cwd=self.scratch)

    def machine(self) -> Machine:
        """What interpreters say of the machine that they run on."""
        return read_machine()

    def python_installer(self, plan: PythonPlan, source: PythonSource, env: ToolEnvironment) -> PythonInstaller | None:
        """What makes the `python` layer of a plan that downloads it."""
        if plan.download is None:
            return None
        layers_dir = str(self.context.layers_dir)
        return PythonInstaller(
            plan=plan,
            download=plan.download,
            layer=plan_downloaded_python_layer(plan.download, layers_dir=layers_dir, target=self.context.target),
            restored=self.context.restored(PYTHON_ARCHIVE),
            store=self.store,
            console=self.console,
            uv=self.uv,
            env=source.environment(env),
        )

    def conda_environment(self, plan: CondaPlan, env: ToolEnvironment) -> CondaEnvironment:
        """What solves and makes the `conda` layer."""
        return make_conda_environment(
            plan, self.store, self.context.restored, env=env, scratch=self.scratch, console=self.console
        )

    def packaged_identity(self) -> str:
        """What names the build of the packaged interpreter."""
        return python.packaged_identity(self.context.buildpack_dir, {"LC_ALL": "C.UTF-8"}, self.scratch)

    def server_digest(self) -> str:
        """What names the in-image package."""
        return server.sources_digest(self.server_sources)

    def check_digest(self) -> str:
        """What names the program that checks the driver."""
        return server.check_digest(self.server_sources)

    def make_environment(
        self, certificates: tuple[str, ...], interpolated: frozenset[str], indexes: IndexPlan | None = None
    ) -> ToolEnvironment:
        """The environment of every tool of this build."""
        home = self.scratch / "home"
        home.mkdir(exist_ok=True)
        bundle = make_certificate_bundle(certificates, self.context.env, self.scratch)
        given = self.context.env if indexes is None else indexes.applied_to(self.context.env)
        env = tool_environment(given, home=str(home), certificates=bundle, interpolated=interpolated)
        if indexes is not None and indexes.netrc:
            # Where git's library looks; pip and uv are told.
            env["NETRC"] = str(write_secret(home / ".netrc", indexes.netrc))
        return {**env, "UV_CACHE_DIR": str(self.scratch / "uv-cache"), "TMPDIR": str(self.scratch)}

    def obtain_lock(
        self,
        plan: ResolutionPlan,
        source: LockSource,
        env: ToolEnvironment,
        installer: PythonInstaller | None,
        conda: CondaEnvironment | None = None,
    ) -> Lock | None:
        """The lock, kept or resolved; None where the image's layers are kept without one."""
        keeper = LockKeeper(
            store=self.store,
            tools=ResolverTools(uv=self.uv, env=env, app_dir=self.context.app_dir, scratch=self.scratch),
            restored=self.context.restored(LOCK),
            console=self.console,
            python=installer,
            conda=conda,
        )
        return keeper.obtain(plan, source)

    def make_lock(self, plan: ResolutionPlan, env: ToolEnvironment) -> str:
        """The text of a lock for every platform, made anew; it is kept nowhere."""
        tools = ResolverTools(
            uv=self.uv, env=env, app_dir=self.context.app_dir, scratch=self.scratch, is_universal=True
        )
        return resolve(plan, tools)

    def wheel_layer(
        self, interpreter: Interpreter, env: ToolEnvironment, index_urls: tuple[str, ...], limit_bytes: int | None
    ) -> WheelLayer:
        """The wheels of this build. `index_urls` may hold credentials and is used for nothing else.

        `limit_bytes` of them are kept for the next build; None is the usual.
        """
        build_requirements = BuildRequirements(
            directory=self.store.path(LOCK) / DIRECTORY,
            uv=self.uv,
            python=interpreter.path,
            env=env,
            app_dir=self.context.app_dir,
            scratch=self.scratch,
        )
        netrc_path = Path(env["NETRC"]) if "NETRC" in env else None
        wheels = WheelStore(
            directory=self.store.path(WHEELS),
            downloader=make_downloader(env, read_credentials(index_urls, netrc_path=netrc_path)),
            uv=self.uv,
            python=interpreter.path,
            python_version=interpreter.minor,
            env=env,
            app_dir=self.context.app_dir,
            scratch=self.scratch,
            build_requirements=build_requirements,
        )
        layer = WheelLayer(
            store=self.store,
            wheels=wheels,
            restored=self.context.restored(WHEELS),
            console=self.console,
            limit_bytes=WHEEL_CACHE_MAX_BYTES if limit_bytes is None else limit_bytes,
        )
        layer.open()
        return layer

    def finisher(
        self, finish: FinishPlan, image: ImagePlan, interpreter: Interpreter, env: ToolEnvironment
    ) -> PackagesFinisher:
        """What finishes packages when they are installed."""
        tracer = ImportTracer(
            python=f"{self.context.layers_dir}/{VENV}/bin/python",
            env=launch_environment(image.layers, layers_dir=str(self.context.layers_dir)),
            app_dir=self.context.app_dir,
            scratch=self.scratch,
            server_sources=self.server_sources,
            seconds_max=finish.import_seconds,
        )
        return PackagesFinisher(
            plan=finish,
            tracer=tracer,
            python=interpreter.launch_path,
            env=env,
            scratch=self.scratch,
            console=self.console,
            record=self.store.path(LOCK) / IMPORTS_FILENAME,
        )

    def layer_maker(
        self,
        env: ToolEnvironment,
        wheels: WheelLayer,
        installer: PythonInstaller | None,
        finisher: PackagesFinisher,
        libraries: LibraryPlan,
        conda: CondaEnvironment | None = None,
    ) -> LayerMaker:
        """What keeps and makes layers."""
        return LayerMaker(
            store=self.store,
            console=self.console,
            uv=self.uv,
            env=env,
            app_dir=self.context.app_dir,
            scratch=self.scratch,
            server_sources=self.server_sources,
            wheels=wheels,
            finisher=finisher,
            python_installer=installer,
            conda=conda,
            apt=self._apt_layer(env) if libraries.apt else None,
            checker=LibraryChecker(plan=libraries, image=read_image_libraries(self.context.env), console=self.console),
        )

    def _apt_layer(self, env: ToolEnvironment) -> AptLayer:
        status = read_status(self.context.env)
        return AptLayer(store=self.store, console=self.console, env=env, scratch=self.scratch, status=status)

    def dpkg_status_digest(self) -> str:
        """What identifies the packages that the run image is taken to have."""
        return sha256(read_status(self.context.env).encode()).hexdigest()[:16]

    def compile_application(self, finish: FinishPlan, interpreter: Interpreter, env: ToolEnvironment) -> None:
        """Write the bytecode of the application's own modules beside them, as Python does."""
        modules = (self.context.app_dir / path for path in finish.app_modules)
        checked = Validity.CHECKED
        compile_modules(modules, python=interpreter.path, env=env, scratch=self.scratch, validity=checked)

    def leave_out(self, secret_files: tuple[str, ...]) -> None:
        """Remove files of the application that hold logins: they did their part, and an image is read by many."""
        for path in remove_secret_files(self.context.app_dir, secret_files):
            self.console.step(f"Left out of the image: {path}, which holds logins")

    def finish(self, image: ImagePlan) -> None:
        """Write launch.toml, drop layers that nobody makes any more, and let the image's user read the application."""
        made: set[LayerName] = {layer.name for layer in image.layers} | {LOCK, WHEELS}
        for layer in image.layers:
            made |= CACHES.get(type(layer.content), frozenset())
        self.store.delete_others(frozenset(made))
        self.store.write_launch(image.launch.to_toml())
        make_readable(self.context.app_dir)


@contextmanager
def make_tools(context: BuildContext, console: Console) -> Iterator[Tools]:
    """The tools of one build; everything temporary is gone afterwards, whether it succeeded or not."""
    with tempfile.TemporaryDirectory(prefix="ml-buildpack-") as scratch:
        yield Tools(
            context=context,
            console=console,
            scratch=Path(scratch),
            store=LayerStore(layers_dir=context.layers_dir),
            uv=find_uv(),
            server_sources=context.buildpack_dir / "src" / "model_server",
            today=datetime.now(timezone.utc).date(),
        )

"""The effects of a build as one bundle, made once in `main`. Called by the story in `build`; decides nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

import packaging

from ml_buildpack.apply import python, server
from ml_buildpack.apply.build_requirements import DIRECTORY, BuildRequirements
from ml_buildpack.apply.certificates import make_certificate_bundle
from ml_buildpack.apply.conda.environment import CondaEnvironment
from ml_buildpack.apply.conda.solver import CondaSolver
from ml_buildpack.apply.downloads import make_downloader, read_credentials
from ml_buildpack.apply.layer_maker import LayerMaker
from ml_buildpack.apply.layer_store import LayerStore, make_readable
from ml_buildpack.apply.locks import LockKeeper
from ml_buildpack.apply.python_install import PythonInstaller
from ml_buildpack.apply.python_table import read_machine, read_python_table
from ml_buildpack.apply.resolver import ResolverTools, resolve
from ml_buildpack.apply.secret_files import remove_secret_files, write_secret
from ml_buildpack.apply.wheel_layer import WHEEL_CACHE_MAX_BYTES, WheelLayer
from ml_buildpack.apply.wheels import WheelStore
from ml_buildpack.cnb.context import BuildContext
from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.console import Console
from ml_buildpack.lock import Lock
from ml_buildpack.plan.conda_environment import CondaPlan
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.indexes import IndexPlan
from ml_buildpack.plan.interpreter import Interpreter, PythonPlan
from ml_buildpack.plan.layers import (
    CONDA,
    CONDA_LOCK,
    CONDA_PACKAGES,
    CONDA_SOLVER,
    LOCK,
    PYTHON_ARCHIVE,
    WHEELS,
    CondaContent,
    DownloadedPythonContent,
    plan_downloaded_python_layer,
)
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
        self.console.hide(secret for channel in plan.channels for secret in channel.secrets)
        solver = CondaSolver(
            store=self.store,
            restored=self.context.restored(CONDA_SOLVER),
            console=self.console,
            scratch=self.scratch,
            env=env,
        )
        netrc = Path(env["NETRC"]) if "NETRC" in env else None
        addresses = tuple(channel.address for channel in plan.channels)
        return CondaEnvironment(
            plan=plan,
            solver=solver,
            store=self.store,
            console=self.console,
            scratch=self.scratch,
            downloader=make_downloader(env, read_credentials(addresses, netrc_path=netrc)),
            restored_lock=self.context.restored(CONDA_LOCK),
            restored_packages=self.context.restored(CONDA_PACKAGES),
            restored_conda=self.context.restored(CONDA),
            env=env,
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

    def layer_maker(
        self,
        env: ToolEnvironment,
        wheels: WheelLayer,
        installer: PythonInstaller | None,
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
            python_installer=installer,
            conda=conda,
        )

    def leave_out(self, secret_files: tuple[str, ...]) -> None:
        """Remove files of the application that hold logins: they did their part, and an image is read by many."""
        for path in remove_secret_files(self.context.app_dir, secret_files):
            self.console.step(f"Left out of the image: {path}, which holds logins")

    def finish(self, image: ImagePlan) -> None:
        """Write launch.toml, drop layers that nobody makes any more, and let the image's user read the application."""
        made: set[LayerName] = {layer.name for layer in image.layers} | {LOCK, WHEELS}
        if any(isinstance(layer.content, DownloadedPythonContent) for layer in image.layers):
            made.add(PYTHON_ARCHIVE)
        if any(isinstance(layer.content, CondaContent) for layer in image.layers):
            made |= {CONDA_LOCK, CONDA_PACKAGES, CONDA_SOLVER}
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
            uv=_find_uv(),
            server_sources=context.buildpack_dir / "src" / "model_server",
            today=datetime.now(timezone.utc).date(),
        )


def _find_uv() -> Path:
    libraries = Path(packaging.__file__).parent.parent
    vendored = libraries / "bin" / "uv"
    if vendored.is_file():
        return vendored
    # A development checkout has uv as a package instead of vendoring it.
    from uv import find_uv_bin  # noqa: PLC0415

    return Path(find_uv_bin())

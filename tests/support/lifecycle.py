"""The real lifecycle's phases in a temporary directory: an image in OCI layout, and its processes, without an engine.

The five phases run as on a platform that does not trust its builder, each as the build user, on Platform API 0.13. The
image is unpacked to the paths that it was built at and started by the real launcher on the host's own files, which
stand for the run image: so a web process answers real requests.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import tomli_w

from support.build_user import GROUP_ID, OURSELVES, RUN_UID, User, python_path, remove_tree, run_as
from support.caller_network import proxy_env
from support.contract import write_platform_dir
from support.contract_rules import read_toml
from support.layer_archive import LAYER_MTIME_S
from support.oci_layout import ExportedImage, read_image, write_run_image

PLATFORM_API = "0.13"
PHASES = ("analyzer", "detector", "restorer", "builder", "exporter")
READY_LIMIT_S = 30.0
_KEPT_LAYER = re.compile(r"^Reusing layer '(.+)'$", re.MULTILINE)
_ADDED_LAYER = re.compile(r"^Adding layer '(.+)'$", re.MULTILINE)


def copy_tools(source: Path, target: Path) -> None:
    """Copy the built lifecycle to where every user can run it, under the names of its phases."""
    target.mkdir()
    for name in ("lifecycle", "launcher"):
        shutil.copy(source / name, target / name)
        (target / name).chmod(0o755)
    for phase in PHASES:
        (target / phase).symlink_to("lifecycle")


class PhaseFailed(AssertionError):
    """A phase ended with an error. `log` holds everything that was printed until then."""

    def __init__(self, phase: str, exit_code: int, log: str) -> None:
        """Say which phase failed."""
        super().__init__(f"{phase} exited with {exit_code}:\n{log}")
        self.phase, self.exit_code, self.log = phase, exit_code, log


@dataclass(frozen=True, kw_only=True, slots=True)
class LifecycleResult:
    """A build that was exported. `log` is what a user would have read."""

    log: str
    image: ExportedImage

    @property
    def reused(self) -> frozenset[str]:
        """The layers that the exporter found unchanged, by the names in its log."""
        return frozenset(_KEPT_LAYER.findall(self.log))

    @property
    def added(self) -> frozenset[str]:
        """The layers that the exporter wrote, by the names in its log."""
        return frozenset(_ADDED_LAYER.findall(self.log))


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningProcess:
    """A process of an image, listening at `port`."""

    port: int
    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self.log_path.read_text(errors="replace")

    def request(self, path: str, body: bytes | None = None, content_type: str = "application/json") -> tuple[int, str]:
        """The status and the body of an answer, a failure's too."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=READY_LIMIT_S)
        with closing(connection):
            connection.request("GET" if body is None else "POST", path, body, {"Content-Type": content_type})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def stop(self) -> int:
        """Send SIGTERM, as every platform does, and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=READY_LIMIT_S)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifecycle:
    """The lifecycle with one buildpack. Everything lies below `root`, whose path must be in lower case.

    The previous image and the cache are those of the build before, unless a test removes them.
    """

    tools: Path
    buildpack_dir: Path
    root: Path
    user: User

    @property
    def app_dir(self) -> Path:
        """Where the application lies, in the build and in the image."""
        return self.root / "workspace"

    @property
    def layers_root(self) -> Path:
        """Where all layers lie, in the build and in the image."""
        return self.root / "layers"

    def build(
        self,
        app: Path,
        *,
        env: Mapping[str, str] | None = None,
        bindings: Mapping[str, Mapping[str, str]] | None = None,
    ) -> LifecycleResult:
        """Build the directory into an image. Raises PhaseFailed."""
        self._prepare(app)
        write_platform_dir(self.root / "platform", env or {}, bindings or {})
        log = "".join(self._run_phase(phase) for phase in PHASES)
        return LifecycleResult(log=log, image=read_image(self._image_layout))

    def forget_image(self) -> None:
        """Remove the previous image, as if the next one had a new name."""
        remove_tree(self._image_layout)

    def forget_cache(self) -> None:
        """Remove the cache."""
        remove_tree(self.root / "cache")

    @contextmanager
    def start(self, image: ExportedImage, process_type: str = "web", **env: str) -> Iterator[RunningProcess]:
        """Start a process of the image as another user than the one that built it, and stop it at the end."""
        self._unpack(image)
        port = _free_port()
        log_path = self.root / f"{process_type}.log"
        process = self._start(process_type, {"PORT": str(port), **env}, log_path)
        running = RunningProcess(port=port, process=process, log_path=log_path)
        try:
            _wait_until_listening(running, port)
            yield running
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def run_command(self, image: ExportedImage, *argv: str, **env: str) -> str:
        """What a command prints that is given to the launcher in place of a process."""
        self._unpack(image)
        run = run_as(
            self._run_user,
            (str(self.tools / "launcher"), "--", *argv),
            cwd=self.app_dir,
            env=self._launch_env(env),
            merged=True,
        )
        return run.stdout

    def _unpack(self, image: ExportedImage) -> None:
        # Once for an image: its own processes cannot change what belongs to another user.
        unpacked = self.root / "unpacked"
        if unpacked.exists() and unpacked.read_text() == image.digest:
            return
        for place in (self.layers_root, self.app_dir):
            image.unpack(place)
        unpacked.write_text(image.digest)

    @property
    def _run_user(self) -> User:
        return OURSELVES if self.user == OURSELVES else User(uid=RUN_UID, gid=GROUP_ID)

    @property
    def _image_layout(self) -> Path:
        return self.root / "layout" / "index.docker.io" / "library" / "app" / "latest"

    def _prepare(self, app: Path) -> None:
        run_layout = self.root / "layout" / "index.docker.io" / "library" / "run" / "latest"
        if not run_layout.exists():
            run_layout.mkdir(parents=True)
            write_run_image(run_layout)
            self._install_buildpack()
        for place in (self.app_dir, self.layers_root):
            if place.exists():
                remove_tree(place)
        (self.root / "unpacked").unlink(missing_ok=True)
        shutil.copytree(app, self.app_dir, symlinks=True)
        for name in ("layers", "cache", "home"):
            (self.root / name).mkdir(exist_ok=True)
        for name in ("workspace", "layers", "cache", "layout", "home"):
            self.user.own(self.root / name)

    def _install_buildpack(self) -> None:
        described = read_toml(self.buildpack_dir / "buildpack.toml")["buildpack"]
        place = self.root / "buildpacks" / described["id"].replace("/", "_") / described["version"]
        place.parent.mkdir(parents=True)
        place.symlink_to(self.buildpack_dir)
        group = [{"id": described["id"], "version": described["version"]}]
        (self.root / "order.toml").write_text(tomli_w.dumps({"order": [{"group": group}]}))

    def _run_phase(self, phase: str) -> str:
        root = self.root
        layers, app, cache = (
            ("-layers", f"{root}/layers"),
            ("-app", f"{root}/workspace"),
            ("-cache-dir", f"{root}/cache"),
        )
        buildpacks, platform = ("-buildpacks", f"{root}/buildpacks"), ("-platform", f"{root}/platform")
        arguments = {
            "analyzer": (*layers, "-run-image", "run", "app"),
            "detector": (*app, *buildpacks, "-order", f"{root}/order.toml", *platform, *layers),
            "restorer": (*layers, *cache),
            "builder": (*app, *buildpacks, *platform, *layers),
            "exporter": (*app, *layers, *cache, "-launcher", str(self.tools / "launcher"), "app"),
        }
        argv = (str(self.tools / phase), *arguments[phase])
        run = run_as(self.user, argv, cwd=root, env=self._phase_env(), merged=True)
        if run.exit_code != 0:
            raise PhaseFailed(phase, run.exit_code, run.stdout)
        return run.stdout

    def _phase_env(self) -> dict[str, str]:
        return {
            **proxy_env(),
            "PATH": python_path(),
            "HOME": str(self.root / "home"),
            "CNB_PLATFORM_API": PLATFORM_API,
            "CNB_EXPERIMENTAL_MODE": "warn",
            "CNB_USE_LAYOUT": "true",
            "CNB_LAYOUT_DIR": str(self.root / "layout"),
            "CNB_USER_ID": str(self.user.uid),
            "CNB_GROUP_ID": str(self.user.gid),
            "CNB_NO_COLOR": "true",
            "SOURCE_DATE_EPOCH": str(LAYER_MTIME_S),
        }

    def _launch_env(self, env: Mapping[str, str]) -> dict[str, str]:
        return {
            "PATH": python_path(),
            "CNB_PLATFORM_API": PLATFORM_API,
            "CNB_LAYERS_DIR": str(self.layers_root),
            "CNB_APP_DIR": str(self.app_dir),
            **env,
        }

    def _start(self, process_type: str, env: Mapping[str, str], log_path: Path) -> subprocess.Popen[bytes]:
        # The launcher takes the process type from the name that it is called by, as in /cnb/process/.
        entrypoint = self.root / "process" / process_type
        entrypoint.parent.mkdir(exist_ok=True)
        entrypoint.unlink(missing_ok=True)
        entrypoint.symlink_to(self.tools / "launcher")
        user = self._run_user
        with log_path.open("wb") as log:
            return subprocess.Popen(
                [str(entrypoint)],
                cwd=self.app_dir,
                env=self._launch_env(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=None if user == OURSELVES else user.uid,
                group=None if user == OURSELVES else user.gid,
                extra_groups=None if user == OURSELVES else [],
            )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_listening(running: RunningProcess, port: int) -> None:
    until = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < until:
        if running.process.poll() is not None:
            raise AssertionError(f"the process ended with {running.process.returncode}:\n{running.log}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the process does not listen:\n{running.log}")

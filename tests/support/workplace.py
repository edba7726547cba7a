"""A place for the tools of a build: the real uv and pip-tools, an application, and nothing of the machine's."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ml_buildpack.apply import vendored
from ml_buildpack.apply.build_requirements import DIRECTORY, BuildRequirements
from ml_buildpack.apply.downloads import Downloader, make_downloader, read_credentials
from ml_buildpack.apply.python import InterpreterSearch, find_interpreters
from ml_buildpack.apply.resolver import ResolverTools, read_lock, resolve
from ml_buildpack.apply.wheels import WheelStore
from ml_buildpack.lock import Lock
from ml_buildpack.plan.interpreter import Interpreter
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.tool_environment import index_urls, tool_environment
from support.build_values import plan_project

# Both tools try again and again with growing pauses; one answer is enough for a test.
ONCE = {"UV_HTTP_RETRIES": "0", "PIP_RETRIES": "0"}
# A source tree with a build backend of its own that leaves marks, as setuptools does.
TREE: Mapping[str, str] = {
    "pyproject.toml": """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "own-tree"
version = "1.2"
dependencies = ["plain"]
""",
    "backend.py": """\
import os, pathlib, zipfile
INFO = "own_tree-1.2.dist-info"
FILES = {
    f"{INFO}/METADATA": "Metadata-Version: 2.1\\nName: own-tree\\nVersion: 1.2\\nRequires-Dist: plain\\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\\nGenerator: tests\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
def prepare_metadata_for_build_wheel(directory, config_settings=None):
    for mark in ("own_tree.egg-info/PKG-INFO", "build/lib/own_tree.py"):
        pathlib.Path(mark).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(mark).write_text("Metadata-Version: 2.1\\nName: own-tree\\nVersion: 1.2\\n")
    for name, text in FILES.items():
        path = pathlib.Path(directory, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return INFO
prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel
def _wheel(directory, modules):
    name = "own_tree-1.2-py3-none-any.whl"
    record = "".join(f"{path},,\\n" for path in (*modules, *FILES, f"{INFO}/RECORD"))
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as archive:
        for path, text in {**modules, **FILES, f"{INFO}/RECORD": record}.items():
            archive.writestr(path, text)
    return name
def build_wheel(directory, config_settings=None, metadata_directory=None):
    prepare_metadata_for_build_wheel("made")
    return _wheel(directory, {"own_tree.py": pathlib.Path("own_tree.py").read_text()})
def build_editable(directory, config_settings=None, metadata_directory=None):
    return _wheel(directory, {"own_tree.pth": os.getcwd() + "\\n"})
""",
    "own_tree.py": "ANSWER = 42\n",
}


def tree_at(directory: str) -> dict[str, str]:
    """The files of that source tree, below the directory."""
    return {f"{directory}/{name}".removeprefix("./"): text for name, text in TREE.items()}


@cache
def real_interpreter() -> Interpreter:
    """The Python behind the tests' environment, asked as a build asks it."""
    with TemporaryDirectory() as scratch:
        directory = Path(sys.executable).resolve().parent
        search = InterpreterSearch(
            buildpack_dir=Path(scratch),
            layers_dir=Path(scratch, "layers", "own"),
            path=str(directory),
            run_image_python=None,
            scratch=Path(scratch),
        )
        return find_interpreters(search)[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Workplace:
    """Directories of one build below `root`, and the user's variables."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    path: str = os.environ["PATH"]

    @property
    def app_dir(self) -> Path:
        """The application directory."""
        return self.root / "app"

    @property
    def scratch(self) -> Path:
        """Where everything temporary goes."""
        return self.root / "scratch"

    def environment(self, interpolated: frozenset[str] = frozenset()) -> dict[str, str]:
        """The environment of the tools, as a build makes it."""
        home = self.scratch / "home"
        home.mkdir(parents=True, exist_ok=True)
        env = {"PATH": self.path, **ONCE, **self.variables}
        tools = tool_environment(env, home=str(home), certificates=None, interpolated=interpolated)
        return {**tools, "UV_CACHE_DIR": str(self.scratch / "uv-cache"), "TMPDIR": str(self.scratch)}

    def plan(self, files: Mapping[str, str | bytes], **options: str) -> ResolutionPlan:
        """The resolution of the project of those files; `options` are its BP_ variables."""
        return plan_project(self.app_dir, files, interpreter=real_interpreter(), env=options)

    def resolve(self, plan: ResolutionPlan) -> str:
        """The text of the lock."""
        tools = ResolverTools(
            uv=find_uv(),
            env=self.environment(_variables_of(plan)),
            app_dir=self.app_dir,
            scratch=self.scratch,
        )
        self.scratch.mkdir(parents=True, exist_ok=True)
        return resolve(plan, tools)

    def lock(self, files: Mapping[str, str | bytes]) -> Lock:
        """The lock of a project of those files."""
        plan = self.plan(files)
        return read_lock(self.resolve(plan), plan)

    def downloader(self) -> Downloader:
        """A downloader that does not wait."""
        env = self.environment()
        made = make_downloader(env, read_credentials(index_urls(env), netrc_path=None))
        return Downloader(opener=made.opener, credentials=made.credentials, first_pause_s=0.001)

    def wheel_store(self, directory: Path) -> WheelStore:
        """The wheels in that directory."""
        return WheelStore(
            directory=directory,
            downloader=self.downloader(),
            uv=find_uv(),
            python=real_interpreter().path,
            python_version=real_interpreter().minor,
            env=self.environment(),
            app_dir=self.app_dir,
            scratch=self.scratch,
            build_requirements=self.build_requirements(),
        )

    def build_requirements(self) -> BuildRequirements:
        """What builds are made with, kept in a directory of its own."""
        return BuildRequirements(
            directory=self.root / "lock" / DIRECTORY,
            uv=find_uv(),
            python=real_interpreter().path,
            env=self.environment(),
            app_dir=self.app_dir,
            scratch=self.scratch,
        )


def find_uv() -> Path:
    """The uv of the tests' environment."""
    return vendored.find_uv()


def _variables_of(plan: ResolutionPlan) -> frozenset[str]:
    text = plan.requirements_text + plan.constraints_text
    return frozenset(part.partition("}")[0] for part in text.split("${")[1:])


def files_below(directory: Path) -> list[str]:
    """Every path below the directory, relative to it, sorted."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def tree_digest(directory: Path) -> dict[str, tuple[str, str]]:
    """Mode and content of everything below the directory, by path; equal for trees that are the same in an image."""
    return {
        path.relative_to(directory).as_posix(): (oct(path.lstat().st_mode), _content(path))
        for path in sorted(directory.rglob("*"))
    }


def _content(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def copy_of(source: Path, target: Path) -> Path:
    """A copy of a directory."""
    return Path(shutil.copytree(source, target, symlinks=True))

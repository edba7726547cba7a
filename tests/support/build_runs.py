"""Builds of a project in this process, one after the other, with the restore between them that the lifecycle makes."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tomli_w

from ml_buildpack.apply.tools import make_tools
from ml_buildpack.build import build
from ml_buildpack.cnb.context import BuildContext, read_build_context
from ml_buildpack.cnb.launch import LaunchToml
from ml_buildpack.console import StreamConsole
from support.projects import write_project
from support.workplace import ONCE, real_interpreter

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
# The only directory of PATH that a build needs for itself: where its Python is.
PYTHON_PATH = f"{Path(real_interpreter().path).parent}:/usr/bin:/bin"
FLASK_APP = "from flask import Flask\n\napp = Flask(__name__)\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRuns:
    """A project at `root`, and the layers of its last build."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def app_dir(self) -> Path:
        """The application directory."""
        return self.root / "app"

    @property
    def layers_dir(self) -> Path:
        """The layers directory."""
        return self.root / "layers" / "own"

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files of the project over those that are there."""
        write_project(self.app_dir, files)

    def context(self, **variables: str) -> BuildContext:
        """What the lifecycle gives to a build now."""
        self.layers_dir.mkdir(parents=True, exist_ok=True)
        env = {
            "PATH": PYTHON_PATH,
            "CNB_LAYERS_DIR": str(self.layers_dir),
            "CNB_PLATFORM_DIR": str(self.root / "platform"),
            "CNB_BUILDPACK_DIR": str(ROOT),
            "CNB_TARGET_OS": "linux",
            "CNB_TARGET_ARCH": "amd64",
            **ONCE,
            **self.variables,
            **variables,
        }
        return read_build_context(env, self.app_dir)

    def build(self, **variables: str) -> tuple[LaunchToml, str]:
        """One build, and what it said."""
        out = io.StringIO()
        console = StreamConsole(out=out)
        context = self.context(**variables)
        with make_tools(context, console) as tools:
            return build(context, console, tools), out.getvalue()

    def restore(self, *, cache: bool = True, image: bool = True) -> None:
        """What the lifecycle does between two builds: contents of cached layers, metadata of launched ones."""
        for path in list(self.layers_dir.glob("*.toml")):
            document = tomllib.loads(path.read_text())
            types = document.get("types", {})
            directory = self.layers_dir / path.stem
            if not types or not ((types["cache"] and cache) or (types["launch"] and image)):
                path.unlink()
                shutil.rmtree(directory, ignore_errors=True)
                continue
            path.write_text(tomli_w.dumps({"metadata": document["metadata"]}))
            if not types["cache"]:
                shutil.rmtree(directory, ignore_errors=True)

    def layers(self) -> dict[str, tuple[str, bool]]:
        """Each layer: its types, and whether it has contents."""
        found: dict[str, tuple[str, bool]] = {}
        for path in sorted(self.layers_dir.glob("*.toml")):
            types = tomllib.loads(path.read_text()).get("types")
            if types is not None:
                names = ",".join(name for name, value in types.items() if value)
                found[path.stem] = (names, (self.layers_dir / path.stem).is_dir())
        return found

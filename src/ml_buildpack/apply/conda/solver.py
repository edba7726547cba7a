"""py-rattler: fetched once from the package index, verified, kept as a file, and run in a process of its own.

It is not packaged with the buildpack: 25 MB for each architecture, for the few projects that want conda's own packages.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import packaging

from ml_buildpack.apply import commands
from ml_buildpack.apply.downloads import sha256_of
from ml_buildpack.apply.layer_store import LayerStore
from ml_buildpack.cnb.layer import LayerTypes, Present, RestoredLayer
from ml_buildpack.console import Console
from ml_buildpack.errors import CommandFailed, CondaSolverNotAvailable, DiskFull
from ml_buildpack.plan.layers import CONDA_SOLVER
from ml_buildpack.redaction import redact
from ml_buildpack.sizes import render_bytes

# The release, and the digests of its wheels for every platform, in pip's format.
PINNED = Path(__file__).parent / "py-rattler.txt"
_PROGRAM = Path(__file__).parent / "rattler_program.py"
_TYPES = LayerTypes(cache=True)
# `-m` would put the application directory in front of everything.
_PIP = "import sys; sys.path.insert(0, sys.argv.pop(1)); from pip._internal.cli.main import main; sys.exit(main())"


@dataclass(kw_only=True)
class CondaSolver:
    """Runs py-rattler. `restored` is its cached layer; `env` is that of every tool and may hold credentials."""

    store: LayerStore
    restored: RestoredLayer
    console: Console
    scratch: Path
    env: Mapping[str, str] = field(repr=False)
    pinned: Path = PINNED
    _library: Path | None = None

    def run(self, name: str, task: Mapping[str, Any]) -> dict[str, Any]:
        """What the program answers; with `error` and `message` where the library failed.

        Raises: CondaSolverNotAvailable, CommandFailed.
        """
        library = self._ready()
        place = self.scratch / f"conda-{name}"
        asked, answered = place.with_suffix(".task.json"), place.with_suffix(".answer.json")
        # Addresses in it may hold credentials: the directory is the build's own, and gone with it.
        asked.write_text(json.dumps(task), encoding="utf-8")
        argv = (sys.executable, "-I", "-B", str(_PROGRAM), str(library), name, str(asked), str(answered))
        result = commands.run(argv, env=self.env, cwd=self.scratch)
        if "No space left on device" in result.output:
            raise DiskFull(path=str(self.store.layers_dir))
        if result.exit_code != 0:
            raise CommandFailed(argv=("py-rattler", name), exit_code=result.exit_code, output_tail=result.output_tail)
        answer: dict[str, Any] = json.loads(answered.read_text(encoding="utf-8"))
        return answer

    def keep(self) -> None:
        """Keep the cached wheel for a later build, if it is still the one that is pinned."""
        if self._kept() is None:
            self.store.delete(CONDA_SOLVER)
        else:
            self._write_metadata()

    def _ready(self) -> Path:
        """The folder of the library."""
        if self._library is None:
            wheel = self._kept() or self._fetch()
            self._write_metadata()
            folder = self.scratch / "py-rattler"
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)  # its digest is pinned
            self._library = folder
        return self._library

    def _kept(self) -> Path | None:
        if not isinstance(self.restored, Present):
            return None
        wheel = next(self.restored.path.glob("*.whl"), None)
        return wheel if wheel is not None and sha256_of(wheel) in self.pinned.read_text(encoding="utf-8") else None

    def _fetch(self) -> Path:
        requirement = self._requirement()
        self.console.step(f"Fetching {requirement}, which solves and installs conda packages")
        directory = self.store.create(CONDA_SOLVER)
        libraries = str(Path(packaging.__file__).parent.parent)
        argv = (
            sys.executable, "-I", "-B", "-c", _PIP, libraries, "download", "--no-deps", "--only-binary", ":all:",
            "--require-hashes", "--requirement", str(self.pinned), "--dest", str(directory), "--no-cache-dir",
            "--progress-bar", "off", "--quiet",
        )  # fmt: skip
        result = commands.run(argv, env=self.env, cwd=self.scratch)
        if "No space left on device" in result.output:
            raise DiskFull(path=str(directory))
        wheel = next(directory.glob("*.whl"), None)
        if result.exit_code != 0 or wheel is None:
            raise CondaSolverNotAvailable(requirement=requirement, detail=redact(_last_words(result.output)))
        self.console.note(f"{wheel.name}, {render_bytes(wheel.stat().st_size)}")
        return wheel

    def _requirement(self) -> str:
        lines = self.pinned.read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if line.startswith("py-rattler==")).split()[0]

    def _write_metadata(self) -> None:
        self.store.write_metadata(CONDA_SOLVER, _TYPES, {"solver": self._requirement()})


def _last_words(output: str) -> str:
    """Pip's errors, without its warnings about what it tried again."""
    lines = output.strip().splitlines()
    return "\n".join(line for line in lines if line.startswith("ERROR:")) or "\n".join(lines[-10:])

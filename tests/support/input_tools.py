"""What compares a lock's reader with the tool that wrote the lock: the real tools, and environments for them to fill.

Needs a package index. Each tool is installed once, from its hashed requirements, below `.build/input-tools`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from ml_buildpack.facts.dependencies import Dependencies

ROOT = Path(__file__).resolve().parent.parent.parent
INPUTS = ROOT / "fixtures" / "inputs"
UV = ROOT / ".venv" / "bin" / "uv"
PYTHON = ROOT / ".venv" / "bin" / "python"
TOOLS = ROOT / ".build" / "input-tools"
TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A copy of a fixture, and an empty environment that its tool may fill."""

    path: Path
    environment: Path

    def run(self, command: tuple[str, ...], **variables: str) -> None:
        """The command in the project, for the environment."""
        # Options of the caller's pip or uv would change what is compared.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_FIND", "UV_FIND"))}
        env = {**inherited, "VIRTUAL_ENV": str(self.environment), "HOME": str(self.path.parent), **variables}
        run(command, env=env, cwd=self.path)

    def installed(self) -> tuple[str, ...]:
        """What is in the environment, as `name==version`, sorted."""
        command = (str(UV), "pip", "list", "--quiet", "--python", str(self.environment), "--format", "freeze")
        return tuple(sorted(run(command, env=dict(os.environ), cwd=self.path).split()))


def run(command: tuple[str, ...], *, env: Mapping[str, str], cwd: Path) -> str:
    """What the command prints; its failure fails the test, with all that it printed."""
    result = subprocess.run(
        command, env=dict(env), cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def project(kind: str, tmp_path: Path) -> Project:
    """The fixture of that kind, copied to where a tool may write."""
    path = tmp_path / "project"
    shutil.copytree(INPUTS / kind, path)
    environment = tmp_path / "environment"
    run((str(UV), "venv", "--quiet", "--python", str(PYTHON), str(environment)), env=dict(os.environ), cwd=path)
    return Project(path=path, environment=environment)


def tool(name: str, program: str) -> str:
    """The path of a tool's program, installed from `requirements/tools-<name>.txt`."""
    requirements = ROOT / "requirements" / f"tools-{name}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    target = TOOLS / f"{name}-{digest}"
    if not target.exists():
        # Made beside its place and renamed: an interrupted run leaves nothing that looks complete.
        unfinished = target.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        create = (str(UV), "venv", "--quiet", "--relocatable", "--python", str(PYTHON), str(unfinished))
        install = (str(UV), "pip", "install", "--quiet", "--python", str(unfinished), "--require-hashes")
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_FIND", "UV_FIND"))}
        run(create, env=env, cwd=ROOT)
        run((*install, "-r", str(requirements)), env=env, cwd=ROOT)
        unfinished.rename(target)
    return str(target / "bin" / program)


def pinned(dependencies: Dependencies | None) -> tuple[str, ...]:
    """What the exact lines install on this Python, as `name==version`, sorted."""
    assert dependencies is not None
    assert dependencies.exact
    requirements = [Requirement(line.text) for line in dependencies.requirements.requirements]
    chosen = [item for item in requirements if item.marker is None or item.marker.evaluate()]
    return tuple(sorted(f"{item.name}{item.specifier}" for item in chosen))

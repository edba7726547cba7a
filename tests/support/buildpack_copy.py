"""A copy of our buildpack that every user can read: a checkout may lie where only its owner can enter."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support.build_user import python_path

_PARTS = ("bin", "src", "vendor", "python")


def copy_buildpack(source: Path, target: Path) -> None:
    """Copy the directory, `make vendor` or `make package` having been run, with the modes that pack gives to it.

    Raises FileNotFoundError where the libraries are not vendored.
    """
    if not (source / "vendor").is_dir():
        raise FileNotFoundError(f"{source}/vendor does not exist: run `make vendor`")
    target.mkdir(parents=True)
    shutil.copy(source / "buildpack.toml", target)
    for part in _PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, symlinks=True)
    _compile(target / "src")
    for folder, directories, files in os.walk(target):
        for name in (*directories, *files):
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o111 else 0o644)


def _compile(sources: Path) -> None:
    # As packages have it: without bytecode, every phase of every test would compile all modules again.
    python = shutil.which("python3", path=python_path()) or "python3"
    command = (python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(sources))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

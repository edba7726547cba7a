"""Folders that appear complete or not at all, and with the same bytes every time. Used by the packaging tools."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# 1980-01-01T00:00:01Z, the time the lifecycle gives to every file of an image: zip cannot hold an earlier one.
EPOCH_S = 315_532_801


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` that takes its place when the block ends well, and vanishes otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        fresh = Path(scratch, "new")
        fresh.mkdir()
        yield fresh
        make_timeless(fresh)
        if target.is_symlink():
            target.unlink()
        elif target.exists():
            target.rename(Path(scratch, "old"))
        fresh.rename(target)


def make_timeless(folder: Path) -> None:
    """Give everything below `folder` one time and one of two modes, 0755 and 0644: neither clock nor umask shows."""
    for path in sorted((folder, *folder.rglob("*"))):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (EPOCH_S, EPOCH_S), follow_symlinks=False)


def copy_tree(source: Path, target: Path, *, leave_out: tuple[str, ...] = ()) -> None:
    """Copy a folder into `target`, links as links; `leave_out` are names or patterns, at any depth."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*leave_out), dirs_exist_ok=True)


def remove(folder: Path, *patterns: str) -> None:
    """Delete what matches below `folder`, where it is there."""
    for path in [found for pattern in patterns for found in sorted(folder.glob(pattern))]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

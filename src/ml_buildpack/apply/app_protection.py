"""Let a program run in the application's directory, and leave the directory as it was.

What appears is removed, and what changed or vanished comes back: small files from copies, which are made before. Of
large ones, models and databases, no copy is made; they are read-only for the time, which is all that their owner needs
to notice a mistake, and whatever was changed nevertheless is told.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ml_buildpack.apply.layer_store import remove_tree
from ml_buildpack.apply.source_trees import left_as_found

# A source file, a configuration, a small database; a build copies a thousand of them in a tenth of a second.
_COPIED_BYTES_MAX = 1_000_000
# All copies together: a directory of a million small images would otherwise double the disk that a build needs.
_ALL_COPIED_BYTES_MAX = 256_000_000
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A file before: `copy` is None where it is guarded instead."""

    status: os.stat_result
    link: str | None
    copy: Path | None

    def equals(self, path: Path) -> bool:
        try:
            now = path.lstat()
        except OSError:
            return False
        if self.link is not None:
            return path.is_symlink() and str(path.readlink()) == self.link
        then = self.status
        return (now.st_ino, now.st_size, now.st_mtime_ns) == (then.st_ino, then.st_size, then.st_mtime_ns)


@dataclass(kw_only=True)
class Restoration:
    """What could not be put back: paths relative to the directory, sorted. Complete when the block has ended."""

    lost: list[str] = field(default_factory=list)


@contextmanager
def restored_afterwards(directory: Path, scratch: Path) -> Iterator[Restoration]:
    """The directory is as it was when the block has ended, or the restoration says what is not.

    Copies go to `scratch`.
    """
    copies = scratch / "app-copies"
    copies.mkdir()
    restoration = Restoration()
    seen: dict[Path, _Seen] = {}
    try:
        with left_as_found(directory, active=True):
            seen = _look(directory, copies)
            yield restoration
    finally:
        restoration.lost += sorted(
            str(path.relative_to(directory)) for path, before in seen.items() if not _put_back(path, before)
        )
        remove_tree(copies)


def _look(directory: Path, copies: Path) -> dict[Path, _Seen]:
    seen: dict[Path, _Seen] = {}
    budget = _ALL_COPIED_BYTES_MAX
    for parent, directories, files in os.walk(directory):
        links = [name for name in directories if Path(parent, name).is_symlink()]
        for path in (Path(parent, name) for name in (*files, *links)):
            status = path.lstat()
            link = str(path.readlink()) if stat.S_ISLNK(status.st_mode) else None
            copy = None
            if stat.S_ISREG(status.st_mode) and status.st_size <= min(_COPIED_BYTES_MAX, budget):
                copy = copies / str(len(seen))
                copy = copy if _copied(path, copy) else None
                budget -= status.st_size
            seen[path] = _Seen(status=status, link=link, copy=copy)
            if copy is None and link is None:
                _change_mode(path, stat.S_IMODE(status.st_mode) & ~_WRITABLE)
    return seen


def _copied(path: Path, copy: Path) -> bool:
    try:
        shutil.copy2(path, copy)
    except OSError:
        # Not readable for this build, so not writable for what it runs either.
        return False
    return True


def _put_back(path: Path, before: _Seen) -> bool:
    if before.link is None and before.copy is None:
        if path.is_file():
            _change_mode(path, stat.S_IMODE(before.status.st_mode))
        return before.equals(path)
    if before.equals(path):
        return True
    _clear(path)
    if before.link is not None:
        path.symlink_to(before.link)
    elif before.copy is not None:
        shutil.copy2(before.copy, path)
    return True


def _clear(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _change_mode(path: Path, mode: int) -> None:
    with suppress(PermissionError):
        path.chmod(mode)

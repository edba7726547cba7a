"""Handle source trees of the project without leaving marks in them.

Build backends write `build/` and `*.egg-info` beside the sources. Left there, they would become part of the image's
application layer, and of the first build's only: a rebuild that keeps its packages runs no backend.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_buildpack.apply.layer_store import remove_tree

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.pyc", "*.egg-info")
# Sources are smaller, models and data larger: a project that holds both is not to be written twice.
LINKED_MIN_BYTES = 8 << 20
# Only at the top, where tools make them: deeper down they are packages of the project like any other.
_NOT_COPIED_AT_TOP = frozenset({"venv", "build", "dist"})


@contextmanager
def left_as_found(directory: Path, *, active: bool) -> Iterator[None]:
    """Remove whatever appeared in the tree while the block ran. Does nothing, and costs nothing, where not `active`."""
    if not active:
        yield
        return
    before = _entries(directory)
    try:
        yield
    finally:
        for path in sorted(_entries(directory) - before, reverse=True):
            _remove(path)


def copy_tree(source: Path, target: Path) -> Path:
    """A copy of a source tree to build in, without environments, caches and what earlier builds left."""

    def ignored(directory: str, names: list[str]) -> set[str]:
        at_top = _NOT_COPIED_AT_TOP.intersection(names) if Path(directory) == source else frozenset()
        return {*_NOT_COPIED(directory, names), *at_top}

    shutil.copytree(source, target, symlinks=True, ignore=ignored, copy_function=_copy_or_link)
    if (source / ".git").exists():
        # Packages that take their version from tags ask git, which is content with a link.
        (target / ".git").symlink_to((source / ".git").absolute())
    return target


def _copy_or_link(source: str, target: str) -> str:
    """A copy of a file; of a large one a link, which build backends read as the file and have no reason to write."""
    if os.stat(source).st_size < LINKED_MIN_BYTES:  # noqa: PTH116  # shutil gives and wants texts
        return shutil.copy2(source, target)
    Path(target).symlink_to(Path(source).absolute())
    return target


def _entries(directory: Path) -> set[Path]:
    return {Path(parent, name) for parent, folders, files in os.walk(directory) for name in (*folders, *files)}


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)

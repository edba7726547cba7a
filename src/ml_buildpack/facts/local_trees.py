"""Files and directories of the project that a requirement is installed from: found, checked and digested.

A digest covers what an installation depends on, so that it is repeated when and only when that changed. Called by
`dependency_files`.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.facts.project_files import SKIPPED_DIRECTORIES
from ml_buildpack.facts.requirement_hints import explain_outside
from ml_buildpack.facts.spelling import did_you_mean

# What an editable installation is made from; its modules are imported from where they lie.
EDITABLE_INPUTS = ("MANIFEST.in", "pyproject.toml", "setup.cfg", "setup.py")
_INSTALLABLE = ("pyproject.toml", "setup.py")
_CHUNK_BYTES = 1 << 20


class UnusablePathError(Exception):
    """A path names nothing in the project that could be used. The message is a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalTree:
    """A file or a directory of the project, relative to it, with one digest over what matters of it."""

    path: str
    sha256: str
    editable: bool


def find_local(root: Path, written: str, bases: tuple[str, ...]) -> str:
    """The path, relative to the project, of what that path names from the first of the directories where it exists.

    Raises: UnusablePathError, where it exists from none, or leads out of the project.
    """
    whole = root.resolve()
    inside = [path for path in (_inside(whole, written, base) for base in bases) if path is not None]
    for path in inside:
        if (whole / path).exists():
            return path
    if not inside:
        raise UnusablePathError(explain_outside(written))
    raise UnusablePathError(f'There is no "{inside[0]}".' + _near(whole, inside[0]))


def check_installable(root: Path, path: str, *, editable: bool) -> None:
    """Nothing, where pip could install that path. Raises: UnusablePathError."""
    found = root / path
    if found.is_dir() and not any((found / name).is_file() for name in _INSTALLABLE):
        raise UnusablePathError(f'"{path}" cannot be installed: it has neither pyproject.toml nor setup.py.')
    if editable and not found.is_dir():
        raise UnusablePathError(f'Only a directory can be editable, and "{path}" is a file.')


def read_local_tree(root: Path, path: str, *, editable: bool) -> LocalTree:
    """The digest of that path. Raises: OSError."""
    found = root / path
    digest = hashlib.sha256()
    if found.is_file():
        return LocalTree(path=path, sha256=_file_digest(found), editable=editable)
    names = EDITABLE_INPUTS if editable else _files_below(found)
    for name in names:
        if not editable or (found / name).is_file():
            digest.update(f"{_entry_digest(found / name)}  {name}\n".encode("utf-8", "surrogateescape"))
    return LocalTree(path=path, sha256=digest.hexdigest(), editable=editable)


def _inside(root: Path, written: str, base: str) -> str | None:
    path = posixpath.normpath(posixpath.join(base, written))
    # Symbolic links count as what they lead to: the build must not depend on files that only this machine has.
    found = (root / path).resolve()
    if not found.is_relative_to(root):
        return None
    is_below = not posixpath.isabs(path) and not path.startswith("..")
    return path if is_below else found.relative_to(root).as_posix()


def _near(root: Path, path: str) -> str:
    directory = (root / path).parent
    names = [entry.name for entry in directory.iterdir()] if directory.is_dir() else []
    return did_you_mean(posixpath.basename(path), names)


def _files_below(top: Path) -> Iterator[str]:
    """Paths relative to `top`, sorted within each directory; all of them, however deep."""
    for directory, below, files in os.walk(top):
        below[:] = sorted(name for name in below if name not in SKIPPED_DIRECTORIES and not name.endswith(".egg-info"))
        links = [name for name in below if (Path(directory) / name).is_symlink()]
        for name in sorted([*links, *(name for name in files if not name.endswith(".pyc"))]):
            yield (Path(directory) / name).relative_to(top).as_posix()


def _entry_digest(path: Path) -> str:
    # Directory links are not followed, which could go round in circles; pipes and sockets have no content to read.
    if path.is_file():
        return _file_digest(path)
    target = str(path.readlink()) if path.is_symlink() else ""
    return hashlib.sha256(f"not a file {target}".encode("utf-8", "surrogateescape")).hexdigest()


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()

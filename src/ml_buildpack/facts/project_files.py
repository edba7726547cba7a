"""The application directory as one value: names and sizes, from a single bounded, sorted walk.

Everybody else asks this value instead of the disk, so a directory is listed once however many questions there are.
Contents are read through it too, so that a reader can be told apart from a writer by its imports.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

# Never part of a project's own files: version control, environments and caches that were copied along by mistake.
SKIPPED_DIRECTORIES = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "env", ".tox", ".nox", "__pycache__", "node_modules", ".ipynb_checkpoints",
     ".mypy_cache", ".pytest_cache", ".ruff_cache", "site-packages"},
)  # fmt: skip
# A data set of a million files must not make detection slow; what lies deeper than this is never an entry or a lock.
WALK_FILES_MAX = 50_000
WALK_DEPTH_MAX = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectFile:
    """A regular file: its path relative to the application directory, with forward slashes, and its size in bytes."""

    path: str
    size_bytes: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def depth(self) -> int:
        """0 for a file at the top of the directory."""
        return self.path.count("/")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectFiles:
    """The files of a project, sorted by path. `truncated` is true where the walk stopped at its limits."""

    root: Path
    files: tuple[ProjectFile, ...]
    truncated: bool = False
    _by_path: dict[str, ProjectFile] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the files by path."""
        self._by_path.update({file.path: file for file in self.files})

    def __contains__(self, path: str) -> bool:
        """Whether there is a regular file at that relative path."""
        return path in self._by_path

    def at_top(self) -> tuple[ProjectFile, ...]:
        """The files that lie directly in the application directory."""
        return tuple(file for file in self.files if file.depth == 0)

    def modules(self) -> frozenset[str]:
        """The top-level names that the project's own files could be imported as, from its top, `src` or `code`."""
        paths = [file.path for file in self.files if file.path.endswith(".py")]
        inner = [
            path.partition(f"{directory}/")[2]
            for path in paths
            for directory in ("src", "code")
            if f"{directory}/" in path
        ]
        return frozenset(path.partition("/")[0].removesuffix(".py") for path in (*paths, *inner))

    def size_of(self, path: str) -> int:
        """The bytes that the file at that path has. Raises: KeyError."""
        return self._by_path[path].size_bytes

    def read_bytes(self, path: str, limit_bytes: int | None = None) -> bytes:
        """The first `limit_bytes` of the file, or all of it. Raises OSError."""
        with (self.root / path).open("rb") as stream:
            return stream.read() if limit_bytes is None else stream.read(limit_bytes)


def find_project_files(root: Path) -> ProjectFiles:
    """All regular files below `root`, symbolic links to files included, directory links not followed."""
    # Breadth first: where the limit cuts a walk short, it cuts the depths of a data set and never the top.
    found: list[ProjectFile] = []
    level = [""]
    for _ in range(WALK_DEPTH_MAX + 1):
        below: list[str] = []
        for prefix in level:
            files, directories = _list_directory(root, prefix)
            found.extend(files)
            below.extend(directories)
            if len(found) >= WALK_FILES_MAX:
                return _project_files(root, found[:WALK_FILES_MAX], truncated=True)
        level = below
    return _project_files(root, found, truncated=bool(level))


def _project_files(root: Path, found: list[ProjectFile], *, truncated: bool) -> ProjectFiles:
    return ProjectFiles(root=root, files=tuple(sorted(found, key=lambda file: file.path)), truncated=truncated)


def _list_directory(root: Path, prefix: str) -> tuple[list[ProjectFile], list[str]]:
    files: list[ProjectFile] = []
    directories: list[str] = []
    try:
        entries = sorted(os.scandir(root / prefix), key=lambda entry: entry.name)
    except PermissionError:
        return files, directories
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in SKIPPED_DIRECTORIES:
                directories.append(f"{prefix}{entry.name}/")
        elif (size_bytes := _size_of_file(entry)) is not None:
            files.append(ProjectFile(path=prefix + entry.name, size_bytes=size_bytes))
    return files, directories


def _size_of_file(entry: os.DirEntry[str]) -> int | None:
    """The size of a regular file; None for anything else, and for what a private folder lists but does not show."""
    try:
        return entry.stat().st_size if entry.is_file() else None
    except OSError:
        return None

"""Files that should hold a model, known by name and first bytes; nothing is ever unpickled.

So far: the pointers that Git LFS leaves where a model was not fetched. Called by detect and build.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ml_buildpack.facts.project_files import ProjectFile, ProjectFiles

# A pointer is smaller than this, and its first line is the version. Source: git-lfs docs/spec.md, "The Pointer".
_POINTER_BYTES_MAX = 1024
_POINTER_START = b"version https://git-lfs.github.com/spec/"
_POINTER_SIZE = re.compile(rb"^size (\d+)\r?$", re.MULTILINE)
# What repositories also keep in Git LFS and no server loads: a pointer there is no reason to refuse the project.
_NEVER_MODELS = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".ico", ".bmp", ".tif", ".tiff", ".mp4", ".mov", ".avi", ".webm",
     ".mp3", ".wav", ".flac", ".ogg", ".pdf", ".docx", ".pptx", ".xlsx", ".ipynb", ".md", ".rst", ".html",
     ".csv", ".tsv", ".parquet", ".feather", ".arrow", ".jsonl"},
)  # fmt: skip


def find_lfs_pointers(files: ProjectFiles) -> tuple[tuple[str, int], ...]:
    """The files that hold a Git-LFS pointer where a model could be, each with the bytes that the real file has.

    Judged by content, because models have any suffix or none; only pictures, documents and data sets are left out.
    """
    possible = (file for file in files.files if _could_be_pointer(file))
    return tuple((file.path, size) for file in possible if (size := _pointed_size(files, file.path)) is not None)


def _could_be_pointer(file: ProjectFile) -> bool:
    small = len(_POINTER_START) < file.size_bytes < _POINTER_BYTES_MAX
    return small and PurePosixPath(file.path).suffix.lower() not in _NEVER_MODELS


def _pointed_size(files: ProjectFiles, path: str) -> int | None:
    try:
        data = files.read_bytes(path, _POINTER_BYTES_MAX)
    except OSError:
        # A file that cannot be read cannot be judged; whoever needs it says so.
        return None
    size = _POINTER_SIZE.search(data)
    if not data.startswith(_POINTER_START) or size is None:
        return None
    return int(size.group(1))

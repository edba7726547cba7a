"""Small projects, written out from their texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_buildpack.facts.project_files import ProjectFiles, find_project_files


def write_project(root: Path, files: Mapping[str, str | bytes]) -> ProjectFiles:
    """The project of those files, by path; texts are written in UTF-8 as they are."""
    root.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return find_project_files(root)

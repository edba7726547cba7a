"""Files with logins: one for the tools, readable by this build alone; those of the project, which no image may hold."""

from __future__ import annotations

import os
from pathlib import Path


def write_secret(path: Path, text: str) -> Path:
    """The file with that text, which nobody else can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    return path


def remove_secret_files(app_dir: Path, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Remove these files of the application; those that were there."""
    removed = tuple(path for path in paths if (app_dir / path).is_file())
    for path in removed:
        (app_dir / path).unlink()
    return removed

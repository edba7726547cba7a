"""Which of the kept wheels fit under a limit."""

from __future__ import annotations

from pathlib import Path

from ml_buildpack.apply.layer_store import remove_tree


def find_excess(places: list[Path], limit_bytes: int | None) -> list[Path]:
    """What does not fit: what was built here stays longest, because it costs more than a download; then small files."""
    if limit_bytes is None:
        return []
    sizes = {path: _size_of(path) for path in places}
    left = limit_bytes
    excess: list[Path] = []
    for path in sorted(places, key=lambda path: (path.is_file(), sizes[path], path)):
        if sizes[path] <= left:
            left -= sizes[path]
        else:
            excess.append(path)
    return excess


def _size_of(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def remove_path(path: Path) -> None:
    """Remove a file, or a directory with everything in it."""
    if path.is_dir():
        remove_tree(path)
    else:
        path.unlink()

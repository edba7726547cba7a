"""Read what is installed, and change the record of it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

from ml_buildpack.apply.layer_store import write_atomically
from ml_buildpack.plan.installed import Distribution, InstalledFile, PackagesFolder

_SUFFIX = ".dist-info"


def read_distributions(folders: Iterable[PackagesFolder]) -> tuple[Distribution, ...]:
    """Every distribution that has a record, in the order of the folders and by name. Only files that are there."""
    return tuple(
        _read(info, folder)
        for folder in folders
        for info in sorted(Path(folder.path).glob(f"*{_SUFFIX}"))
        if (info / "RECORD").is_file()
    )


def _read(info: Path, folder: PackagesFolder) -> Distribution:
    name, _, version = info.name.removesuffix(_SUFFIX).partition("-")
    rows = csv.reader(io.StringIO((info / "RECORD").read_text(encoding="utf-8")))
    files = (_read_file(folder, row[0]) for row in rows if row)
    return Distribution(
        name=canonicalize_name(name),
        version=version,
        info=info.name,
        folder=folder,
        files=tuple(sorted((file for file in files if file is not None), key=lambda file: file.path)),
    )


def _read_file(folder: PackagesFolder, path: str) -> InstalledFile | None:
    try:
        return InstalledFile(path=path, size_bytes=os.lstat(f"{folder.path}/{path}").st_size)
    except OSError:
        return None


def remove_files(distribution: Distribution, paths: frozenset[str]) -> None:
    """Remove those files, the folders that become empty, and their lines in the record."""
    root = Path(distribution.folder.path)
    for path in sorted(paths):
        (root / path).unlink()
    for directory in sorted({(root / path).parent for path in paths}, reverse=True):
        _remove_empty(directory, root)
    record = root / distribution.info / "RECORD"
    # Line by line and not through csv, so that what stays keeps its very bytes; names with quotes are rare and stay.
    lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
    write_atomically(record, "".join(line for line in lines if next(csv.reader([line]), [""])[0] not in paths))


def _remove_empty(directory: Path, root: Path) -> None:
    while directory != root and directory.is_dir() and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent

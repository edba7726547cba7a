"""Two patch releases of one Python on a mirror, so that a new one can be tried. Made from the Python that runs this."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

from bench.apps import PATCHES
from support.python_mirror import MINOR, make_python_mirror


def make_mirror(folder: Path, mounted_at: str) -> Path:
    """A folder with the archives and their table, whose addresses are those of the mount in the build."""
    table = folder / "downloads.json"
    if table.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    made = make_python_mirror(scratch)
    entry, entries = next(iter(json.loads(made.table.read_text()).values())), {}
    for patch in PATCHES:
        key = made.key.replace(f"{MINOR}.99", f"{MINOR}.{patch}")
        archive = folder / f"{key}.tar.gz"
        _repack(made.archive, archive, patch)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        address = f"file://{mounted_at}/{archive.name}"
        entries[key] = {**entry, "patch": int(patch), "url": address, "sha256": digest}
    shutil.rmtree(scratch)
    table.write_text(json.dumps(entries))
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


def _repack(source: Path, target: Path, patch: str) -> None:
    # One file differs, as at least one does between real releases; a layer moves as a whole, however many differ.
    with tarfile.open(source) as old:
        old.extractall(target.parent / "scratch" / patch)  # noqa: S202  # our own archive
    prefix = target.parent / "scratch" / patch / "python"
    (prefix / "lib" / f"python{MINOR}" / "_patch_release.py").write_text(f"PATCH = {patch}\n")
    with tarfile.open(target, "w:gz", compresslevel=1) as new:
        new.add(prefix, arcname="python")

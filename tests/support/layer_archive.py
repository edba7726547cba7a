"""Layers as the lifecycle stores them: tars whose bytes depend on names, modes and contents only."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from pathlib import Path

# 1980-01-01T00:00:01Z, what the lifecycle writes into every header.
LAYER_MTIME_S = 315_532_801
_OWNER_ID, _GROUP_ID = 1001, 1000


def write_layer_archive(layer_dir: Path, archives: Path) -> str:
    """Store the layer as `<digest>.tar` below `archives` and return the digest."""
    archives.mkdir(exist_ok=True)
    draft = archives / f"draft-{layer_dir.name}.tar"
    with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in (layer_dir, *sorted_tree(layer_dir)):
            _add(archive, path, path.relative_to(layer_dir.parent).as_posix())
    with draft.open("rb") as stream:
        digest = hashlib.sha256(stream.read()).hexdigest()
    draft.rename(archives / f"{digest}.tar")
    return digest


def extract_layer_archive(archive: Path, layers_dir: Path) -> None:
    """Unpack the layer as a restore does: modes come back, times do not."""
    with tarfile.open(archive) as stored:
        for member in stored:
            target = layers_dir / member.name
            if member.isdir():
                target.mkdir(exist_ok=True)
            elif member.issym():
                target.symlink_to(member.linkname)
            else:
                content = stored.extractfile(member)
                target.write_bytes(content.read() if content else b"")
            if not member.issym():
                target.chmod(member.mode | (stat.S_IWUSR if member.isdir() else 0))


def archive_is_intact(archive: Path) -> bool:
    """Whether the file is there and still what its name says; the lifecycle's volume cache checks the same."""
    return archive.is_file() and hashlib.sha256(archive.read_bytes()).hexdigest() == archive.stem


def sorted_tree(root: Path) -> tuple[Path, ...]:
    """Everything below the directory, links not followed, sorted."""
    found: list[Path] = []
    for folder, directories, files in os.walk(root):
        found.extend(Path(folder, name) for name in (*directories, *files))
    return tuple(sorted(found))


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    state = path.lstat()
    if stat.S_ISSOCK(state.st_mode):
        return
    header = tarfile.TarInfo(name)
    header.mode, header.mtime = stat.S_IMODE(state.st_mode), LAYER_MTIME_S
    header.uid, header.gid = _OWNER_ID, _GROUP_ID
    if stat.S_ISLNK(state.st_mode):
        header.type, header.linkname = tarfile.SYMTYPE, str(path.readlink())
        archive.addfile(header)
    elif stat.S_ISDIR(state.st_mode):
        header.type = tarfile.DIRTYPE
        archive.addfile(header)
    else:
        header.size = state.st_size
        with path.open("rb") as content:
            archive.addfile(header, content)

"""Make a layer of a standalone CPython: without what no application needs, with bytecode that stays valid.

Everything is a function of the archive and of the layer's path, so that the same interpreter is the same layer.
"""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

from ml_buildpack.apply import commands
from ml_buildpack.apply.layer_store import make_readable, remove_tree

# Test suites, windows (no image has a display), and what installs: uv has made the environment, and an image that
# installs nothing needs no pip, whose findings scanners would report. Debian's python3 has no tkinter either.
_LEFT_OUT_MODULES = (
    "idlelib", "turtledemo", "turtle.py", "tkinter", "ensurepip", "lib-dynload/_tkinter*", "lib-dynload/_test*",
    "lib-dynload/_ctypes_test*", "lib-dynload/_xx*", "lib-dynload/xx*", "config-*/*.a", "config-*/*.o",
    "site-packages/*",
)  # fmt: skip
_LEFT_OUT_ANYWHERE = frozenset({"test", "tests", "idle_test", "__pycache__"})
_LEFT_OUT_PROGRAMS = ("bin/idle*", "bin/pydoc*", "bin/2to3*", "bin/pip*")
_LEFT_OUT_FILES = (
    "share", "lib/*.a", "lib/libtcl*", "lib/libtk*", "lib/tcl*", "lib/tk*", "lib/itcl*", "lib/thread[0-9]*",
    "lib/tdbc*",
)  # fmt: skip
# What uv, or the build, writes an absolute path into.
_KNOWS_ITS_PLACE = (
    "lib/python3*/_sysconfigdata*.py", "lib/python3*/config-*/Makefile", "lib/pkgconfig/*.pc", "bin/*-config",
)  # fmt: skip
# One level above none: most of what compression can save, for a third of its time. An interpreter of 43 MB becomes
# 15 MB in 0.7 s and is unpacked in 0.8 s; as a tree, every build would restore and cache 1,600 files.
_COMPRESSION = 1
_EXECUTABLE, _PLAIN = 0o755, 0o644


def settle(prefix: Path, *, was_at: Path, minor: str) -> None:
    """Trim the interpreter that was moved to `prefix`, tell it where it is, and compile its standard library."""
    library = prefix / "lib" / f"python{minor}"
    for path in (*_matches(library, _LEFT_OUT_MODULES), *_matches(prefix, (*_LEFT_OUT_PROGRAMS, *_LEFT_OUT_FILES))):
        _remove(path)
    for path in [path for path in library.rglob("*") if path.name in _LEFT_OUT_ANYWHERE and path.is_dir()]:
        remove_tree(path)
    # Where packages go; environments are made with it.
    (library / "site-packages").mkdir(exist_ok=True)
    _forget_place(prefix, was_at)
    _compile(prefix, library)
    make_readable(prefix)


def _matches(directory: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    return (path for pattern in patterns for path in sorted(directory.glob(pattern)))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _forget_place(prefix: Path, was_at: Path) -> None:
    """Write the interpreter's own place where it says another one: extensions are built by what it says."""
    old, new = str(was_at).encode(), str(prefix).encode()
    for path in _matches(prefix, _KNOWS_ITS_PLACE):
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if old in content:
            path.write_bytes(content.replace(old, new))


def _compile(prefix: Path, library: Path) -> None:
    # Not by time: the lifecycle sets every file to 1980. Not isolated (-I), which would ignore the hash seed that
    # orders sets of constants; -B and -f, or the modules that compileall itself runs on would be compiled by time.
    # A module that cannot be compiled is not one that an application imports.
    argv = (
        str(prefix / "bin" / "python3"), "-S", "-B", "-m", "compileall", "-q", "-f", "--invalidation-mode",
        "unchecked-hash", str(library),
    )  # fmt: skip
    commands.run(argv, env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}, cwd=prefix)


def pack(prefix: Path, archive: Path) -> None:
    """Write the tree into an archive: equal bytes for an equal tree."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=_COMPRESSION, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(prefix.rglob("*")):
            tar.add(path, arcname=str(path.relative_to(prefix)), recursive=False, filter=_without_circumstances)


def _without_circumstances(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    if not entry.issym():
        entry.mode = _EXECUTABLE if entry.isdir() or entry.mode & 0o100 else _PLAIN
    return entry


def unpack(archive: Path, prefix: Path) -> None:
    """Write the tree of an archive that `pack` wrote and whose digest was verified."""
    with tarfile.open(archive) as tar:
        # Our own archive, so nothing in it has to be refused. The first releases of 3.10 know no filters.
        if hasattr(tarfile, "fully_trusted_filter"):
            tar.extractall(prefix, filter="fully_trusted")  # noqa: S202  # our own
        else:
            tar.extractall(prefix)  # noqa: S202  # our own
    make_readable(prefix)

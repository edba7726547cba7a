"""What the shared libraries of installed packages say of themselves: read from their headers, never loaded."""

from __future__ import annotations

import csv
import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from packaging.utils import canonicalize_name

from ml_buildpack.plan.shared_libraries import ElfFile, InstalledFiles

_ELF = b"\x7fELF"
_LIBRARY_NAME = re.compile(r"\.so(\.[\w.]+)?$")
_NAME = re.compile(r"^Name:\s*(\S+)", re.MULTILINE)
_REQUIRES = re.compile(r"^Requires-Dist:\s*([\w.-]+)", re.MULTILINE)


def read_installed_files(folders: Iterable[Path], *, kept: frozenset[str] = frozenset()) -> InstalledFiles:
    """The ELF files of some folders of packages, with what their packages require.

    `kept` are the sonames of layers that are not here. A file that no installer recorded belongs to the folder or
    module that it lies in.
    """
    files: list[ElfFile] = []
    requires: dict[str, frozenset[str]] = {}
    places = tuple(folders)
    for folder in places:
        owners: dict[str, str] = {}
        for dist_info in sorted(folder.glob("*.dist-info")):
            name, needs = _read_metadata(dist_info)
            requires[name] = requires.get(name, frozenset()) | needs
            owners.update(dict.fromkeys(_recorded_libraries(dist_info), name))
        for path in library_paths(folder):
            relative = path.relative_to(folder).as_posix()
            file = read_elf_file(path, owners.get(relative) or canonicalize_name(re.split(r"[/.]", relative)[0]))
            files += [file] if file is not None else []
    return InstalledFiles(
        folders=tuple(str(folder) for folder in places), files=tuple(files), requires=requires, kept=kept
    )


def read_elf_file(path: Path, package: str = "") -> ElfFile | None:
    """What the file needs and is called; None where it is not a dynamic library of this kind of machine or damaged."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(_ELF)) != _ELF:
                return None
            tags = tuple(_dynamic_tags(ELFFile(stream)))
    except (ELFError, OSError, UnicodeDecodeError):
        # What cannot be read here may still be fine, and what is really broken fails where it is used.
        return None
    runpath = [value for tag, value in tags if tag == "DT_RUNPATH"]
    # RPATH is not looked at where there is a RUNPATH (ld.so(8)).
    rpath = runpath or [value for tag, value in tags if tag == "DT_RPATH"]
    origin = str(path.parent)
    return ElfFile(
        path=str(path),
        package=package,
        needed=tuple(value for tag, value in tags if tag == "DT_NEEDED"),
        soname=next((value for tag, value in tags if tag == "DT_SONAME"), ""),
        search=tuple(_expanded(part, origin) for value in rpath for part in value.split(":") if part),
    )


def _dynamic_tags(elf: ELFFile) -> Iterator[tuple[str, str]]:
    for segment in elf.iter_segments(type="PT_DYNAMIC"):
        if not isinstance(segment, DynamicSegment):
            continue
        for tag in segment.iter_tags():
            for attribute in ("needed", "soname", "rpath", "runpath"):
                if hasattr(tag, attribute):
                    yield tag.entry.d_tag, getattr(tag, attribute)


def _expanded(folder: str, origin: str) -> str:
    return posixpath.normpath(folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin))


def library_paths(folder: Path) -> Iterator[Path]:
    """The files that are named like libraries, in a stable order."""
    for parent, directories, names in os.walk(folder):
        directories.sort()
        for name in sorted(names):
            if _LIBRARY_NAME.search(name) is not None:
                yield Path(parent, name)


def _read_metadata(dist_info: Path) -> tuple[str, frozenset[str]]:
    try:
        text = (dist_info / "METADATA").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    # Headers end at the first empty line; the description behind it may say anything.
    headers = text.partition("\n\n")[0]
    name = _NAME.search(headers)
    needs = frozenset(canonicalize_name(required) for required in _REQUIRES.findall(headers))
    return canonicalize_name(name.group(1) if name else dist_info.name.partition("-")[0]), needs


def _recorded_libraries(dist_info: Path) -> Iterator[str]:
    try:
        with (dist_info / "RECORD").open(encoding="utf-8", errors="replace", newline="") as stream:
            lines = [line for line in stream if ".so" in line]
    except OSError:
        return
    yield from (row[0] for row in csv.reader(lines) if row)

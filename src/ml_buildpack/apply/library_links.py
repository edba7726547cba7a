"""Let the libraries of a folder of packages find those of the other folders, where they look for them."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.plan.library_links import plan_links

_LIBRARY_NAME = re.compile(r"\.so(\.[\w.]+)?$")
_EXTENSION_MODULE = re.compile(r"\.(cpython-|abi3\.so|pypy)")
_ORIGIN = re.compile(r"\$ORIGIN|\$\{ORIGIN\}")


def link_libraries(
    folder: Path, neighbours: Mapping[str, LayerName], folder_of: Mapping[LayerName, Path]
) -> tuple[str, ...]:
    """Write the links that the ELF files below `folder` ask for; their names.

    `neighbours` are the names in the other folders of packages, with their layers.
    """
    if not neighbours:
        return ()
    searched = (path for library in _libraries(folder) for path in _searched_by(library))
    own = frozenset(path.name for path in folder.iterdir())
    links = plan_links(searched, str(folder), own, neighbours)
    for name, layer in links.items():
        (folder / name).symlink_to(os.path.relpath(folder_of[layer] / name, folder))
    return tuple(links)


def list_libraries(folder: Path) -> tuple[str, ...]:
    """The file names of the shared libraries below `folder`, without those of extension modules, sorted."""
    names = {path.name for path in _libraries(folder)}
    return tuple(sorted(name for name in names if _EXTENSION_MODULE.search(name) is None))


def _libraries(folder: Path) -> Iterator[Path]:
    for parent, directories, names in os.walk(folder):
        directories.sort()
        yield from (Path(parent, name) for name in sorted(names) if _LIBRARY_NAME.search(name) is not None)


def _searched_by(path: Path) -> Iterator[str]:
    """The folders in which the linker looks for what the file needs, by the file's own RPATH or RUNPATH."""
    try:
        with path.open("rb") as stream:
            segments = ELFFile(stream).iter_segments(type="PT_DYNAMIC")
            tags = [tag for segment in segments if isinstance(segment, DynamicSegment) for tag in segment.iter_tags()]
    except (ELFError, OSError, UnicodeDecodeError):
        # Not a library, or a damaged one: what cannot be read here fails where it is loaded.
        return
    texts = [getattr(tag, name) for tag in tags for name in ("rpath", "runpath") if hasattr(tag, name)]
    for part in (part for text in texts for part in text.split(":")):
        if part:
            yield posixpath.normpath(_ORIGIN.sub(str(path.parent).replace("\\", r"\\"), part))

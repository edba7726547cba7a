"""Let the libraries of a folder of packages find those of the other folders, where they look for them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ml_buildpack.apply.elf_files import library_paths, read_elf_file
from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.plan.library_links import plan_links

_EXTENSION_MODULE = re.compile(r"\.(cpython-|abi3\.so|pypy)")


def link_libraries(
    folder: Path, neighbours: Mapping[str, LayerName], folder_of: Mapping[LayerName, Path]
) -> tuple[str, ...]:
    """Write the links that the ELF files below `folder` ask for; their names.

    `neighbours` are the names in the other folders of packages, with their layers.
    """
    if not neighbours:
        return ()
    # What cannot be read here fails where it is loaded.
    found = (read_elf_file(path) for path in library_paths(folder))
    searched = (place for library in found if library is not None for place in library.search)
    own = frozenset(path.name for path in folder.iterdir())
    links = plan_links(searched, str(folder), own, neighbours)
    for name, layer in links.items():
        (folder / name).symlink_to(os.path.relpath(folder_of[layer] / name, folder))
    return tuple(links)


def list_libraries(folder: Path) -> tuple[str, ...]:
    """The file names of the shared libraries below `folder`, without those of extension modules, sorted."""
    names = {path.name for path in library_paths(folder)}
    return tuple(sorted(name for name in names if _EXTENSION_MODULE.search(name) is None))

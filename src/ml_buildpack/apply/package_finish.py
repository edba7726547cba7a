"""What is done to the folders of packages of this build once all of them are there.

The one place that knows every folder that was made, with its layer: whatever looks at installed packages, compiles or
thins them out belongs here, between their installation and their metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.apply.finishing import PackagesFinisher
from ml_buildpack.apply.layer_store import make_readable
from ml_buildpack.apply.library_links import link_libraries
from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.plan.installed import PackagesFolder
from ml_buildpack.plan.layers import LayerPlan, PackagesContent


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledPackages:
    """A layer of packages that was made in this build: its directory, and the folder in it that Python imports from."""

    layer: LayerPlan
    content: PackagesContent
    directory: Path
    site_packages: Path


def finish_packages(
    installed: tuple[InstalledPackages, ...],
    folder_of: Mapping[LayerName, Path],
    finisher: PackagesFinisher,
    *,
    complete: bool,
) -> None:
    """Let libraries find each other, trim and compile what was installed, and let every user read it.

    `folder_of` has the folders of packages of all layers, of those too that are kept and not here; `complete` is
    whether there are none of these. Raises: CommandFailed.
    """
    for one in installed:
        link_libraries(one.site_packages, one.content.neighbours, folder_of)
    if installed:
        folders = (PackagesFolder(layer=one.layer.name, path=str(one.site_packages)) for one in installed)
        finisher.finish(tuple(folders), complete=complete)
    for one in installed:
        make_readable(one.directory)

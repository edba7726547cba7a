"""The layer of Debian packages, and the cached one of their archives, as the layers directory has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_buildpack.apply.apt import AptBuild, make_apt_layer
from ml_buildpack.apply.layer_store import LayerStore
from ml_buildpack.apply.library_check import list_libraries
from ml_buildpack.cnb.context import read_restored_layers
from ml_buildpack.cnb.layer import Absent
from ml_buildpack.console import Console
from ml_buildpack.plan.apt import (
    APT,
    APT_ARCHIVES,
    ARCHIVES_METADATA,
    ARCHIVES_TYPES,
    LIBRARIES_NOTE,
    AptContent,
    describe_debian_packages,
    kept_libraries,
    library_folders,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AptLayer:
    """Makes and keeps the two layers. `status` is what counts as installed, in dpkg's form."""

    store: LayerStore
    console: Console
    env: Mapping[str, str]
    scratch: Path
    status: str

    def make(self, directory: Path, content: AptContent) -> dict[str, Any]:
        """Unpack the packages into the layer's folder; its bill of materials. Raises what `make_apt_layer` raises."""
        archives = self.store.path(APT_ARCHIVES)
        if not archives.is_dir():
            self.store.create(APT_ARCHIVES)
        build = AptBuild(
            directory=directory,
            archives=archives,
            scratch=self.scratch,
            status=self.status,
            env=self.env,
            console=self.console,
        )
        packages = make_apt_layer(build, content)
        self.keep_archives()
        return describe_debian_packages(packages, content.target)

    def keep_archives(self) -> None:
        """Keep what came back of the archives beside the layer that was made from them: some day it changes."""
        if self.store.path(APT_ARCHIVES).is_dir():
            self.store.write_metadata(APT_ARCHIVES, ARCHIVES_TYPES, ARCHIVES_METADATA)
        else:
            self.store.delete(APT_ARCHIVES)

    def notes(self, content: AptContent) -> dict[str, str]:
        """What is known of the layer only after it was made."""
        folders = (self.store.path(APT) / folder for folder in library_folders(content.target))
        return {LIBRARIES_NOTE: " ".join(sorted(list_libraries(folders)))}

    def libraries(self) -> frozenset[str]:
        """The names of the libraries in the layer, made or kept."""
        layer = read_restored_layers(self.store.layers_dir).get(APT, Absent())
        return frozenset(kept_libraries(layer).split())

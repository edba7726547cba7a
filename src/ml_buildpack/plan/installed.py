"""What is installed in one layer, as values: folders of packages and the distributions in them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.utils import NormalizedName

from ml_buildpack.cnb.layer import LayerName


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagesFolder:
    """One `site-packages` that this build has made, and the layer that it belongs to."""

    layer: LayerName
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledFile:
    """A file of a distribution: its path relative to the folder, with forward slashes, and its size."""

    path: str
    size_bytes: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """What an installer put there for one package, by its own record. `info` is the name of its `.dist-info`."""

    name: NormalizedName
    version: str
    info: str
    folder: PackagesFolder
    files: tuple[InstalledFile, ...]

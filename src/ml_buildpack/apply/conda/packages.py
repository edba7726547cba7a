"""The archives of a conda lock as files in the cache-only layer `conda-packages`: kept, fetched, verified and pruned.

Each lies in a directory named after its digest, because two subdirectories of a channel may have files of one name.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.apply.downloads import Downloader, sha256_of
from ml_buildpack.apply.layer_store import remove_tree
from ml_buildpack.errors import (
    CondaChannelUnauthorised,
    CondaChannelUnreachable,
    IndexUnauthorised,
    IndexUnreachable,
)
from ml_buildpack.lock import FileKind, LockedFile
from ml_buildpack.plan.conda_environment import Channel, with_logins
from ml_buildpack.plan.conda_lock import CondaLock, CondaPackage

# As for wheels: beyond this the network is the limit.
PARALLEL_DOWNLOADS = 8
_DIGEST_SHOWN = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageReport:
    """Where the archives are, in the lock's order, and where they came from."""

    archives: tuple[Path, ...]
    kept: int
    fetched: int
    fetched_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageStore:
    """Makes the archives of a lock present in `directory`."""

    directory: Path
    downloader: Downloader
    channels: tuple[Channel, ...]

    def prepare(self, lock: CondaLock) -> PackageReport:
        """All archives of the lock, verified.

        Raises: CondaChannelUnreachable, CondaChannelUnauthorised, and the other errors of downloading.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        missing = [package for package in lock.packages if not self._is_kept(package)]
        with ThreadPoolExecutor(max_workers=PARALLEL_DOWNLOADS) as pool:
            fetched = list(pool.map(self._fetch, missing))
        archives = tuple(self._place(package) for package in lock.packages)
        wanted = {archive.parent for archive in archives}
        for directory in self.directory.iterdir():
            if directory not in wanted:
                remove_tree(directory)
        return PackageReport(
            archives=archives,
            kept=len(lock.packages) - len(missing),
            fetched=len(missing),
            fetched_bytes=sum(path.stat().st_size for path in fetched),
        )

    def _place(self, package: CondaPackage) -> Path:
        return self.directory / package.sha256[:_DIGEST_SHOWN] / package.filename

    def _is_kept(self, package: CondaPackage) -> bool:
        path = self._place(package)
        return path.is_file() and sha256_of(path) == package.sha256

    def _fetch(self, package: CondaPackage) -> Path:
        place = self._place(package)
        place.parent.mkdir(parents=True, exist_ok=True)
        file = LockedFile(
            filename=package.filename,
            kind=FileKind.CONDA,
            sha256=package.sha256,
            url=with_logins(package.url, self.channels),
        )
        try:
            return self.downloader.fetch(file, place.parent, pinned_at="the channel's index")
        except IndexUnauthorised as error:
            raise CondaChannelUnauthorised(url=package.url, status=error.status) from error
        except IndexUnreachable as error:
            raise CondaChannelUnreachable(url=package.url, detail=error.detail) from error

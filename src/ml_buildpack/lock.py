"""The lock: exactly which files and trees an image installs, read from the standard format `pylock.toml` (PEP 751).

A leaf that everyone may import. Pure: it takes texts and gives values; whoever calls it reads and writes the file.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename

from ml_buildpack.errors import NoFileForThisPlatform

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


# Where a lock of ours keeps what brought a package: `[packages.tool.ml-buildpack]`.
ORIGIN_TABLE, ORIGIN = "ml-buildpack", "origin"

_Source = PackageVcs | PackageDirectory | PackageArchive | PackageWheel | PackageSdist


class FileKind(Enum):
    """Whether a file is installed as it is or built first."""

    WHEEL = "wheel"
    SDIST = "sdist"
    CONDA = "conda package"


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedFile:
    """A file with its identity. One of `url` and `path` (relative to the application directory) is set."""

    filename: str
    kind: FileKind
    sha256: str
    size_bytes: int | None = None
    url: str | None = None
    path: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedDirectory:
    """A source tree within the application directory. `editable`: the image imports it from where it lies."""

    path: str
    editable: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedRevision:
    """A commit of a git repository."""

    url: str
    commit: str
    subdirectory: str | None = None


LockedSource = LockedFile | LockedDirectory | LockedRevision


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedPackage:
    """One package and the one source it is installed from. `version` is None for trees that compute theirs.

    `origin` says what brought it, when it was resolved: `requirements.txt:2`, `required by flask`.
    """

    name: NormalizedName
    version: str | None
    source: LockedSource
    origin: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """What to install for one interpreter on one platform, sorted by name."""

    packages: tuple[LockedPackage, ...]

    @property
    def digest(self) -> str:
        """A sha256 over every identity in the lock; equal locks have equal digests wherever they were made."""
        lines = [json.dumps(_identity(package), sort_keys=True) for package in self.packages]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The names of all packages."""
        return frozenset(package.name for package in self.packages)

    @property
    def size_bytes(self) -> int:
        """The bytes of all files whose size is known."""
        return sum(file.size_bytes or 0 for file in self.files)

    @property
    def files(self) -> tuple[LockedFile, ...]:
        """Wheels and source distributions, without trees and revisions."""
        return tuple(package.source for package in self.packages if isinstance(package.source, LockedFile))


class LockUnreadable(ValueError):
    """A text is not a lock that this module can use. A restored lock of that kind is made again, so no user sees it."""


def parse_lock(text: str, *, tags: Sequence[Tag], environment: Mapping[str, str], python: str, platform: str) -> Lock:
    """The lock for one interpreter. Relative paths in it start at the application directory.

    Raises: LockUnreadable; NoFileForThisPlatform(packages, python, platform).
    Source: PEP 751, "Installation".
    """
    try:
        pylock = Pylock.from_dict(tomllib.loads(text))
        pylock.validate()
    except (ValueError, PylockValidationError) as error:
        raise LockUnreadable(str(error)) from error
    packages = tuple(
        _locked(package, source) for package, source in _select(pylock, tags, environment, python, platform)
    )
    return Lock(packages=tuple(sorted(packages, key=lambda package: package.name)))


def _select(
    pylock: Pylock, tags: Sequence[Tag], environment: Mapping[str, str], python: str, platform: str
) -> Iterator[tuple[Package, _Source]]:
    try:
        yield from pylock.select(environment=dict(environment), tags=tags)  # type: ignore[arg-type]  # an Environment in full
    except PylockSelectError as error:
        unusable = tuple(
            package.name
            for package in pylock.packages
            if not (package.sdist or package.archive or package.directory or package.vcs)
            and not any(parse_wheel_filename(wheel.filename)[3] & set(tags) for wheel in package.wheels or ())
        )
        raise NoFileForThisPlatform(packages=unusable, python=python, platform=platform) from error


def _locked(package: Package, source: _Source) -> LockedPackage:
    return LockedPackage(
        name=package.name,
        version=str(package.version) if package.version else _version_in_filename(source),
        source=_source(source),
        origin=read_origin(package.tool),
    )


def read_origin(tool: object) -> tuple[str, ...]:
    """What a package's `tool` table of a lock says of its origin; nothing where it is none of ours."""
    own = tool.get(ORIGIN_TABLE) if isinstance(tool, Mapping) else None
    found = own.get(ORIGIN) if isinstance(own, Mapping) else None
    return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()


def _source(source: _Source) -> LockedSource:
    if isinstance(source, PackageDirectory):
        return LockedDirectory(path=source.path, editable=bool(source.editable))
    if isinstance(source, PackageVcs):
        if source.type != "git" or not source.url:
            message = f"only git repositories with a URL are supported, not {source.type}"
            raise LockUnreadable(message)
        return LockedRevision(url=source.url, commit=source.commit_id, subdirectory=source.subdirectory)
    filename = _filename(source)
    if "sha256" not in source.hashes:
        message = f"{filename} has no sha256"
        raise LockUnreadable(message)
    return LockedFile(
        filename=filename,
        kind=FileKind.WHEEL if filename.endswith(".whl") else FileKind.SDIST,
        sha256=source.hashes["sha256"].lower(),
        size_bytes=source.size,
        url=source.url,
        path=source.path,
    )


def _filename(source: PackageArchive | PackageWheel | PackageSdist) -> str:
    location = source.path or urlsplit(source.url or "").path
    return unquote(PurePosixPath(location).name)


def _version_in_filename(source: object) -> str | None:
    if not isinstance(source, PackageArchive):
        return None
    try:
        return str(parse_wheel_filename(_filename(source))[1])
    except InvalidWheelFilename:
        return None


def _identity(package: LockedPackage) -> list[str | bool | None]:
    source = package.source
    if isinstance(source, LockedFile):
        return [package.name, source.filename, source.sha256]
    if isinstance(source, LockedDirectory):
        return [package.name, source.path, source.editable]
    return [package.name, source.url, source.commit, source.subdirectory]


def describe_changes(old: Lock, new: Lock) -> tuple[str, ...]:
    """What differs, one entry per package: `flask 3.0 -> 3.1`, `+ orjson 3.11`, `- six 1.17`.

    `~ torch` is another file of the same version, or a source tree, which has none.
    """
    before = {package.name: package for package in old.packages}
    after = {package.name: package for package in new.packages}
    changes: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None and now is not None:
            changes.append(f"+ {name} {now.version or ''}".rstrip())
        elif was is not None and now is None:
            changes.append(f"- {name} {was.version or ''}".rstrip())
        elif was and now and was.version and now.version and was.version != now.version:
            changes.append(f"{name} {was.version} -> {now.version}")
        elif was is not None and now is not None and _identity(was) != _identity(now):
            changes.append(f"~ {name}")
    return tuple(changes)

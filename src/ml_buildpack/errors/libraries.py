"""Failures to have the shared libraries that the packages need, and to take them from Debian packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ml_buildpack.errors.root import Blame, BuildpackError


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingLibrary:
    """A file of a package that cannot be loaded, and the library that it lacks.

    `file` is what Python would load, `through` the file that needs the library where it is another one, both relative
    to the folder of packages. `debian` is the Debian package with the library, `instead` the requirement that does
    without it; empty where none is known.
    """

    package: str
    file: str
    library: str
    through: str = ""
    debian: str = ""
    instead: str = ""


@dataclass(kw_only=True, eq=False)
class SharedLibraryMissing(BuildpackError):
    """Installed packages need libraries that the image will not have.

    `is_listed` is whether the builder lists what its run image has; `apt` are the Debian packages of the settings.
    """

    id: ClassVar[str] = "ML-LIB-001"
    missing: tuple[MissingLibrary, ...]
    is_listed: bool
    apt: tuple[str, ...] = ()


@dataclass(kw_only=True, eq=False)
class AptNotUsable(BuildpackError):
    """The build image cannot fetch Debian packages. `detail` is a sentence, `log_tail` what apt printed."""

    id: ClassVar[str] = "ML-LIB-002"
    blame: ClassVar[Blame] = Blame.ENVIRONMENT
    packages: tuple[str, ...]
    detail: str
    log_tail: str = ""


@dataclass(kw_only=True, eq=False)
class AptPackagesNotInstallable(BuildpackError):
    """apt knows no way to install what the settings name, for example because there is no such package."""

    id: ClassVar[str] = "ML-LIB-003"
    packages: tuple[str, ...]
    unknown: tuple[str, ...]
    distribution: str
    log_tail: str


@dataclass(kw_only=True, eq=False)
class AptPackageNeedsRoot(BuildpackError):
    """Packages do more than bring files. Each is (package, what it would do, the package of the settings it is for)."""

    id: ClassVar[str] = "ML-LIB-004"
    refused: tuple[tuple[str, str], ...]

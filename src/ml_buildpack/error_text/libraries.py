"""Words for shared libraries that the image lacks, and for Debian packages that could bring them."""

from __future__ import annotations

import json

from ml_buildpack.error_text.layout import DETAIL, EVIDENCE, Words, code, listing, log_tail, paragraphs, printable
from ml_buildpack.errors import (
    AptNotUsable,
    AptPackageNeedsRoot,
    AptPackagesNotInstallable,
    MissingLibrary,
    SharedLibraryMissing,
)

_LISTED = "The wheels do not bring {them}, and the run image does not have {them}, by its builder's list."
_NOT_LISTED = (
    "The wheels do not bring {them}, and the build image does not have {them} either. Nobody says what the run image "
    "has; only the libraries of C and C++, and zlib, are taken for granted."
)


def shared_library_missing(error: SharedLibraryMissing) -> Words:
    """Each package with the file and the library, then what replaces the package, and what brings the library."""
    packages = sorted({one.package for one in error.missing})
    them = "it" if len({one.library for one in error.missing}) == 1 else "them"
    title = "The image lacks shared libraries that packages need"
    return Words(
        title=title if len(packages) > 1 else f"The image lacks shared libraries that {packages[0]} needs",
        body=paragraphs(
            "When the image runs, these files could not be loaded:",
            "\n".join(_row(one) for one in error.missing),
            (_LISTED if error.is_listed else _NOT_LISTED).format(them=them),
        ),
        fixes=(
            *(
                f"In the requirements, write {one.instead} instead of {one.package}. It does the same, and does "
                f"without {them} or brings {them} along."
                for one in _first_of_each_package(error.missing)
                if one.instead
            ),
            _apt_setting(error, them),
            f"Or use a builder whose run image has {them}.",
            f"Or have the build only warn, if you know that the run image has {them}:\n"
            + code("[tool.ml-buildpack]", 'library-check = "warn"'),
        ),
    )


def _apt_setting(error: SharedLibraryMissing, them: str) -> str:
    """How to have Debian packages unpacked; those for what can be replaced only where nothing else is missing."""
    needed = [one for one in error.missing if not one.instead] or list(error.missing)
    debian = sorted({one.debian for one in needed if one.debian})
    if not debian:
        search = "packages.debian.org searches the contents of packages"
        return (
            f"Find the package of Debian or Ubuntu that has {them} ({search}), and name it in pyproject.toml:\n"
            + code("[tool.ml-buildpack]", f"apt = {json.dumps([*error.apt, '...'])}")
        )
    names = json.dumps(sorted({*error.apt, *debian}))
    can_be_replaced = all(one.instead for one in error.missing)
    return (
        f"{'Or have' if can_be_replaced else 'Have'} packages of Debian or Ubuntu with {them} unpacked into the image. "
        "In pyproject.toml:\n" + code("[tool.ml-buildpack]", f"apt = {names}")
    )


def _first_of_each_package(missing: tuple[MissingLibrary, ...]) -> tuple[MissingLibrary, ...]:
    first: dict[str, MissingLibrary] = {}
    for one in missing:
        first.setdefault(one.package, one)
    return tuple(first.values())


def _row(one: MissingLibrary) -> str:
    debian = f" (Debian: {one.debian})" if one.debian else ""
    row = f"{EVIDENCE}{printable(one.package)}: {printable(one.file)} needs {printable(one.library)}{debian}"
    return f"{row}\n{DETAIL}through {printable(one.through)}" if one.through else row


def apt_not_usable(error: AptNotUsable) -> Words:
    """What the build image lacks, or what apt said."""
    return Words(
        title="The builder cannot fetch Debian packages",
        body=paragraphs(
            f"The settings ask for {', '.join(printable(name) for name in error.packages)}. {error.detail}",
            "The end of what apt printed:" if error.log_tail else "",
            log_tail(error.log_tail),
        ),
        fixes=(
            (
                "Use a builder whose build image is a Debian or Ubuntu with apt and its sources, such as this "
                "repository's: make builder"
            ),
            "Where the build has no way to the mirror, name one that it can reach:\n"
            + code("pack build NAME --env BP_APT_MIRROR=https://mirror.example.com/debian"),
            "Or remove `apt` from the settings, and use a run image that has the libraries.",
        ),
    )


def apt_packages_not_installable(error: AptPackagesNotInstallable) -> Words:
    """The names that apt does not know, or what stands in their way."""
    unknown = error.unknown
    return Words(
        title="Debian packages of the settings cannot be installed",
        body=paragraphs(
            f"There are no such packages in {error.distribution}:" if unknown else "",
            listing(unknown),
            "" if unknown else f"apt finds no way to install {', '.join(error.packages)} in {error.distribution}:",
            "" if unknown else log_tail(error.log_tail),
        ),
        fixes=(
            (
                "Correct the names: packages.debian.org and packages.ubuntu.com search by name, and by a file that a "
                "package has. They change between releases (libasound2, libasound2t64)."
            ),
            "Or remove them from `apt` in the settings.",
        ),
    )


def apt_package_needs_root(error: AptPackageNeedsRoot) -> Words:
    """The packages, and what each would do besides bringing files."""
    return Words(
        title="Debian packages would have to change the image itself",
        body=paragraphs(
            "Packages are unpacked into a layer, and their own programs never run. These would not work so:",
            listing(f"{name}: {reason}" for name, reason in error.refused),
        ),
        fixes=(
            (
                "Remove the package from `apt` in the settings, if only its library was meant: name the package of the "
                "library itself, which begins with lib."
            ),
            "Or use a run image in which the package is installed.",
        ),
    )

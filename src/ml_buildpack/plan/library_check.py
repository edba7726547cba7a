"""What is known of the run image's libraries, and what is done about those that are missing. Pure.

A build sees the build image, which has more. A builder may say what its run image has (`RUN_IMAGE_DIR`); where none
does, only what every image of a Debian or Ubuntu has is counted on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ml_buildpack.facts.settings import LibraryCheck, Settings
from ml_buildpack.plan.shared_libraries import ImageLibraries

__all__ = [
    "ASSUMED",
    "RUN_IMAGE_DIR",
    "LibraryCheck",
    "LibraryPlan",
    "describe_known_image",
    "describe_unknown_image",
    "plan_library_check",
]

# A variable of the build image (builder.toml, [[build.env]]) with the path of a folder that describes the run image:
# `libraries`, one file name per line, and `dpkg-status`, its /var/lib/dpkg/status.
RUN_IMAGE_DIR = "BP_RUN_IMAGE_DIR"

# glibc 2.17 to 2.42 with its loader on amd64 and arm64, the two runtime libraries of GCC, and zlib, which dpkg and
# Python need. No more: Paketo's and Google's smaller run images have hardly more.
ASSUMED = frozenset(
    {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libanl.so.1", "libc.so.6", "libcrypt.so.1", "libdl.so.2",
     "libm.so.6", "libmvec.so.1", "libnss_dns.so.2", "libnss_files.so.2", "libpthread.so.0", "libresolv.so.2",
     "librt.so.1", "libthread_db.so.1", "libutil.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"},
)  # fmt: skip
_SONAME = re.compile(r"[\w.+-]+\.so(\.[\w.]+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryPlan:
    """How the installed packages are checked. `apt` are the Debian packages of the settings."""

    check: LibraryCheck = LibraryCheck.ERROR
    apt: tuple[str, ...] = ()


def describe_known_image(text: str) -> ImageLibraries:
    """The libraries of a run image that its builder lists, one in a line."""
    names = frozenset(name for name in text.split() if _SONAME.fullmatch(name))
    return ImageLibraries(certain=names, is_listed=True)


def describe_unknown_image(in_build_image: frozenset[str]) -> ImageLibraries:
    """The libraries of a run image of which nobody knows more than of any other."""
    return ImageLibraries(certain=ASSUMED, possible=in_build_image - ASSUMED, is_listed=False)


def plan_library_check(settings: Settings) -> LibraryPlan:
    """The check that the settings ask for."""
    return LibraryPlan(check=settings.library_check or LibraryCheck.ERROR, apt=settings.apt)

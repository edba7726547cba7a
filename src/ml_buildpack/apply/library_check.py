"""Check, after packages were installed, that the image will have the shared libraries that they need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ml_buildpack.apply.elf_files import read_installed_files
from ml_buildpack.console import Console
from ml_buildpack.errors import MissingLibrary, SharedLibraryMissing
from ml_buildpack.plan.library_check import (
    ASSUMED,
    RUN_IMAGE_DIR,
    LibraryCheck,
    LibraryPlan,
    describe_known_image,
    describe_unknown_image,
)
from ml_buildpack.plan.shared_libraries import ImageLibraries, find_missing_libraries, list_image_needs, missing_in_kept

# Where the dynamic linker looks, on Debian's and on other layouts. Source: ld.so(8), /etc/ld.so.conf.d of Debian.
_SYSTEM_FOLDERS = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib")
_TRIPLET = re.compile(r"\w+-linux-gnu\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryChecker:
    """The check of one build."""

    plan: LibraryPlan
    image: ImageLibraries
    console: Console

    def check(
        self, folders: Iterable[Path], *, in_apt: frozenset[str] = frozenset(), kept: frozenset[str] = frozenset()
    ) -> dict[str, str]:
        """Look at what lies in these folders of packages, when all of it is installed.

        `in_apt` are the libraries of the layer of Debian packages, `kept` those of layers that are not here. What each
        folder takes from the image comes back as a note for its layer. Raises: SharedLibraryMissing.
        """
        if self.plan.check is LibraryCheck.OFF:
            return {}
        image = replace(self.image, certain=self.image.certain | in_apt)
        installed = read_installed_files(folders, kept=kept)
        report = find_missing_libraries(installed, image)
        for one in report.optional:
            self.console.note(f"{one.package} does without {one.library}, which the image has not ({one.file})")
        if report.uncertain:
            self.console.warning(_lines("nobody says whether the run image has these libraries:", report.uncertain))
        self._refuse(report.broken)
        found = replace(image, certain=(image.certain | image.possible) - ASSUMED)
        needs = list_image_needs(installed, found)
        return {folder: " ".join("=".join(pair) for pair in pairs) for folder, pairs in needs.items()}

    def check_kept(self, needs: Mapping[str, tuple[tuple[str, str], ...]], *, in_apt: frozenset[str]) -> None:
        """Look whether the image still has what kept layers take from it: (library, package) by layer.

        Raises: SharedLibraryMissing.
        """
        in_image = self.image.certain | self.image.possible | in_apt
        if self.plan.check is not LibraryCheck.OFF:
            pairs = ((layer, *pair) for layer, each in needs.items() for pair in each if pair[0] not in in_image)
            self._refuse(
                tuple(missing_in_kept(layer, library=library, package=package) for layer, library, package in pairs)
            )

    def _refuse(self, missing: tuple[MissingLibrary, ...]) -> None:
        if missing and self.plan.check is LibraryCheck.WARN:
            self.console.warning(_lines("the image will not have these libraries:", missing))
        elif missing:
            raise SharedLibraryMissing(missing=missing, is_listed=self.image.is_listed, apt=self.plan.apt)


def read_image_libraries(env: Mapping[str, str], root: Path = Path("/")) -> ImageLibraries:
    """What is known of the run image: what the builder says, else what any has and what the build image has."""
    directory = env.get(RUN_IMAGE_DIR)
    if directory:
        try:
            return describe_known_image(Path(directory, "libraries").read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            # A builder that promises a file and lacks it knows no more than one that promises nothing.
            pass
    return describe_unknown_image(list_libraries(_system_folders(root)))


def list_libraries(folders: Iterable[Path]) -> frozenset[str]:
    """The names of the libraries that lie directly in these folders."""
    names: set[str] = set()
    for folder in folders:
        if folder.is_dir():
            names.update(path.name for path in folder.iterdir() if ".so" in path.name)
    return frozenset(names)


def _system_folders(root: Path) -> tuple[Path, ...]:
    folders = tuple(root / folder for folder in _SYSTEM_FOLDERS)
    inner = (child for folder in folders if folder.is_dir() for child in sorted(folder.iterdir()))
    return (*folders, *(child for child in inner if _TRIPLET.fullmatch(child.name)))


def _lines(title: str, missing: tuple[MissingLibrary, ...]) -> str:
    rows = (f"{one.library} for {one.package}" + (f" (apt: {one.debian})" if one.debian else "") for one in missing)
    return "\n".join((title, *rows))

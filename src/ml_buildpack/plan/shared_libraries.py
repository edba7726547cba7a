"""Which installed packages need a shared library that the image will not have. Pure: judges what was read of files.

The dynamic linker's own rules, as far as files tell: what a file needs is looked for where the file says (RPATH and
RUNPATH), then among what its package and others bring, because those are often loaded first by their Python code, then
in the image. Source: ld.so(8). What is opened by name at run time, nobody can see here.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ml_buildpack.errors import MissingLibrary
from ml_buildpack.plan.library_remedies import debian_package, requirement_without

# Given by the host, never by an image: NVIDIA's container toolkit mounts the driver.
_OF_THE_HOST = re.compile(r"libcuda\.so.*|libcudadebugger\.so.*|libnvidia-.+\.so.*|libnvcuvid\.so.*|libnvoptix\.so.*")
# Whoever loads an extension module is the interpreter.
_OF_THE_INTERPRETER = re.compile(r"libpython3.*\.so.*")
_EXTENSION_MODULE = re.compile(r"\.(cpython-3\d+|abi3|pypy3)[\w-]*\.so$")
# The package fails where at least this part of what it loads is broken; below, it is a matter of optional parts.
_BROKEN_PART_MAX = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfFile:
    """A shared library or extension module of a package. `path` is absolute, and so are the folders of `search`."""

    path: str
    package: str
    needed: tuple[str, ...]
    soname: str = ""
    search: tuple[str, ...] = ()

    @property
    def is_extension_module(self) -> bool:
        """Whether it is named as a module of Python."""
        return _EXTENSION_MODULE.search(self.path) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageLibraries:
    """The sonames that the image has besides the packages.

    `certain` are those that are there, `possible` those of which nobody knows: the build image has them.
    `is_listed` is whether the builder lists what its run image has.
    """

    certain: frozenset[str]
    possible: frozenset[str] = frozenset()
    is_listed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledFiles:
    """What is installed in some folders: ELF files, and for each package the ones that it requires directly.

    `folders` are those of packages; `kept` are sonames of layers that are not here.
    """

    folders: tuple[str, ...]
    files: tuple[ElfFile, ...]
    requires: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()

    def packages_of(self, package: str) -> frozenset[str]:
        """The package and all that it requires, directly or not."""
        found, waiting = {package}, [package]
        while waiting:
            new = self.requires.get(waiting.pop(), frozenset()) - found
            found |= new
            waiting.extend(new)
        return frozenset(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryReport:
    """What is missing: `broken` stops a build, `optional` are parts that their package does without.

    `uncertain` may be in the run image or not.
    """

    broken: tuple[MissingLibrary, ...]
    optional: tuple[MissingLibrary, ...]
    uncertain: tuple[MissingLibrary, ...]


def find_missing_libraries(installed: InstalledFiles, image: ImageLibraries) -> LibraryReport:
    """What the packages lack in that image, by package and file.

    A package is broken where half of what it loads, or more, cannot be loaded. One that has extension modules loads
    those; one that has none loads its libraries itself.
    """
    linker = _Linker(installed=installed, image=image)
    broken: list[MissingLibrary] = []
    optional: list[MissingLibrary] = []
    uncertain: list[MissingLibrary] = []
    for roots in _roots_by_package(installed):
        missing = {root.path: tuple(linker.missing_of(root, image.certain | image.possible)) for root in roots}
        failing = sum(1 for each in missing.values() if each)
        is_broken = failing > 0 and failing >= _BROKEN_PART_MAX * len(roots)
        (broken if is_broken else optional).extend(one for root in roots for one in missing[root.path])
        if not failing:
            uncertain.extend(one for root in roots for one in linker.missing_of(root, image.certain))
    return LibraryReport(broken=_distinct(broken), optional=_distinct(optional), uncertain=_distinct(uncertain))


def missing_in_kept(layer: str, *, library: str, package: str) -> MissingLibrary:
    """What a kept layer lacks by now; which file needs it, its contents would tell."""
    return MissingLibrary(
        package=package,
        file=f"a file in the kept layer '{layer}'",
        library=library,
        debian=debian_package(library),
        instead=requirement_without(package, library),
    )


def list_image_needs(installed: InstalledFiles, image: ImageLibraries) -> dict[str, tuple[tuple[str, str], ...]]:
    """What each folder of packages takes from the image: libraries, sorted, each with the package that needs it.

    Without what is missing, and without what every image is taken to have.
    """
    linker = _Linker(installed=installed, image=image)
    needs: dict[str, set[tuple[str, str]]] = {folder: set() for folder in installed.folders}
    for roots in _roots_by_package(installed):
        for root in roots:
            (folder,) = (each for each in installed.folders if root.path.startswith(f"{each}/"))
            found = (one.library for one in linker.missing_of(root, frozenset()))
            needs[folder].update((library, root.package) for library in found if library in image.certain)
    return {folder: tuple(sorted(pairs)) for folder, pairs in needs.items()}


def _roots_by_package(installed: InstalledFiles) -> list[list[ElfFile]]:
    """What each package loads: its extension modules, else its libraries that none of its other libraries needs.

    Libraries alone, for a package that has the modules (Qt, CUDA), are followed from there: much of them is plugins.
    """
    by_package: defaultdict[str, list[ElfFile]] = defaultdict(list)
    for file in sorted(installed.files, key=lambda file: file.path):
        by_package[file.package].append(file)
    with_modules = {file.package for file in installed.files if file.is_extension_module}
    for_others = {required for package in with_modules for required in installed.packages_of(package)}
    judged = sorted(set(by_package) - (for_others - with_modules))
    return [_roots(by_package[package]) for package in judged]


def _roots(files: list[ElfFile]) -> list[ElfFile]:
    modules = [file for file in files if file.is_extension_module]
    needed = {library for file in files for library in file.needed}
    return modules or [file for file in files if not {file.soname, posixpath.basename(file.path)} & needed]


def _distinct(missing: list[MissingLibrary]) -> tuple[MissingLibrary, ...]:
    """One for each package and library: the same library is missed by many modules of a package."""
    first: dict[tuple[str, str], MissingLibrary] = {}
    for one in missing:
        first.setdefault((one.package, one.library), one)
    return tuple(first[key] for key in sorted(first))


@dataclass(frozen=True, kw_only=True)
class _Linker:
    """Follows what files need."""

    installed: InstalledFiles
    image: ImageLibraries
    _links: dict[str, tuple[tuple[str, ElfFile | None], ...]] = field(default_factory=dict)

    def missing_of(self, root: ElfFile, in_image: frozenset[str]) -> Iterator[MissingLibrary]:
        """The libraries that loading this file would look for in vain."""
        waiting, seen = [root], {root.path}
        while waiting:
            file = waiting.pop()
            for library, found in self._links_of(file):
                if found is not None and found.path not in seen:
                    seen.add(found.path)
                    waiting.append(found)
                elif found is None and not self._is_elsewhere(library, in_image):
                    yield self._missing(root, file, library)

    def _links_of(self, file: ElfFile) -> tuple[tuple[str, ElfFile | None], ...]:
        if file.path not in self._links:
            self._links[file.path] = tuple((library, self._find(file, library)) for library in file.needed)
        return self._links[file.path]

    def _is_elsewhere(self, library: str, in_image: frozenset[str]) -> bool:
        return (
            library in in_image
            or library in self.installed.kept
            or _OF_THE_HOST.fullmatch(library) is not None
            or _OF_THE_INTERPRETER.fullmatch(library) is not None
        )

    def _find(self, file: ElfFile, library: str) -> ElfFile | None:
        """The installed file that is loaded for that name."""
        for folder in file.search:
            found = self._by_path.get(f"{folder}/{library}")
            if found is not None:
                return found
        candidates = self._by_name.get(library, ())
        known = self.installed.packages_of(file.package) if candidates else frozenset()
        # torchaudio needs torch's libraries without saying so. But torch's copy of libgomp is none that lightgbm can
        # count on: it is there only if torch happens to be imported before.
        is_of_a_system = bool(debian_package(library))
        usable = (other for other in candidates if other.package in known or not is_of_a_system)
        return next(usable, None)

    @cached_property
    def _by_path(self) -> dict[str, ElfFile]:
        return {file.path: file for file in self.installed.files}

    @cached_property
    def _by_name(self) -> dict[str, list[ElfFile]]:
        found: defaultdict[str, list[ElfFile]] = defaultdict(list)
        for file in self.installed.files:
            for name in {file.soname, posixpath.basename(file.path)} - {""}:
                found[name].append(file)
        return found

    def _missing(self, root: ElfFile, file: ElfFile, library: str) -> MissingLibrary:
        return MissingLibrary(
            package=root.package,
            file=self._relative(root.path),
            library=library,
            through="" if file is root else self._relative(file.path),
            debian=debian_package(library),
            instead=requirement_without(root.package, library),
        )

    def _relative(self, path: str) -> str:
        for folder in self.installed.folders:
            if path.startswith(f"{folder}/"):
                return path[len(folder) + 1 :]
        return path

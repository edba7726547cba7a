"""A directory of wheels and source distributions that a build installs from without asking any index.

Named by the setting `wheelhouse`, or found at the top of the project. Only file names are read here: contents are
checked against the lock when they are installed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    parse_sdist_filename,
    parse_wheel_filename,
)

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.settings import Settings

# The names that `pip download` and `pip wheel` are shown with; Cloud Foundry's buildpack reads the second.
USUAL_NAMES = ("wheelhouse", "vendor")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheelhouse:
    """The directory and its distributions, by name. `path` is relative to the project, or whole where it lies outside.

    `named_by` is the variable or file that names it, None where it was found by its name alone. `sha256` is over names
    and sizes: it changes when a file comes, goes, or becomes another one.
    """

    path: str
    directory: str
    packages: frozenset[NormalizedName]
    files: int
    sha256: str
    named_by: str | None

    def __str__(self) -> str:
        """For the log: `wheelhouse (12 files)`."""
        return f"{self.path} ({self.files} {'file' if self.files == 1 else 'files'})"


def find_wheelhouse(files: ProjectFiles, settings: Settings) -> Wheelhouse | None:
    """The wheelhouse; None where there is none. Raises: InvalidSettings, where the setting names something else."""
    if settings.wheelhouse is None:
        found = (_read(files.root, name, named_by=None) for name in USUAL_NAMES)
        return next((wheelhouse for wheelhouse in found if wheelhouse is not None), None)
    origin = settings.origin_of("wheelhouse") or "wheelhouse"
    wheelhouse = _read(files.root, settings.wheelhouse, named_by=origin)
    if wheelhouse is None:
        is_there = (files.root / settings.wheelhouse).is_dir()
        detail = "No wheel or source distribution lies directly in it." if is_there else "There is no such directory."
        raise InvalidSettings(mistakes=(Mistake(where=origin, text=settings.wheelhouse, detail=detail),))
    return wheelhouse


def _read(root: Path, path: str, *, named_by: str | None) -> Wheelhouse | None:
    directory = root / path
    names: set[NormalizedName] = set()
    lines: list[str] = []
    for entry in sorted(directory.iterdir()) if directory.is_dir() else []:
        name = _package_of(entry.name)
        if name is not None and entry.is_file():
            names.add(name)
            lines.append(f"{entry.stat().st_size}  {entry.name}\n")
    if not lines:
        return None
    return Wheelhouse(
        path=path,
        directory=str(directory.resolve()),
        packages=frozenset(names),
        files=len(lines),
        sha256=hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest(),
        named_by=named_by,
    )


def _package_of(filename: str) -> NormalizedName | None:
    """The package of a distribution's file name; None for every other file."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[0]
        # A `.tar.gz` may be anything: one that is called like no distribution is data of the project.
        return parse_sdist_filename(filename)[0] if filename.endswith((".tar.gz", ".zip")) else None
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None

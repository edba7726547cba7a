"""Which Python the application runs on, among those that are there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from packaging.tags import Tag

from ml_buildpack.plan.python_wish import PythonWish


class InterpreterOrigin(Enum):
    """Where an interpreter comes from, best first; the value is how the log says it."""

    UPSTREAM = "provided by an earlier buildpack"
    RUN_IMAGE = "the run image's own"
    PACKAGED = "packaged with this buildpack"
    ASSUMED = "the build image's own, assumed to be in the run image too"
    DOWNLOADED = "downloaded"
    CONDA = "the conda environment's own"
    UNSOLVED = "of the conda environment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """An interpreter that was found and asked about itself, or one that is known by its version before it is there.

    `path` is where it runs during the build, `launch_path` where it runs in the image. `tags` are the wheel tags it
    accepts, best first; `environment` answers PEP 508 markers.
    """

    path: str
    launch_path: str
    version: str
    origin: InterpreterOrigin
    tags: tuple[Tag, ...]
    environment: Mapping[str, str]

    @property
    def minor(self) -> str:
        """For example `3.13`."""
        return ".".join(self.version.split(".")[:2])

    def __str__(self) -> str:
        """For example `Python 3.13.5 (the run image's own)`."""
        if self.origin is InterpreterOrigin.UNSOLVED:
            # Nobody knows yet which one the channels have.
            return f"Python {self.origin.value}"
        return f"Python {self.version} ({self.origin.value})"


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonDownload:
    """A standalone CPython of a downloads table.

    `key` is its name in the table, `build` the name of its archive, which tells apart builds of one version.
    """

    key: str
    version: str
    build: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonPlan:
    """The application's Python, and who asked for it. `download` is what its layer is made from, if it is downloaded.

    `available` are the versions that were there and did not satisfy; `warning` is about the end of its support.
    """

    interpreter: Interpreter
    wish: PythonWish
    download: PythonDownload | None = None
    available: tuple[str, ...] = ()
    warning: str | None = None

    def __str__(self) -> str:
        """For example `Python 3.13.5 (the run image's own): .python-version asks for 3.13, pyproject.toml for 3.*`."""
        wish = str(self.wish)
        return f"{self.interpreter}: {wish}" if wish else str(self.interpreter)


def choose_interpreter(found: Sequence[Interpreter], wish: PythonWish) -> Interpreter | None:
    """The first interpreter that satisfies the wish, if any does; `found` is in order of preference."""
    # Whoever put a release candidate there wants it used.
    return next((each for each in found if wish.allows(each.version, prereleases=True)), None)

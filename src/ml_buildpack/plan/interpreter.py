"""Which Python the application runs on, among those that are there. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from packaging.specifiers import SpecifierSet
from packaging.tags import Tag

from ml_buildpack.errors import Mistake, PythonNotAvailable
from ml_buildpack.facts.python_request import PythonRequest


class InterpreterOrigin(Enum):
    """Where an interpreter comes from; the value is how the log says it."""

    UPSTREAM = "provided by an earlier buildpack"
    RUN_IMAGE = "the run image's own"
    PACKAGED = "packaged with this buildpack"
    ASSUMED = "the build image's own, assumed to be in the run image too"


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """An interpreter that was found and asked about itself.

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
        return f"Python {self.version} ({self.origin.value})"


def choose_interpreter(found: Sequence[Interpreter], requests: Sequence[PythonRequest]) -> Interpreter:
    """The first interpreter that satisfies all requests; `found` is in order of preference.

    Raises: PythonNotAvailable(requests, available).
    """
    for interpreter in found:
        if all(SpecifierSet(request.spec).contains(interpreter.version, prereleases=True) for request in requests):
            return interpreter
    raise PythonNotAvailable(
        requests=tuple(
            Mistake(
                where=request.origin, line=request.line, text=request.text, detail=f"asks for Python {request.spec}"
            )
            for request in requests
        ),
        available=", ".join(interpreter.version for interpreter in found) or None,
    )

"""A conda environment as conda itself reads it: match specs and channels as written, for a solver of conda packages.

The `pip:` section is read as everywhere. Versions are not translated here, but for the Python, which others name too.
Called by `conda_input` where the settings ask for conda's own packages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.conda.environment_file import read_document, read_entries, read_pip_items, shape_mistakes
from ml_buildpack.facts.conda.match_specs import UnusableSpecError, read_match_spec
from ml_buildpack.facts.conda.package_names import pypi_requirement
from ml_buildpack.facts.conda.translation import CondaEntry
from ml_buildpack.facts.conda.yaml_text import YamlValue
from ml_buildpack.facts.index_configuration import holds_login
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import RequirementReading, Requirements

PYTHON = "python"
_NAME = re.compile(r"(?:(?P<channel>\S+)::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaSpec:
    """One item of `dependencies`: a match spec as written, without its channel, which stands beside it."""

    text: str
    name: str
    line: int
    channel: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaWish:
    """What an environment file asks conda for. `channels` may be empty, and may hold credentials."""

    path: str
    specs: tuple[CondaSpec, ...]
    channels: tuple[str, ...] = field(repr=False)

    @property
    def pypi_names(self) -> frozenset[NormalizedName]:
        """The names that the specs' packages have on PyPI, where they are Python packages at all."""
        return frozenset(canonicalize_name(pypi_requirement(spec.name).partition("[")[0]) for spec in self.specs)


@dataclass(frozen=True, kw_only=True, slots=True)
class WishedEnvironment:
    """An environment file: what conda installs, what pip installs, and the Python."""

    wish: CondaWish
    requirements: Requirements
    python_requests: tuple[PythonRequest, ...]
    notes: tuple[str, ...]


def read_wish(files: ProjectFiles, path: str) -> WishedEnvironment:
    """The environment of that file. Raises: RequirementsMalformed, with everything that is wrong with its shape."""
    document = read_document(files, path)
    reading = RequirementReading(files=files)
    reading.add_file(path)
    specs = [_read_spec(path, entry) for entry in read_entries(document)]
    mistakes = [*shape_mistakes(path, document), *(spec for spec in specs if isinstance(spec, Mistake))]
    read_pip_items(reading, path, document)
    reading.mistakes[:0] = mistakes
    wish = CondaWish(
        path=path,
        specs=tuple(spec for spec in specs if isinstance(spec, CondaSpec)),
        channels=_channels(document),
    )
    return WishedEnvironment(
        wish=wish,
        requirements=reading.result(),
        python_requests=tuple(_python_requests(wish)),
        notes=_notes(path, document, wish),
    )


def _read_spec(path: str, entry: CondaEntry) -> CondaSpec | Mistake:
    found = _NAME.match(entry.text)
    if found is None:
        return Mistake(where=path, line=entry.line, text=entry.text, detail="It names no package.")
    return CondaSpec(
        text=entry.text[found.start("name") :],
        name=found["name"].lower(),
        line=entry.line,
        channel=found["channel"],
    )


def _channels(document: YamlValue) -> tuple[str, ...]:
    channels = document.get("channels")
    return tuple(item.text for item in (channels.items() if channels else ()) or () if item.text)


def _python_requests(wish: CondaWish) -> list[PythonRequest]:
    """The Python that the file asks for, where PEP 440 has words for it; the solver is told the spec as it is."""
    found: list[PythonRequest] = []
    for spec in wish.specs:
        if spec.name != PYTHON:
            continue
        try:
            specifier = read_match_spec(spec.text).specifier
        except UnusableSpecError:
            continue
        if specifier:
            found.append(PythonRequest(spec=specifier, origin=wish.path, line=spec.line, text=spec.text))
    return found


def _notes(path: str, document: YamlValue, wish: CondaWish) -> tuple[str, ...]:
    variables = document.get("variables")
    names = ", ".join(name for name, _ in (variables.entries() or ())) if variables is not None else ""
    notes = [f"{path}: its variables are not set in the image, so set them where it runs: {names}"] if names else []
    if any(holds_login(channel) and "${" not in channel for channel in wish.channels):
        notes.append(f"{path} holds the login of a channel, and is part of the image: write ${{NAME}} in its place")
    if not any(spec.name == PYTHON for spec in wish.specs):
        notes.append(f"{path} names no Python: the newest one of the channels that fits the packages is taken")
    return tuple(notes)

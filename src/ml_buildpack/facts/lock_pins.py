"""Whether a file that is not obeyed contradicts the lock that is: both pin a package, and not at a version in common.

Forgiving: what is not obeyed may be broken without harm, so what cannot be read pins nothing. Called by
`dependency_choice`.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from ml_buildpack.errors import BuildpackError, ContradictingInputs, Mistake
from ml_buildpack.facts.dependency_files import read_requirements
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.requirement_lines import RequirementLine
from ml_buildpack.facts.text_encoding import NotTextError, decode_text
from ml_buildpack.facts.toml_files import TomlFile, read_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pin:
    """A package at a version in its normal form, and the line that says it, where that is known."""

    name: NormalizedName
    version: str
    line: int | None = None


# A lock has several versions of a package where different Pythons or platforms need them.
_Pins = Mapping[NormalizedName, tuple[_Pin, ...]]


def check_against_lock(files: ProjectFiles, obeyed: str, other: str) -> None:
    """Nothing, where another lock agrees with the obeyed one. Raises: ContradictingInputs."""
    _check(obeyed, _read_lock(files, obeyed), other, _read_lock(files, other))


def check_against_requirements(files: ProjectFiles, obeyed: str, other: str) -> None:
    """Nothing, where what a requirements file pins with `==` is what the lock has. Raises: ContradictingInputs."""
    try:
        lines = read_requirements(files, (other,)).requirements
    except BuildpackError:
        return
    _check(obeyed, _read_lock(files, obeyed), other, _by_name(pin for line in lines for pin in _pins_of_line(line)))


def _check(obeyed: str, pins: _Pins, other: str, other_pins: _Pins) -> None:
    differing = tuple(
        _difference(obeyed, pins[name], other, other_pins[name])
        for name in sorted(pins.keys() & other_pins.keys())
        if not _versions(pins[name]) & _versions(other_pins[name])
    )
    if differing:
        raise ContradictingInputs(obeyed=obeyed, other=other, pins=differing)


def _difference(obeyed: str, pins: tuple[_Pin, ...], other: str, other_pins: tuple[_Pin, ...]) -> Mistake:
    text = f"{other_pins[0].name}=={' or '.join(sorted(_versions(other_pins)))}"
    detail = f"{obeyed} has {' and '.join(sorted(_versions(pins)))}."
    return Mistake(where=other, line=other_pins[0].line, text=text, detail=detail)


def _versions(pins: tuple[_Pin, ...]) -> frozenset[str]:
    return frozenset(pin.version for pin in pins)


def _by_name(pins: Iterator[_Pin]) -> _Pins:
    found: dict[NormalizedName, tuple[_Pin, ...]] = {}
    for pin in pins:
        found[pin.name] = (*found.get(pin.name, ()), pin)
    return found


def _pin(name: object, version: object, line: int | None = None) -> Iterator[_Pin]:
    """The pin; none where there is no version. A local part is left out, because an index adds it: 2.5.1+cpu."""
    if not isinstance(name, str) or not isinstance(version, str):
        return
    try:
        yield _Pin(name=canonicalize_name(name), version=Version(version).public, line=line)
    except InvalidVersion:
        return


def _pins_of_line(line: RequirementLine) -> Iterator[_Pin]:
    specifier = line.text.partition(";")[0].partition("==")[2].strip()
    if line.url is None and line.local_path is None:
        yield from _pin(line.name, specifier, line.line)


def _read_lock(files: ProjectFiles, path: str) -> _Pins:
    is_json = posixpath.basename(path) == "Pipfile.lock"
    return _by_name(_pins_of_json(files, path) if is_json else _pins_of_toml(files, path))


def _pins_of_toml(files: ProjectFiles, path: str) -> Iterator[_Pin]:
    file = read_toml(files, path)
    if not isinstance(file, TomlFile):
        return
    tables = file.document.get("packages", file.document.get("package"))
    for table in tables if isinstance(tables, list) else []:
        if isinstance(table, dict):
            yield from _pin(table.get("name"), table.get("version"))


def _pins_of_json(files: ProjectFiles, path: str) -> Iterator[_Pin]:
    try:
        document = json.loads(decode_text(files.read_bytes(path)))
    except (NotTextError, OSError, ValueError):
        return
    packages = document.get("default") if isinstance(document, dict) else None
    for name, entry in packages.items() if isinstance(packages, dict) else ():
        version = entry.get("version") if isinstance(entry, dict) else None
        yield from _pin(name, version.removeprefix("==") if isinstance(version, str) else None)

"""A `Pipfile.lock` as exact requirement lines: its default group, and the groups asked for.

Called by the choice between inputs. Source: Pipenv 2026.10, observed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.indexes import Index, option_lines
from ml_buildpack.facts.locks.lock_tables import (
    LockTable,
    header_lines,
    key_lines,
    line_with,
    out_of_date,
    raise_mistakes,
    read_json_lock,
    read_project,
)
from ml_buildpack.facts.locks.marker_clauses import NEVER, Clauses, on_linux
from ml_buildpack.facts.locks.pins import (
    Pin,
    Pins,
    read_archive_address,
    read_hashes,
    read_name,
    read_repository,
    read_version,
    refuse_other_version_control,
)
from ml_buildpack.facts.locks.pipenv_entries import (
    GROUP_NAMES,
    PIPFILE,
    content_hashes,
    read_condition,
    read_index,
    read_requires,
    read_sources,
)
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings

LOCK = "Pipfile.lock"
COMMAND = "pipenv lock"
_KNOWN_SPEC = 6
_DEFAULT = "default"


class _Pipfile(NamedTuple):
    """The file that the lock was made from."""

    table: LockTable
    text: str


def read_pipfile_lock(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """None: there is no `Pipfile.lock`. Raises: LockMalformed, LockOutOfDate, InvalidSettings."""
    if LOCK not in files:
        return None
    lock, text = read_json_lock(files, LOCK, COMMAND)
    _check_version(lock)
    pipfile = _Pipfile(*read_project(files, PIPFILE, lock, COMMAND)) if PIPFILE in files else None
    raise_mistakes(lock, COMMAND)
    notes = _check_fresh(lock, text, pipfile)
    groups = _select_groups(lock, settings)
    reading = RequirementReading(files=files, mistakes=lock.mistakes)
    for path in (LOCK, *((PIPFILE,) if pipfile is not None else ())):
        reading.add_file(path)
    indexes = _read_indexes(lock, pipfile)
    pins, index_of = Pins(path=LOCK), dict[NormalizedName, str]()
    for group in groups:
        for name, entry in _entries(lock, text, group):
            index_of.update(_add_entry(name, entry, pins, indexes))
    reading.add_lines(pins.lines())
    reading.options.extend(option_lines(indexes))
    requests = _python_requests(lock, text, pipfile)
    raise_mistakes(lock, COMMAND)
    return Dependencies(
        kind=InputKind.PIPFILE_LOCK,
        path=LOCK,
        requirements=reading.result(),
        exact=True,
        index_of=index_of,
        python_requests=requests,
        notes=(*notes, *pins.notes),
    )


def _check_version(lock: LockTable) -> None:
    spec = lock.table("_meta").content.get("pipfile-spec")
    if spec != _KNOWN_SPEC:
        found = "missing" if spec is None else f'"{spec}"'
        lock.refuse(f"Its pipfile-spec is {found}; known is {_KNOWN_SPEC}.")


def _check_fresh(lock: LockTable, text: str, pipfile: _Pipfile | None) -> tuple[str, ...]:
    """Notes on what could not be compared. Raises: LockOutOfDate."""
    if pipfile is None:
        return (f"whether {LOCK} is up to date was not checked: there is no {PIPFILE}",)
    known = content_hashes(pipfile.table.content)
    written = lock.table("_meta").table("hash").text("sha256")
    if written in known:
        return ()
    locked = {canonicalize_name(name) for group in lock.content for name in lock.table(group).content}
    declared = (*pipfile.table.table("packages").content, *pipfile.table.table("dev-packages").content)
    hashed = Mistake(
        where=LOCK,
        line=line_with(text, '"sha256"'),
        text=f'"sha256": "{written}"' if written else "",
        detail=f"The {PIPFILE} has the hash {known[0]} now.",
    )
    raise out_of_date(hashed, declared=declared, locked=locked, project=(PIPFILE, pipfile.text), command=COMMAND)


def _select_groups(lock: LockTable, settings: Settings) -> tuple[str, ...]:
    """The groups in the lock's own names, the default one first."""
    own = tuple(group for group in lock.content if group != "_meta")
    aliases = tuple(name for name, group in GROUP_NAMES.items() if group in own)
    _, chosen = select_names(settings, extras=(), groups=(*own, *aliases), where=LOCK)
    by_name = {canonicalize_name(name): GROUP_NAMES.get(name, name) for name in (*own, *aliases)}
    return tuple(dict.fromkeys([_DEFAULT, *(group for name, group in sorted(by_name.items()) if name in chosen)]))


def _read_indexes(lock: LockTable, pipfile: _Pipfile | None) -> tuple[Index, ...]:
    if pipfile is not None:
        return read_sources(pipfile.table.tables("source", header_lines(pipfile.text, "source")))
    return read_sources(lock.table("_meta").tables("sources"))


def _entries(lock: LockTable, text: str, group: str) -> list[tuple[str, LockTable]]:
    lines = key_lines(text, group)
    table = lock.table(group)
    return [(name, table.table(name).at(lines.get(name))) for name in table.content]


def _add_entry(written: str, entry: LockTable, pins: Pins, indexes: tuple[Index, ...]) -> dict[NormalizedName, str]:
    """One package; its index, where that is not the public one."""
    refuse_other_version_control(entry)
    name = read_name(entry, written)
    condition = read_condition(entry, name)
    pin = Pin(name=name, line=entry.line, clauses=condition, hashes=read_hashes(entry, entry.texts("hashes")))
    directory = entry.text("subdirectory")
    if "git" in entry.content:
        url = read_repository(entry, entry.required_text("git"), entry.text("ref"), directory)
        pins.add(entry, replace(pin, url=url, hashes=()))
    elif "path" in entry.content:
        path = entry.required_text("path")
        pins.add(entry, replace(pin, local_path=path, editable=entry.flag("editable")))
    elif "file" in entry.content:
        pins.add(entry, _file_pin(entry, pin, directory))
    elif _is_pinned(entry, name, condition):
        version = read_version(entry, (entry.text("version") or "").lstrip("="))
        pins.add(entry, replace(pin, version=version))
        return read_index(entry, name, indexes)
    return {}


def _file_pin(entry: LockTable, pin: Pin, directory: str | None) -> Pin:
    written = entry.required_text("file")
    if written.startswith(("http://", "https://")):
        return replace(pin, url=read_archive_address(entry, written, directory))
    return replace(pin, local_path=written.removeprefix("file://"))


def _is_pinned(entry: LockTable, name: str, condition: Clauses) -> bool:
    version = entry.text("version") or "*"
    if version.startswith("=="):
        return True
    # Pipenv does not resolve what the machine that it runs on does not need, and leaves it without a version.
    if on_linux(condition) != NEVER:
        detail = f'It has no exact version, but "{version}". Lock it on Linux, where it is needed.'
        entry.refuse(detail, text=name)
    return False


def _python_requests(lock: LockTable, text: str, pipfile: _Pipfile | None) -> tuple[PythonRequest, ...]:
    keys = ("python_version", "python_full_version")
    locked = {key: line_with(text, f'"{key}"', below='"requires"') for key in keys}
    requests = read_requires(lock.table("_meta").table("requires"), locked)
    if pipfile is None:
        return requests
    own = {key: line_with(pipfile.text, rf"{key}\s*=", below=r"\[requires\]") for key in keys}
    return (*read_requires(pipfile.table.table("requires"), own), *requests)

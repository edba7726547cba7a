"""A `Pipfile` without a lock as loose requirement lines: its packages, and the groups asked for.

Called by the choice between inputs. Source: Pipenv 2026.10, "Pipfile", and its observed behaviour.
"""

from __future__ import annotations

import re
from dataclasses import replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.errors import Mistake, RequirementsMalformed
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.locks.indexes import option_lines
from ml_buildpack.facts.locks.lock_tables import LockTable, header_lines, line_with
from ml_buildpack.facts.locks.marker_clauses import marker_text
from ml_buildpack.facts.locks.pins import read_name
from ml_buildpack.facts.locks.pipenv_entries import (
    PIPFILE,
    other_groups,
    read_condition,
    read_index,
    read_requires,
    read_sources,
)
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.requirement_lines import MalformedLineError, RequirementLine, read_requirement_line
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.toml_files import TomlFile, read_toml

_DEFAULT = "packages"
_DEVELOPMENT = "dev-packages"
_VERSION_CONTROLS = ("git", "hg", "svn", "bzr")
_COMPARISONS = ("<", ">", "=", "!", "~")
# Whatever ends a line would begin another one, with options of its own.
_LINE_END = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def read_pipfile(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """None: there is no `Pipfile`. Raises: RequirementsMalformed, InvalidSettings."""
    if PIPFILE not in files:
        return None
    file = read_toml(files, PIPFILE)
    if not isinstance(file, TomlFile):
        raise RequirementsMalformed(mistakes=(file or Mistake(where=PIPFILE, detail="It is gone."),))
    reading = RequirementReading(files=files)
    document = LockTable(path=PIPFILE, line=1, content=file.document, mistakes=reading.mistakes)
    reading.add_file(PIPFILE)
    indexes = read_sources(document.tables("source", header_lines(file.text, "source")))
    reading.options.extend(option_lines(indexes))
    index_of: dict[NormalizedName, str] = {}
    for group in _select_groups(document, settings):
        for name, entry in _entries(document, file.text, group):
            line = _read_entry(name, entry)
            if line is None:
                continue
            reading.add_lines([line])
            if line.name is not None and line.url is None and line.local_path is None:
                index_of.update(read_index(entry, line.name, indexes))
    requires = document.table("requires")
    lines = {key: line_with(file.text, rf"{key}\s*=", below=r"\[requires\]") for key in requires.content}
    requests = read_requires(requires, lines)
    return Dependencies(
        kind=InputKind.PIPFILE,
        path=PIPFILE,
        requirements=reading.result(),
        index_of=index_of,
        python_requests=requests,
    )


def _select_groups(document: LockTable, settings: Settings) -> tuple[str, ...]:
    own = (_DEFAULT, _DEVELOPMENT, *other_groups(document.content))
    aliases = {"default": _DEFAULT, "develop": _DEVELOPMENT, "dev": _DEVELOPMENT}
    _, chosen = select_names(settings, extras=(), groups=(*own, *aliases), where=PIPFILE)
    by_name = {canonicalize_name(name): aliases.get(name, name) for name in (*own, *aliases)}
    return tuple(dict.fromkeys([_DEFAULT, *(group for name, group in sorted(by_name.items()) if name in chosen)]))


def _entries(document: LockTable, text: str, group: str) -> list[tuple[str, LockTable]]:
    """The packages of the group; an entry that is only a version is a table with that version."""
    table = document.table(group)
    found: list[tuple[str, LockTable]] = []
    for name, value in table.content.items():
        line = line_with(text, rf"""["']?{re.escape(name)}["']?\s*=""", below=rf"\[{re.escape(group)}\]")
        line = line or line_with(text, rf"\[{re.escape(group)}\.{re.escape(name)}\]")
        entry = table.with_content({"version": value} if isinstance(value, str) else {}).at(line)
        found.append((name, table.table(name).at(line) if isinstance(value, dict) else entry))
        if not isinstance(value, (dict, str)):
            entry.refuse(f'"{name}" must be text or a table.', text=name)
    return found


def _read_entry(written: str, entry: LockTable) -> RequirementLine | None:
    """The package as a line in pip's format; None where it cannot be, which is a mistake."""
    name = read_name(entry, written)
    marker = marker_text(read_condition(entry, name))
    try:
        body = _body(name, entry)
        line = _read_line(f"{body} ; {marker}" if marker else body, entry)
    except MalformedLineError as error:
        entry.refuse(str(error), text=written)
        return None
    return replace(line, name=name)


def _read_line(text: str, entry: LockTable) -> RequirementLine:
    if _LINE_END.search(text) is not None:
        raise MalformedLineError("It has a line break in it.")
    return read_requirement_line(
        path=PIPFILE, line=entry.line, text=text, hashes=(), editable=entry.flag("editable")
    )  # fmt: skip


def _body(name: str, entry: LockTable) -> str:
    extras = f"[{','.join(entry.texts('extras'))}]" if entry.texts("extras") else ""
    for kind in _VERSION_CONTROLS:
        if kind in entry.content:
            return f"{name}{extras} @ {_repository(kind, entry)}"
    for key in ("path", "file"):
        if key in entry.content:
            written = entry.required_text(key)
            is_whole = "://" in written or written.startswith(".")
            return f"{name}{extras} @ {written}" if "://" in written else f"{'' if is_whole else './'}{written}{extras}"
    version = (entry.text("version") or "*").strip()
    if version != "*" and not version.startswith(_COMPARISONS):
        raise MalformedLineError(f'"{version}" compares nothing. Write "=={version}", or "*" for any.')
    if version != "*" and not _is_specifier(version):
        raise MalformedLineError(f'"{version}" is not a version, such as ">=1.2,<2".')
    return f"{name}{extras}{'' if version == '*' else version}"


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def _repository(kind: str, entry: LockTable) -> str:
    address = entry.required_text(kind).removeprefix(f"{kind}+")
    ref, directory = entry.text("ref"), entry.text("subdirectory")
    return f"{kind}+{address}" + (f"@{ref}" if ref else "") + (f"#subdirectory={directory}" if directory else "")

"""What `[tool.poetry]` declares, where no lock says more: the dependencies, chosen extras and groups, and the Python.

Poetry's words, translated. Called by `pyproject_input`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.package_sources import PackageSources
from ml_buildpack.facts.poetry_constraints import UnusableConstraintError, translate_constraint
from ml_buildpack.facts.poetry_entries import PoetryEntry, read_entries
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_lines import MalformedLineError, RequirementLine, read_requirement_line
from ml_buildpack.facts.spelling import did_you_mean
from ml_buildpack.facts.toml_files import TomlFile
from ml_buildpack.facts.toml_items import line_of_key

_MAIN = "tool.poetry.dependencies"


@dataclass(kw_only=True, slots=True)
class PoetryDependencies:
    """What was found; grows table by table. `index_of` holds the address of a package's own index."""

    file: TomlFile
    sources: PackageSources
    lines: list[RequirementLine] = field(default_factory=list)
    index_of: dict[NormalizedName, str] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    groups_read: set[str] = field(default_factory=set)

    def read_main(self, extras: frozenset[str]) -> None:
        """The dependencies of the project itself, and the optional ones that those extras ask for."""
        asked = _packages_of_extras(self.file, extras)
        for entry, key in self._entries(_MAIN):
            if not entry.optional or entry.name in asked:
                self._add(entry, _MAIN, key)

    def read_group(self, name: str) -> None:
        """The dependencies of a group, and of the groups that it includes; each group once."""
        groups = self.file.table("tool", "poetry", "group") or {}
        for written, table in groups.items():
            if canonicalize_name(written) != canonicalize_name(name) or written in self.groups_read:
                continue
            self.groups_read.add(written)
            included = table.get("include-groups", []) if isinstance(table, dict) else []
            for other in included if isinstance(included, list) else []:
                self.read_group(str(other))
            for entry, key in self._entries(f"tool.poetry.group.{written}.dependencies"):
                self._add(entry, f"tool.poetry.group.{written}.dependencies", key)

    def read_places(self, lines: list[RequirementLine]) -> None:
        """Complete `[project]` lines by what Poetry adds to them: an index, a repository, a path or an address."""
        places = {entry.name: (entry, key) for entry, key in self._entries(_MAIN)}
        for line in lines:
            entry, key = places.get(line.name or canonicalize_name(""), (None, ""))
            if entry is None or " @ " not in entry.requirement:
                self.lines.append(line)
                self._note_index(line.name, entry, _MAIN, key)
            else:
                self._add(entry, _MAIN, key)

    def _entries(self, table: str) -> Iterator[tuple[PoetryEntry, str]]:
        for key, value in (self.file.table(*table.split(".")) or {}).items():
            if canonicalize_name(key) == "python":
                continue
            try:
                entries = read_entries(key, value)
            except UnusableConstraintError as error:
                self._refuse(table, key, str(error))
                continue
            yield from ((entry, key) for entry in entries)

    def _add(self, entry: PoetryEntry, table: str, key: str) -> None:
        line = line_of_key(self.file, table, key)
        try:
            self.lines.append(
                read_requirement_line(
                    path=self.file.path, line=line, text=entry.requirement, hashes=(), editable=entry.editable
                )
            )
        except MalformedLineError as error:
            self._refuse(table, key, str(error))
        else:
            self._note_index(entry.name, entry, table, key)

    def _note_index(self, name: NormalizedName | None, entry: PoetryEntry | None, table: str, key: str) -> None:
        if name is None or entry is None or entry.source is None:
            return
        url = self.sources.urls.get(entry.source.lower())
        if url is None:
            known = did_you_mean(entry.source, self.sources.urls)
            self._refuse(table, key, f'There is no source "{entry.source}" in [[tool.poetry.source]].{known}')
        else:
            self.index_of[name] = url

    def _refuse(self, table: str, key: str, detail: str) -> None:
        line = line_of_key(self.file, table, key)
        self.mistakes.append(Mistake(where=self.file.path, line=line, text=self.file.line_text(line), detail=detail))


def poetry_extras(file: TomlFile) -> tuple[str, ...]:
    """The names of `[tool.poetry.extras]`."""
    return tuple(file.table("tool", "poetry", "extras") or {})


def poetry_groups(file: TomlFile) -> tuple[str, ...]:
    """The names of `[tool.poetry.group]`."""
    return tuple(file.table("tool", "poetry", "group") or {})


def read_poetry_python(file: TomlFile) -> PythonRequest | Mistake | None:
    """The Python of `[tool.poetry.dependencies]`; None where none is asked for, or any will do."""
    dependencies = file.table("tool", "poetry", "dependencies") or {}
    value = dependencies.get("python")
    if not isinstance(value, str):
        return None
    line = line_of_key(file, _MAIN, "python")
    try:
        spec = translate_constraint(value)
    except UnusableConstraintError as error:
        return Mistake(where=file.path, line=line, text=file.line_text(line), detail=str(error))
    return PythonRequest(spec=spec, origin=file.path, line=line, text=value) if spec else None


def _packages_of_extras(file: TomlFile, extras: frozenset[str]) -> frozenset[NormalizedName]:
    declared = file.table("tool", "poetry", "extras") or {}
    asked = (names for extra, names in declared.items() if canonicalize_name(extra) in extras)
    return frozenset(canonicalize_name(str(name)) for names in asked if isinstance(names, list) for name in names)

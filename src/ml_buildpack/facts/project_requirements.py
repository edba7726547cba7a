"""The standard tables of a pyproject.toml: dependencies, extras and dependency groups, each line with its place.

Reads no other file. Called by `pyproject_input`. Sources: the "pyproject.toml specification" and "Dependency Groups" of
packaging.python.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from packaging.dependency_groups import DependencyGroupResolver
from packaging.errors import ExceptionGroup
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.requirement_hints import explain_malformed
from ml_buildpack.facts.requirement_lines import MalformedLineError, RequirementLine, read_requirement_line
from ml_buildpack.facts.toml_files import TomlFile
from ml_buildpack.facts.toml_items import line_of_item, line_of_key

_EXTRAS_TABLE = "project.optional-dependencies"
_GROUPS_TABLE = "dependency-groups"
# PDM writes the project's own directory this way; as a `file:` path it is relative to the project.
_PDM_ROOT = re.compile(r"file:/*\$\{PROJECT_ROOT\}/*")


@dataclass(kw_only=True, slots=True)
class ProjectRequirements:
    """What was found; grows list by list."""

    file: TomlFile
    lines: list[RequirementLine] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def read_dependencies(self) -> None:
        """`[project] dependencies`. What the project asks of itself is its own extras, and is read as they are."""
        table = self.file.table("project") or {}
        for text in self._texts("project", "dependencies", table.get("dependencies")):
            self._add("project", "dependencies", text, seen=frozenset())

    def read_extra(self, name: str, *, marker: str | None = None, seen: frozenset[str] = frozenset()) -> None:
        """The list of that extra, and of those that it includes by naming the project itself."""
        for extra, value in (self.file.table("project", "optional-dependencies") or {}).items():
            if canonicalize_name(extra) != canonicalize_name(name) or canonicalize_name(name) in seen:
                continue
            for text in self._texts(_EXTRAS_TABLE, extra, value):
                self._add(_EXTRAS_TABLE, extra, text, marker=marker, seen=seen | {canonicalize_name(name)})

    def read_group(self, name: str) -> None:
        """The requirements of that dependency group and of the groups that it includes."""
        groups = self.file.table(_GROUPS_TABLE) or {}
        try:
            # Its own checks are the proof of what the type says here.
            resolved = DependencyGroupResolver(groups).resolve(name)  # type: ignore[arg-type]
        except (ExceptionGroup, LookupError) as error:
            self.mistakes.extend(self._group_mistakes(error))
            return
        places = dict(_places_in_groups(groups))
        for requirement in resolved:
            key, written = places.get(str(requirement), (name, str(requirement)))
            self._add(_GROUPS_TABLE, key, written, seen=frozenset())

    def _texts(self, table: str, key: str, value: object) -> Iterator[str]:
        if value is None:
            return
        if not isinstance(value, list) or any(not isinstance(item, str) for item in value):
            self._refuse(table, key, line_of_key(self.file, table, key), "It must be a list of texts.")
            return
        yield from value

    def _add(self, table: str, key: str, text: str, *, marker: str | None = None, seen: frozenset[str]) -> None:
        number = line_of_item(self.file, table, key, text)
        try:
            line = _read_line(self.file.path, number, text, marker)
        except MalformedLineError as error:
            self.mistakes.append(Mistake(where=self.file.path, line=number, text=text, detail=str(error)))
            return
        if line.name != _own_name(self.file):
            self.lines.append(line)
            return
        for extra in line.extras:
            self.read_extra(extra, marker=line.marker, seen=seen)

    def _group_mistakes(self, error: Exception) -> Iterator[Mistake]:
        errors = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        for one in errors:
            if isinstance(one, ExceptionGroup):
                yield from self._group_mistakes(one)
            else:
                line = self.file.line_of("", _GROUPS_TABLE)
                text = f"[{_GROUPS_TABLE}]"
                yield Mistake(
                    where=self.file.path, line=line, text=text, detail=f"{str(one).strip()}.".replace("..", ".")
                )

    def _refuse(self, table: str, key: str, number: int, detail: str) -> None:
        self.mistakes.append(Mistake(where=self.file.path, line=number, text=f"[{table}] {key}", detail=detail))


def project_extras(file: TomlFile) -> tuple[str, ...]:
    """The names of `[project.optional-dependencies]`."""
    return tuple(file.table("project", "optional-dependencies") or {})


def project_groups(file: TomlFile) -> tuple[str, ...]:
    """The names of `[dependency-groups]`."""
    return tuple(file.table(_GROUPS_TABLE) or {})


def dynamic_fields(file: TomlFile) -> frozenset[str]:
    """What `[project]` leaves to the build backend."""
    dynamic = (file.table("project") or {}).get("dynamic")
    return frozenset(str(name) for name in dynamic) if isinstance(dynamic, list) else frozenset()


def _own_name(file: TomlFile) -> NormalizedName | None:
    name = (file.table("project") or {}).get("name")
    return canonicalize_name(name) if isinstance(name, str) else None


def _read_line(path: str, number: int, written: str, marker: str | None) -> RequirementLine:
    text = _PDM_ROOT.sub("file:", written)
    try:
        # Paths and bare addresses, which requirements files may have, are not allowed in a pyproject.toml.
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise MalformedLineError(explain_malformed(text, str(error))) from error
    if marker is not None:
        both = f"({requirement.marker}) and ({marker})" if requirement.marker is not None else marker
        requirement.marker = None
        text = f"{requirement} ; {both}"
    return read_requirement_line(path=path, line=number, text=text, hashes=(), editable=False)


def _places_in_groups(groups: dict[str, object]) -> Iterator[tuple[str, tuple[str, str]]]:
    """How `packaging` writes each requirement of a group, with the group and what was written."""
    for key, items in groups.items():
        for item in items if isinstance(items, list) else []:
            if isinstance(item, str):
                yield str(Requirement(item)), (key, item)

"""A pyproject.toml without a lock as an input: standard tables, Poetry's tables, or the whole file for its backend.

Only reads. Called by `dependency_choice`. The file itself is handed to the resolver where its text does not hold the
answer: dynamic dependencies, and settings of uv that only uv obeys.
"""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from ml_buildpack.errors import Mistake, RequirementsMalformed
from ml_buildpack.facts.dependencies import Dependencies, InputKind, ProjectSource
from ml_buildpack.facts.locks.selection import select_names
from ml_buildpack.facts.package_sources import read_pdm_sources, read_poetry_sources
from ml_buildpack.facts.poetry_dependencies import (
    PoetryDependencies,
    poetry_extras,
    poetry_groups,
    read_poetry_python,
)
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.project_requirements import (
    ProjectRequirements,
    dynamic_fields,
    project_extras,
    project_groups,
)
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_lines import RequirementLine
from ml_buildpack.facts.requirement_reading import RequirementReading
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.toml_files import TomlFile, read_toml

PYPROJECT_FILE = "pyproject.toml"
# Where packages come from and which versions are allowed, in words that only uv knows.
_UV_KEYS = (
    "sources", "index", "index-url", "extra-index-url", "find-links", "no-index", "constraint-dependencies",
    "override-dependencies", "exclude-dependencies", "prerelease", "resolution", "index-strategy",
)  # fmt: skip


def read_pyproject(files: ProjectFiles, settings: Settings) -> Dependencies | None:
    """What the file declares; None where it is not there or declares nothing, as one that only configures tools.

    Raises: InvalidSettings for extras and groups that do not exist; RequirementsMalformed.
    """
    file = read_toml(files, PYPROJECT_FILE)
    if isinstance(file, Mistake):
        raise RequirementsMalformed(mistakes=(file,))
    if file is None or not _declares(file, settings):
        return None
    _check_selection(file, settings)
    reading = RequirementReading(files=files)
    reading.add_file(file.path)
    python_requests = _python_requests(file, reading)
    reason = _reason_for_backend(file, settings)
    if reason is not None:
        return Dependencies(
            kind=InputKind.PYPROJECT,
            path=file.path,
            requirements=reading.result(),
            sources=(ProjectSource(path=file.path, extras=settings.extras, groups=settings.groups),),
            python_requests=python_requests,
            notes=(f"{file.path}: {reason}",),
        )
    poetry = _read_tables(file, settings, reading)
    return Dependencies(
        kind=InputKind.PYPROJECT,
        path=file.path,
        requirements=reading.result(),
        index_of=poetry.index_of,
        python_requests=python_requests,
    )


def declares_dependencies(files: ProjectFiles, settings: Settings) -> bool:
    """Whether there is such a file and it declares something; many only configure tools."""
    file = read_toml(files, PYPROJECT_FILE)
    return isinstance(file, TomlFile) and _declares(file, settings)


def _check_selection(file: TomlFile, settings: Settings) -> None:
    """Nothing, where every chosen extra and group is declared there. Raises: InvalidSettings, with all that are not."""
    # What the build backend decides cannot be checked before it is asked.
    dynamic = settings.extras if "optional-dependencies" in dynamic_fields(file) else ()
    extras = (*project_extras(file), *poetry_extras(file), *dynamic)
    groups = (*project_groups(file), *poetry_groups(file))
    select_names(settings, extras=extras, groups=groups, where=file.path)


def _declares(file: TomlFile, settings: Settings) -> bool:
    project = file.table("project") or {}
    return bool(
        "dependencies" in project
        or "dependencies" in dynamic_fields(file)
        or file.table("tool", "poetry", "dependencies") is not None
        or (settings.extras and project_extras(file))
        or (settings.groups and (project_groups(file) or poetry_groups(file)))
    )


def _reason_for_backend(file: TomlFile, settings: Settings) -> str | None:
    """Why the resolver has to read the file itself; None where its tables say everything."""
    is_poetry = file.table("tool", "poetry", "dependencies") is not None
    if "dependencies" in dynamic_fields(file) and not is_poetry:
        return "its dependencies are dynamic, so its build backend is asked for them"
    if settings.extras and "optional-dependencies" in dynamic_fields(file):
        return "its extras are dynamic, so its build backend is asked for them"
    uv = file.table("tool", "uv") or {}
    found = next((key for key in _UV_KEYS if key in uv), None)
    if found is not None:
        return f"[tool.uv] sets {found}, which only uv can obey"
    if "{root:" in file.text:
        return "it names paths as {root:...}, which its build backend fills in"
    return None


def _read_tables(file: TomlFile, settings: Settings, reading: RequirementReading) -> PoetryDependencies:
    """Add the lines of all tables that count to the reading."""
    sources = read_poetry_sources(file) if file.table("tool", "poetry") is not None else read_pdm_sources(file)
    project = ProjectRequirements(file=file)
    poetry = PoetryDependencies(file=file, sources=sources)
    project.read_dependencies()
    if "dependencies" in (file.table("project") or {}):
        poetry.read_places(project.lines)
        project.lines.clear()
    else:
        poetry.read_main(frozenset(canonicalize_name(extra) for extra in settings.extras))
    for extra in settings.extras:
        project.read_extra(extra)
    standard = {canonicalize_name(group) for group in project_groups(file)}
    for group in settings.groups:
        if canonicalize_name(group) in standard:
            project.read_group(group)
        poetry.read_group(group)
    reading.mistakes.extend((*sources.mistakes, *project.mistakes, *poetry.mistakes))
    reading.add_lines((*sources.options, *_without_repetitions([*poetry.lines, *project.lines])))
    return poetry


def _without_repetitions(lines: list[RequirementLine]) -> list[RequirementLine]:
    """The lines, each text once: extras and groups often name what the project asks for already."""
    by_text: dict[str, RequirementLine] = {}
    for line in lines:
        by_text.setdefault(line.text, line)
    return list(by_text.values())


def _python_requests(file: TomlFile, reading: RequirementReading) -> tuple[PythonRequest, ...]:
    """`requires-python`, and Poetry's `python`. One that is no specifier is reported with the other Python versions."""
    found: list[PythonRequest] = []
    value = (file.table("project") or {}).get("requires-python")
    if isinstance(value, str):
        try:
            spec = str(SpecifierSet(value))
        except InvalidSpecifier:
            spec = ""
        line = file.line_of("project", "requires-python")
        found += [PythonRequest(spec=spec, origin=file.path, line=line, text=value)] if spec else []
    poetry = read_poetry_python(file)
    if isinstance(poetry, Mistake):
        reading.mistakes.append(poetry)
    elif poetry is not None:
        found.append(poetry)
    return tuple(found)

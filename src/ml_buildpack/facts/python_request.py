"""Which Python the project asks for, and where: every request with its origin, none of them weighed.

Sources, in this order: the setting, the files of `python_files`, `requires-python` of pyproject.toml. What a lock or an
environment asks for comes with the dependencies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_files import EXPECTED, VersionFile, WrittenVersion, read_version_files
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.toml_files import TomlFile, read_toml

_PREFIX = re.compile(r"(?:c?python)?[-@]?(?=\d)", re.IGNORECASE)
_MINOR_ONLY = re.compile(r"\d+(?:\.\d+)?")
_WILDCARD = re.compile(r"(\d+(?:\.\d+)?)\.[*xX]")
_OPERATORS = "<>=!~"


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonRequest:
    """A PEP 440 specifier, and where it comes from: a variable or a file, with the line and the text as written.

    `from_setting`: it was set for the build, and wins over what files ask for.
    """

    spec: str
    origin: str
    line: int | None
    text: str
    from_setting: bool = False


def read_python_requests(files: ProjectFiles, settings: Settings) -> tuple[PythonRequest, ...]:
    """All requests. "3.12" asks for any 3.12, "3.12.4" for that release. Raises: InvalidSettings, with all mistakes.

    Where there is a setting, a file that names no usable version is passed over: it would not be obeyed anyway.
    """
    found = [*_read_files(files), *_read_requires_python(files)]
    if settings.python is not None:
        setting = _read_setting(settings.origin_of("python") or "BP_PYTHON_VERSION", settings.python)
        found = [setting, *(item for item in found if isinstance(item, PythonRequest))]
    mistakes = tuple(item for item in found if isinstance(item, Mistake))
    if mistakes:
        raise InvalidSettings(mistakes=mistakes)
    return tuple(item for item in found if isinstance(item, PythonRequest))


def _read_setting(origin: str, text: str) -> PythonRequest | Mistake:
    spec = _specifier(text)
    if spec is None:
        return _not_a_version(origin, None, text)
    return PythonRequest(spec=spec, origin=origin, line=None, text=text, from_setting=True)


def _read_files(files: ProjectFiles) -> list[PythonRequest | Mistake]:
    return [
        file if isinstance(file, Mistake) else _first_usable(file)
        for file in read_version_files(files)
        if isinstance(file, Mistake) or file.versions
    ]


def _first_usable(file: VersionFile) -> PythonRequest | Mistake:
    """Files of pyenv also name environments and other implementations, which nobody else has."""
    for version in file.versions:
        spec = _specifier_of(version)
        if spec is not None:
            return PythonRequest(spec=spec, origin=file.path, line=version.line, text=version.text)
    return _not_a_version(file.path, file.versions[0].line, file.versions[0].text)


def _specifier_of(version: WrittenVersion) -> str | None:
    return _specifier(".".join(version.text.split(".")[:2]) if version.recorded else version.text)


def _read_requires_python(files: ProjectFiles) -> list[PythonRequest | Mistake]:
    pyproject = read_toml(files, "pyproject.toml")
    # A file that is not TOML is reported with the settings, which may stand in it too.
    project = pyproject.table("project") if isinstance(pyproject, TomlFile) else None
    if not isinstance(pyproject, TomlFile) or project is None or "requires-python" not in project:
        return []
    line = pyproject.line_of("project", "requires-python")
    value = project["requires-python"]
    if not isinstance(value, str):
        text = pyproject.line_text(line) if line is not None else "requires-python"
        return [Mistake(where=pyproject.path, line=line, text=text, detail="It must be text in quotes.")]
    spec = _specifier(value)
    if spec is None:
        return [_not_a_version(pyproject.path, line, value)]
    return [PythonRequest(spec=spec, origin=pyproject.path, line=line, text=value)]


def _not_a_version(origin: str, line: int | None, text: str) -> Mistake:
    return Mistake(where=origin, line=line, text=text, detail=f"This is not a version of Python. {EXPECTED}")


def _specifier(text: str) -> str | None:
    """The PEP 440 specifier that the text means; None where it means none."""
    text = text.strip()
    if text.startswith(tuple(_OPERATORS)):
        return _checked(text)
    version = _PREFIX.sub("", text, count=1)
    wildcard = _WILDCARD.fullmatch(version)
    if wildcard is not None:
        return f"=={wildcard.group(1)}.*"
    if _MINOR_ONLY.fullmatch(version) is not None:
        return f"=={version}.*"
    try:
        return f"=={Version(version)}"
    except InvalidVersion:
        return None


def _checked(text: str) -> str | None:
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        return None

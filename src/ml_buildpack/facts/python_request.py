"""Which Python the project asks for, and where: every request with its origin, none of them weighed.

Sources, in this order: the setting, `.python-version`, `runtime.txt`, `requires-python` of pyproject.toml.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.text_encoding import NotTextError, decode_text
from ml_buildpack.facts.toml_files import TomlFile, read_toml

_VERSION_FILES = (".python-version", "runtime.txt")
_PREFIX = re.compile(r"(?:c?python)?[-@]?(?=\d)", re.IGNORECASE)
_MINOR_ONLY = re.compile(r"\d+(?:\.\d+)?")
_WILDCARD = re.compile(r"(\d+(?:\.\d+)?)\.[*xX]")
_OPERATORS = "<>=!~"
_EXPECTED = 'Write a version such as "3.12", or a specifier such as ">=3.11,<3.13".'


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonRequest:
    """A PEP 440 specifier, and where it comes from: a variable or a file, with the line and the text as written."""

    spec: str
    origin: str
    line: int | None
    text: str


def read_python_requests(files: ProjectFiles, settings: Settings) -> tuple[PythonRequest, ...]:
    """All requests. "3.12" asks for any 3.12, "3.12.4" for that release. Raises: InvalidSettings, with all mistakes."""
    found: list[PythonRequest | Mistake] = []
    if settings.python is not None:
        found.append(_read_request(settings.origin_of("python") or "BP_PYTHON_VERSION", None, settings.python))
    found.extend(_read_version_file(files, path) for path in _VERSION_FILES if path in files)
    found.extend(_read_requires_python(files))
    mistakes = tuple(item for item in found if isinstance(item, Mistake))
    if mistakes:
        raise InvalidSettings(mistakes=mistakes)
    return tuple(item for item in found if isinstance(item, PythonRequest))


def _read_version_file(files: ProjectFiles, path: str) -> PythonRequest | Mistake:
    try:
        text = decode_text(files.read_bytes(path))
    except NotTextError as error:
        return Mistake(where=path, detail=str(error))
    except OSError as error:
        return Mistake(where=path, detail=f"It cannot be read: {error.strerror}.")
    lines = [(number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), start=1)]
    written = [(number, line) for number, line in lines if line]
    if not written:
        return Mistake(where=path, detail=f"It names no version. {_EXPECTED}")
    if len(written) > 1:
        names = ", ".join(line for _, line in written)
        return Mistake(
            where=path, line=written[1][0], text=written[1][1], detail=f"It names several versions: {names}."
        )
    return _read_request(path, *written[0])


def _read_requires_python(files: ProjectFiles) -> list[PythonRequest | Mistake]:
    pyproject = read_toml(files, "pyproject.toml")
    # A file that is not TOML is reported with the settings, which may stand in it too.
    project = pyproject.table("project") if isinstance(pyproject, TomlFile) else None
    if not isinstance(pyproject, TomlFile) or project is None or "requires-python" not in project:
        return []
    line = pyproject.line_of("project", "requires-python")
    value = project["requires-python"]
    if isinstance(value, str):
        return [_read_request(pyproject.path, line, value)]
    text = pyproject.line_text(line) if line is not None else "requires-python"
    return [Mistake(where=pyproject.path, line=line, text=text, detail="It must be text in quotes.")]


def _read_request(origin: str, line: int | None, text: str) -> PythonRequest | Mistake:
    spec = _specifier(text.strip())
    if spec is None:
        return Mistake(where=origin, line=line, text=text, detail=f"This is not a version of Python. {_EXPECTED}")
    return PythonRequest(spec=spec, origin=origin, line=line, text=text)


def _specifier(text: str) -> str | None:
    """The PEP 440 specifier that the text means; None where it means none."""
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

"""The files of a project that name a Python version, and the lines of each that do. Weighs and translates nothing.

Each reader gives the lines in the file's order of preference: pyenv and asdf try one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.text_encoding import NotTextError, decode_text

# "Whatever this machine has": no version is asked for. Source: pyenv and asdf.
_ANY = "system"
_TOOL_NAMES = frozenset({"python", "core:python"})
EXPECTED = 'Write a version such as "3.12", or a specifier such as ">=3.11,<3.13".'
_RECORDED_RELEASE = re.compile(r"(\d+\.\d+)(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenVersion:
    """A version as a file has it. `recorded`: a tool noted what it ran on, and nobody asked for that very release."""

    line: int
    text: str
    recorded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionFile:
    """A file that names versions, the one to prefer first. None at all: the file asks for nothing."""

    path: str
    versions: tuple[WrittenVersion, ...]


_Reader = Callable[[list[tuple[int, str]]], list[WrittenVersion] | None]


def read_version_files(files: ProjectFiles) -> tuple[VersionFile | Mistake, ...]:
    """Every such file that is there, with a mistake for one that cannot be read or should name a version and does not.

    The files lie at the top of the project.
    """
    return tuple(_read(files, path, reader) for path, reader in _READERS.items() if path in files)


def _read(files: ProjectFiles, path: str, reader: _Reader) -> VersionFile | Mistake:
    try:
        text = decode_text(files.read_bytes(path))
    except NotTextError as error:
        return Mistake(where=path, detail=str(error))
    except OSError as error:
        return Mistake(where=path, detail=f"It cannot be read: {error.strerror}.")
    lines = [(number, line.partition("#")[0].rstrip()) for number, line in enumerate(text.splitlines(), start=1)]
    versions = reader([(number, line) for number, line in lines if line.strip()])
    if versions is None:
        return Mistake(where=path, detail=f"It names no version. {EXPECTED}")
    return VersionFile(path=path, versions=tuple(version for version in versions if version.text != _ANY))


def _read_plain(lines: list[tuple[int, str]]) -> list[WrittenVersion] | None:
    """One version a line, or several with spaces between; behind a slash stands the name of an environment."""
    found = [
        WrittenVersion(line=number, text=word.partition("/")[0])
        for number, line in lines
        for word in _words_or_specifier(line.strip())
    ]
    return found or None


def _words_or_specifier(line: str) -> list[str]:
    # `3.12 3.11` are two versions, `>= 3.11, < 3.13` is one wish.
    return line.split() if line[0].isalnum() else [line]


def _read_runtime(lines: list[tuple[int, str]]) -> list[WrittenVersion] | None:
    return [WrittenVersion(line=number, text=line.strip()) for number, line in lines] or None


def _read_tools(lines: list[tuple[int, str]]) -> list[WrittenVersion]:
    """A tool and its versions on each line, for asdf and mise."""
    tools = [(number, line.split()) for number, line in lines]
    return [
        WrittenVersion(line=number, text=version)
        for number, (tool, *versions) in tools
        if tool in _TOOL_NAMES
        for version in versions
    ]


def _read_key(key: str) -> _Reader:
    """A reader of a YAML file that MLflow writes: one scalar, wherever the key stands.

    Not parsed: the lines are needed for messages, and MLflow writes no other form. What it notes is the interpreter
    that the model was made on. Its minor version matters, to pickles and to wheels; the release would only keep fixes
    away and contradict what a person asks for.
    """
    assignment = re.compile(rf"\s*{key}:\s*[\"']?([^\"'\s]+)[\"']?\s*")

    def read(lines: list[tuple[int, str]]) -> list[WrittenVersion]:
        matches = ((number, assignment.fullmatch(line)) for number, line in lines)
        return [
            WrittenVersion(line=number, text=match[1], recorded=_RECORDED_RELEASE.fullmatch(match[1]) is not None)
            for number, match in matches
            if match is not None
        ]

    return read


_READERS: Mapping[str, _Reader] = {
    ".python-version": _read_plain,
    "runtime.txt": _read_runtime,
    ".tool-versions": _read_tools,
    "python_env.yaml": _read_key("python"),
    "MLmodel": _read_key("python_version"),
}

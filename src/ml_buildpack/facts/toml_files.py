"""A TOML file of the project, with the line numbers that TOML parsers do not give.

Knows nothing of what the tables mean. Called by the facts that read `pyproject.toml` and `ml-buildpack.toml`.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.text_encoding import NotTextError, decode_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from ml_buildpack.facts.project_files import ProjectFiles

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_HEADER = re.compile(r"\s*\[+([^\[\]]+)\]+\s*(?:#.*)?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class TomlFile:
    """A file that could be parsed: its text, without byte order mark and with LF line ends, and its document."""

    path: str
    text: str
    document: dict[str, object]

    def table(self, *keys: str) -> dict[str, object] | None:
        """The table below those keys; None where there is none, or where something else has its name."""
        found: object = self.document
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else None

    def line_of(self, table: str, key: str) -> int | None:
        """The line, from 1, where that key of the table (`tool.x`; empty for the top) is set; None if not found.

        Dotted and inline spellings are not followed: a mistake without a line is better than one with a wrong line.
        """
        current = ""
        assignment = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
        for number, line in enumerate(self.text.split("\n"), start=1):
            header = _HEADER.match(line)
            if header is not None:
                current = re.sub(r"""["'\s]""", "", header.group(1))
                if current == f"{table}.{key}".lstrip("."):
                    return number
            elif current == table and assignment.match(line):
                return number
        return None

    def line_text(self, number: int) -> str:
        """That line as it was written, without the space around it."""
        return self.text.split("\n")[number - 1].strip()


def read_toml(files: ProjectFiles, path: str) -> TomlFile | Mistake | None:
    """None: there is no such file. A mistake: it is not TOML."""
    if path not in files:
        return None
    try:
        text = decode_text(files.read_bytes(path)).replace("\r\n", "\n")
    except NotTextError as error:
        return Mistake(where=path, detail=str(error))
    except OSError as error:
        return Mistake(where=path, detail=f"It cannot be read: {error.strerror}.")
    try:
        return TomlFile(path=path, text=text, document=tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return _syntax_mistake(path, text, str(error))


def _syntax_mistake(path: str, text: str, message: str) -> Mistake:
    position = _POSITION.search(message)
    number = int(position.group(1)) if position is not None and position.group(1) else None
    return Mistake(
        where=path,
        line=number,
        text=text.split("\n")[number - 1].strip() if number is not None else "",
        detail=f"This is not TOML: {_POSITION.sub('', message)}.",
    )

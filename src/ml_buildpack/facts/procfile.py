"""The `Procfile`: the processes that the project itself wants, one `name: command` per line.

Called by build, before the web entry is looked for: a `web` line there wins.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from ml_buildpack.errors import MalformedProcfile, Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.text_encoding import NotTextError, decode_text

PROCFILE = "Procfile"
# What a process type may be called. Source: Buildpack Interface Specification, launch.toml: a process's `type` holds
# letters, digits, `.`, `_` and `-`. Colons end the name, as in Heroku's own Procfile.
_LINE = re.compile(r"(?P<type>[A-Za-z0-9._-]+)\s*:\s*(?P<command>\S.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcfileLine:
    """One process: its type, the shell command as it was written, and its line in the file."""

    type: str
    command: str
    line: int


def read_procfile(files: ProjectFiles) -> tuple[ProcfileLine, ...]:
    """The processes of the Procfile, in its order; none where there is no file. Raises: MalformedProcfile."""
    if PROCFILE not in files:
        return ()
    try:
        text = decode_text(files.read_bytes(PROCFILE))
    except NotTextError as error:
        raise MalformedProcfile(mistakes=(Mistake(where=PROCFILE, detail=str(error)),)) from error
    lines: list[ProcfileLine] = []
    mistakes: list[Mistake] = []
    for number, written in enumerate(text.splitlines(), start=1):
        read = _read_line(written.strip(), number, lines)
        if isinstance(read, ProcfileLine):
            lines.append(read)
        elif read is not None:
            mistakes.append(read)
    if mistakes:
        raise MalformedProcfile(mistakes=tuple(mistakes))
    return tuple(lines)


def _read_line(written: str, number: int, before: list[ProcfileLine]) -> ProcfileLine | Mistake | None:
    """The process, or what is wrong with the line, or None for a line that says nothing."""
    if not written or written.startswith("#"):
        return None
    found = _LINE.fullmatch(written)
    if found is None:
        return Mistake(where=PROCFILE, line=number, text=written, detail=_what_is_wrong(written))
    if (unclosed := _find_unclosed_quote(found["command"])) is not None:
        return Mistake(where=PROCFILE, line=number, text=written, detail=unclosed)
    line = ProcfileLine(type=found["type"], command=found["command"], line=number)
    first = next((other.line for other in before if other.type == line.type), None)
    if first is not None:
        return Mistake(where=PROCFILE, line=number, text=written, detail=f'Line {first} has "{line.type}" already.')
    return line


def _find_unclosed_quote(command: str) -> str | None:
    try:
        shlex.split(command)
    except ValueError:
        return "A quotation mark is not closed."
    return None


def _what_is_wrong(written: str) -> str:
    name, colon, command = written.partition(":")
    if not colon:
        return "There is no colon behind the name of the process: write `web: command`."
    if not command.strip():
        return f'There is no command behind "{name.strip()}:".'
    return f'"{name.strip()}" is no name for a process: use letters, digits, ".", "_" and "-".'

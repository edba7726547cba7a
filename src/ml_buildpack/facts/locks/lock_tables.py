"""Tables of a lock, read with suspicion: every value is asked for by its type, and every wrong one is a mistake.

Knows TOML and JSON, not what the keys mean. Called by the readers of locks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.errors import LockMalformed, LockOutOfDate, Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.text_encoding import NotTextError, decode_text
from ml_buildpack.facts.toml_files import read_toml
from ml_buildpack.redaction import redact

_KINDS = {str: "text", bool: "true or false", list: "a list", dict: "a table"}
_JSON_KEY = re.compile(r'\s*"([^"\\]+)"\s*:\s*\{')
_MERGE_CONFLICT = re.compile(r"^<<<<<<< ", re.MULTILINE)


@dataclass(kw_only=True, slots=True)
class LockTable:
    """A table of a lock, where it stands, and the list that its mistakes go to."""

    path: str
    line: int
    content: Mapping[str, object]
    mistakes: list[Mistake] = field(repr=False)

    def text(self, key: str) -> str | None:
        """The text below that key; None where there is none, or something else, which is a mistake."""
        value = self._typed(key, str)
        return value if isinstance(value, str) else None

    def required_text(self, key: str) -> str:
        """The text below that key; empty where there is none, which is a mistake."""
        value = self.text(key)
        if value is None and key not in self.content:
            self.refuse(f'It has no "{key}".')
        return value or ""

    def flag(self, key: str) -> bool:
        """Whether the key says true."""
        return self._typed(key, bool) is True

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of the list below that key; none where it is not there."""
        values = self._typed(key, list)
        if not isinstance(values, list):
            return ()
        if not all(isinstance(value, str) for value in values):
            self.refuse(f'"{key}" must hold text only.')
            return ()
        return tuple(values)

    def table(self, key: str) -> LockTable:
        """The table below that key; an empty one where it is not there."""
        value = self._typed(key, dict)
        return self._inner(value if isinstance(value, dict) else {}, self.line)

    def tables(self, key: str, lines: tuple[int, ...] = ()) -> tuple[LockTable, ...]:
        """The tables of the list below that key; `lines` are where they stand, if that is known."""
        values = self._typed(key, list)
        if not isinstance(values, list):
            return ()
        if not all(isinstance(value, dict) for value in values):
            self.refuse(f'"{key}" must hold tables only.')
            return ()
        # Where the search in the text found another number of tables, it has no line for any of them.
        known = lines if len(lines) == len(values) else (self.line,) * len(values)
        return tuple(self._inner(value, line) for value, line in zip(values, known, strict=True))

    def at(self, line: int | None) -> LockTable:
        """The same table, known to stand on that line."""
        return self._inner(self.content, line or self.line)

    def refuse(self, detail: str, text: str = "") -> None:
        """Remember a mistake that stands here."""
        name = self.content.get("name")
        written = text or (name if isinstance(name, str) else "")
        self.mistakes.append(Mistake(where=self.path, line=self.line, text=redact(written), detail=redact(detail)))

    def with_content(self, content: Mapping[str, object]) -> LockTable:
        """Another table that stands here."""
        return self._inner(content, self.line)

    def _inner(self, content: Mapping[str, object], line: int) -> LockTable:
        return LockTable(path=self.path, line=line, content=content, mistakes=self.mistakes)

    def _typed(self, key: str, kind: type) -> object:
        value = self.content.get(key)
        if value is None or isinstance(value, kind):
            return value
        self.refuse(f'"{key}" must be {_KINDS[kind]}.')
        return None


def read_toml_lock(files: ProjectFiles, path: str, command: str) -> tuple[LockTable, str]:
    """The whole lock as a table, and its text. `command` writes it again. Raises: LockMalformed."""
    try:
        found = read_toml(files, path)
    except RecursionError:
        found = Mistake(where=path, detail="It is nested more deeply than can be read.")
    if found is None:
        found = Mistake(where=path, detail="There is no such file.")
    if isinstance(found, Mistake):
        raise LockMalformed(lock=path, mistakes=(_explained(files, found),), command=command)
    return LockTable(path=path, line=1, content=found.document, mistakes=[]), found.text


def read_json_lock(files: ProjectFiles, path: str, command: str) -> tuple[LockTable, str]:
    """The same for a lock in JSON."""
    try:
        text = decode_text(files.read_bytes(path))
        document = json.loads(text)
    except NotTextError as error:
        mistake = Mistake(where=path, detail=str(error))
    except OSError as error:
        mistake = Mistake(where=path, detail=f"It cannot be read: {error.strerror}.")
    except json.JSONDecodeError as error:
        mistake = Mistake(where=path, line=error.lineno, detail=f"This is not JSON: {error.msg}.")
    except (RecursionError, ValueError):
        mistake = Mistake(where=path, detail="It is nested more deeply than can be read.")
    else:
        if isinstance(document, dict):
            return LockTable(path=path, line=1, content=document, mistakes=[]), text
        mistake = Mistake(where=path, detail="It must be an object, in braces.")
    raise LockMalformed(lock=path, mistakes=(_explained(files, mistake),), command=command)


def read_project(files: ProjectFiles, path: str, lock: LockTable, command: str) -> tuple[LockTable, str]:
    """The file that the lock was made from, its mistakes among the lock's. Raises: LockMalformed."""
    found = read_toml(files, path)
    if found is None:
        found = Mistake(where=lock.path, detail=f"It belongs to a {path}, and there is none beside it.")
    if isinstance(found, Mistake):
        raise LockMalformed(lock=lock.path, mistakes=(found,), command=command)
    return LockTable(path=path, line=1, content=found.document, mistakes=lock.mistakes), found.text


def raise_mistakes(lock: LockTable, command: str) -> None:
    """Nothing, where the lock has no mistakes. Raises: LockMalformed, with all of them."""
    if lock.mistakes:
        raise LockMalformed(lock=lock.path, mistakes=tuple(dict.fromkeys(lock.mistakes)), command=command)


def header_lines(text: str, name: str) -> tuple[int, ...]:
    """The lines, from 1, where the tables of the list `name` have their `name = …`, or begin."""
    header = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if header.match(line)]
    ends = [*starts[1:], len(lines)]
    found: list[int] = []
    for start, end in zip(starts, ends, strict=False):
        named = (number for number in range(start, end) if re.match(r"\s*name\s*=", lines[number]))
        found.append(next(named, start) + 1)
    return tuple(found)


def key_lines(text: str, section: str) -> dict[str, int]:
    """The line, from 1, where each key below the section of a file in JSON first stands."""
    start = line_with(text, rf'"{re.escape(section)}"\s*:') or 1
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n")[start:], start=start + 1):
        key = _JSON_KEY.match(line)
        if key is not None:
            found.setdefault(key[1], number)
    return found


def line_with(text: str, pattern: str, below: str = "") -> int | None:
    """The first line, from 1, that begins with that pattern, below one that begins with the other; None for none."""
    begins, awaited = re.compile(rf"\s*(?:{pattern})"), re.compile(rf"\s*(?:{below})")
    is_below = not below
    for number, line in enumerate(text.split("\n"), start=1):
        if is_below and begins.match(line):
            return number
        is_below = is_below or awaited.match(line) is not None
    return None


def out_of_date(
    hashed: Mistake,
    *,
    declared: Iterable[str],
    locked: Container[NormalizedName],
    project: tuple[str, str],
    command: str,
) -> LockOutOfDate:
    """The error of a lock with another hash than its project; `project` is the path and the text of the project's file.

    What the project asks for and the lock does not have is evidence too.
    """
    path, text = project
    missing = tuple(
        Mistake(
            where=path,
            line=line_with(text, rf"""["']?{re.escape(name)}(?![A-Za-z0-9._-])"""),
            text=name,
            detail=f"{hashed.where} does not have it.",
        )
        for name in declared
        if canonicalize_name(name) not in locked
    )
    return LockOutOfDate(lock=hashed.where, project=path, evidence=(hashed, *missing), command=command)


def _explained(files: ProjectFiles, mistake: Mistake) -> Mistake:
    """The mistake, or the likeliest reason for it: a lock that version control could not merge."""
    try:
        text = files.read_bytes(mistake.where).decode("utf-8", "replace")
    except OSError:
        return mistake
    conflict = _MERGE_CONFLICT.search(text)
    if conflict is None:
        return mistake
    line = text.count("\n", 0, conflict.start()) + 1
    marks = text.split("\n")[line - 1]
    return Mistake(where=mistake.where, line=line, text=marks, detail="A merge conflict was committed unresolved.")

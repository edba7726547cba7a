"""Which Python a lock, or the table of its tool, asks for.

Pure. `facts.python_request` reads the files that every project has; this is for what only a lock's reader knows.
"""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ml_buildpack.facts.locks.lock_tables import LockTable
from ml_buildpack.facts.poetry_constraints import UnusableConstraintError, translate_constraint
from ml_buildpack.facts.python_request import PythonRequest


def poetry_python_request(table: LockTable, key: str, line: int | None) -> tuple[PythonRequest, ...]:
    """The request in Poetry's words below that key; none where it is absent or allows any Python."""
    text = table.text(key)
    try:
        spec = translate_constraint(text) if text else ""
    except UnusableConstraintError as error:
        table.at(line).refuse(str(error), text=text or "")
        spec = ""
    return (PythonRequest(spec=spec, origin=table.path, line=line, text=text or ""),) if spec else ()


def python_request(table: LockTable, key: str, line: int | None) -> tuple[PythonRequest, ...]:
    """The request in the words of PEP 440 below that key; none where it is absent or empty."""
    text = table.text(key)
    if not text:
        return ()
    try:
        spec = str(SpecifierSet(text))
    except InvalidSpecifier:
        table.at(line).refuse(f'"{text}" is not a specifier, such as ">=3.11,<3.13".', text=text)
        return ()
    return (PythonRequest(spec=spec, origin=table.path, line=line, text=text),)

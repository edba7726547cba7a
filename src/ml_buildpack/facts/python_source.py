"""Python files as syntax trees: parsed, never compiled, never imported.

Knows Python's syntax and nothing about the web. Hostile input is expected: whatever the parser does with it comes back
as a `Mistake`. Called by `web_reading`.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator

from ml_buildpack.errors import Mistake

_MIB = 1024 * 1024
# CPython 3.10 overflows the C stack, and dies, on an expression nested more than 100,000 levels deep; later versions
# raise RecursionError. A level needs at least two bytes, so no file of this size can hold one. Remove with 3.10.
SOURCE_BYTES_MAX = _MIB if sys.version_info >= (3, 11) else 200_000


def parse_source(path: str, data: bytes) -> ast.Module | Mistake:
    """The syntax tree of a file that Python would accept, byte order mark and encoding cookie included."""
    try:
        with warnings.catch_warnings():
            # Doubtful escapes in the user's strings are not ours to report.
            warnings.simplefilter("ignore")
            return ast.parse(data)
    except SyntaxError as error:
        return Mistake(where=path, line=error.lineno, text=(error.text or "").strip(), detail=_not_python(error.msg))
    except ValueError as error:
        # Null bytes, up to Python 3.11.
        return Mistake(where=path, detail=_not_python(str(error)))
    except (RecursionError, MemoryError):
        return Mistake(where=path, detail=_not_python("it is nested too deeply"))


def too_large(path: str) -> Mistake:
    """Why a file of more than SOURCE_BYTES_MAX is not read."""
    return Mistake(where=path, detail=f"It has more than {SOURCE_BYTES_MAX} bytes, so it was not read.")


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements that run when the body runs, in order: inside `if`, `try`, `with` and loops, but not in functions.

    What stands under `if __name__ == "__main__"` is left out, because no server imports a module under that name.
    """
    # A stack and no recursion: a chain of `elif` is nested as deeply as it is long.
    waiting = list(reversed(body))
    while waiting:
        statement = waiting.pop()
        yield statement
        waiting.extend(reversed(_inner_statements(statement)))


def callable_without_arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether every parameter has a default."""
    arguments = function.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    return positional == len(arguments.defaults) and None not in arguments.kw_defaults


def parameter_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    """The names of all parameters, in order."""
    arguments = function.args
    starred = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]
    return tuple(argument.arg for argument in every)


def local_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """The names that mean something else inside the function than outside: parameters and everything assigned."""
    stored = (node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return frozenset(stored) | frozenset(parameter_names(function))


def last_name(expression: ast.expr) -> str:
    """`c` of `a.b.c`, `a` of `a`, and nothing of anything else."""
    match expression:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _not_python(reason: str) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"Python {version}, which reads the source during the build, cannot parse it: {reason}."


def _inner_statements(statement: ast.stmt) -> list[ast.stmt]:
    match statement:
        case ast.If() if _is_main_guard(statement.test):
            return statement.orelse
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return []
        case ast.Match(cases=cases):
            return [inner for case in cases for inner in case.body]
        case _:
            handlers: list[ast.ExceptHandler] = getattr(statement, "handlers", [])
            inner = list(getattr(statement, "body", []))
            for handler in handlers:
                inner.extend(handler.body)
            return [*inner, *getattr(statement, "orelse", []), *getattr(statement, "finalbody", [])]


def _is_main_guard(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            sides = {ast.dump(left), ast.dump(right)}
            return ast.dump(ast.Name(id="__name__", ctx=ast.Load())) in sides
        case _:
            return False

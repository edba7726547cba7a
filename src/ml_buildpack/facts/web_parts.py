"""Applications that hang below another one, so that no server is meant to serve them by themselves.

Reads `app.mount("/v1", v1)`, `Mount("/v1", app=v1)`, `add_subapp` and Werkzeug's `DispatcherMiddleware`. Called by
`web_app`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ml_buildpack.facts.python_source import last_name, local_names
from ml_buildpack.facts.web_expressions import arguments_of
from ml_buildpack.facts.web_frameworks import MOUNTING_CALLS, is_wrapper
from ml_buildpack.facts.web_reading import SourceReader
from ml_buildpack.facts.web_values import Application, Scope


def find_mounted(reader: SourceReader, path: str) -> frozenset[str]:
    """The applications, as `path:name`, that the file hangs below another one."""
    scope, tree = reader.scope(path), reader.syntax_trees.get(path)
    if scope is None or tree is None or not reader.mentions(path, MOUNTING_CALLS):
        return frozenset()
    return frozenset(
        place
        for call, shadowed in _mounting_calls(tree)
        for place in _places_of_parts(reader, scope, call)
        if place not in {scope.place(name) for name in shadowed}
    )


def _mounting_calls(tree: ast.Module) -> Iterator[tuple[ast.Call, frozenset[str]]]:
    """The calls, each with the names that mean something else where it stands."""
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        node, shadowed = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            shadowed |= local_names(node)
        elif isinstance(node, ast.Call) and last_name(node.func) in MOUNTING_CALLS:
            yield node, shadowed
        waiting.extend((child, shadowed) for child in ast.iter_child_nodes(node))


def _places_of_parts(reader: SourceReader, scope: Scope, call: ast.Call) -> Iterator[str]:
    receiver = reader.value(call.func.value, scope) if isinstance(call.func, ast.Attribute) else None
    arguments = list(arguments_of(call))[MOUNTING_CALLS[last_name(call.func)] :]
    for expression in _named_in(arguments):
        value = reader.value(expression, scope)
        if isinstance(value, Application) and value.bound_at and value != receiver:
            yield value.bound_at


def _named_in(arguments: list[ast.expr]) -> Iterator[ast.expr]:
    """The names among the arguments, those in dictionaries and in calls of wrappers included."""
    waiting = list(arguments)
    while waiting:
        match waiting.pop():
            case ast.Name() | ast.Attribute() as named:
                yield named
            case ast.Dict(values=values):
                waiting.extend(values)
            case ast.Call() as call if is_wrapper(last_name(call.func)):
                waiting.extend(arguments_of(call))
            case _:
                pass

"""What an expression stands for: an application, a factory that returns one, or a way to either.

Knows Python's expressions and opens no file: what other files say is asked of the caller, which is `web_reading` alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ml_buildpack.facts.python_source import last_name, parameter_names, statements
from ml_buildpack.facts.web_frameworks import (
    BOTTLE_ROUTES,
    Framework,
    framework_inside,
    framework_of,
    is_wrapper,
    wrapped_interface,
)
from ml_buildpack.facts.web_values import (
    Application,
    Class,
    External,
    Function,
    ProjectModule,
    ProjectName,
    Scope,
    Value,
)

# Deeper than any chain of names, calls and imports that a person writes, and so few that Python's own limit is far.
_DEPTH_MAX = 40


class Expressions:
    """Looks expressions up, through imports and calls, as deep as a limit allows.

    `scope_of` gives the names of a file, `exported` what a name of another module stands for, and `run` binds the names
    of a statement.
    """

    def __init__(
        self,
        *,
        scope_of: Callable[[str], Scope | None],
        exported: Callable[[ProjectName], Value | None],
        run: Callable[[ast.stmt, Scope], None],
    ) -> None:
        self._scope_of = scope_of
        self._exported = exported
        self._run = run
        self._depth = 0
        # By place of the definition. None while a function is being read, too, which ends recursion.
        self._returned: dict[tuple[str, int], Application | None] = {}

    def value(self, expression: ast.expr, scope: Scope) -> Value | None:
        """What the expression stands for in the scope; None where that is unknown, of no interest or too deep."""
        depth = self._depth
        self._depth += 1
        try:
            found = self._evaluate(expression, scope) if depth < _DEPTH_MAX else None
            while isinstance(found, ProjectName):
                self._depth += 1
                found = self._exported(found) if self._depth < _DEPTH_MAX else None
        finally:
            self._depth = depth
        return found

    def annotated(self, annotation: ast.expr, value: ast.expr, scope: Scope) -> Application | None:
        """The application that an annotation promises, for a value that says nothing itself."""
        nothing = isinstance(value, ast.Constant)
        return None if nothing else _application(self._class_framework(self.value(annotation, scope)))

    def returned(self, function: Function) -> Application | None:
        """What a call of the function returns, if that is an application; of an `async` one, once it was awaited."""
        key = (function.path, function.node.lineno)
        if key not in self._returned:
            self._returned[key] = None
            self._returned[key] = self._read_function(function)
        return self._returned[key]

    def _read_function(self, function: Function) -> Application | None:
        module = self._scope_of(function.path)
        node = function.node
        if module is None or any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(node)):
            return None
        scope = Scope(path=function.path, app_dir=module.app_dir, outer=module)
        scope.lines.update(dict.fromkeys(parameter_names(node), node.lineno))
        found: Value | None = None
        for statement in statements(node.body):
            self._run(statement, scope)
            if isinstance(statement, ast.Return) and statement.value is not None:
                found = found or self.value(statement.value, scope)
        if found is None and node.returns is not None:
            found = _application(self._class_framework(self.value(node.returns, scope)))
        if not isinstance(found, Application) or found.bound_at:
            return found if isinstance(found, Application) else None
        return replace(found, made_by=found.made_by or function.place)

    def _evaluate(self, expression: ast.expr, scope: Scope) -> Value | None:
        match expression:
            case ast.Name(id=name):
                return scope.lookup(name) or _from_stars(name, scope)
            case ast.Attribute(value=base, attr=attribute):
                return _attribute(self.value(base, scope), attribute)
            case ast.Call():
                return self._called(expression, scope)
            case ast.IfExp(body=first, orelse=second) | ast.BoolOp(values=[first, second]):
                return self._first_application((first, second), scope)
            case ast.Await(value=value):
                return self.value(value, scope)
            case _:
                return None

    def _called(self, call: ast.Call, scope: Scope) -> Application | None:
        callee = self.value(call.func, scope)
        name = callee.name.rpartition(".")[2] if isinstance(callee, External) else last_name(call.func)
        inner = self._first_application(arguments_of(call), scope) if is_wrapper(name) else None
        if inner is not None:
            interface = wrapped_interface(name, inner.interface)
            return replace(inner, interface=interface, bound_at="", wraps=inner.bound_at or inner.wraps)
        if isinstance(callee, Function):
            return self.returned(callee)
        return _application(self._class_framework(callee))

    def _class_framework(self, value: Value | None) -> Framework | None:
        """The framework whose application the class or maker makes, its base classes included."""
        if isinstance(value, External):
            return framework_of(value.name)
        scope = self._scope_of(value.path) if isinstance(value, Class) else None
        if not isinstance(value, Class) or scope is None or self._depth >= _DEPTH_MAX:
            return None
        depth = self._depth
        self._depth += 1
        try:
            bases = (self._class_framework(self.value(base, scope)) for base in value.node.bases)
            return next((base for base in bases if base is not None), None)
        finally:
            self._depth = depth

    def _first_application(self, expressions: Iterable[ast.expr], scope: Scope) -> Application | None:
        values = (self.value(expression, scope) for expression in expressions)
        return next((value for value in values if isinstance(value, Application)), None)


def arguments_of(call: ast.Call) -> Iterator[ast.expr]:
    """The positional arguments of a call, then those with a name."""
    yield from call.args
    for keyword in call.keywords:
        yield keyword.value


def _application(framework: Framework | None) -> Application | None:
    return None if framework is None else Application(framework=framework.name, interface=framework.interface)


def _attribute(base: Value | None, name: str) -> Value | None:
    match base:
        case External(name=package):
            return External(name=f"{package}.{name}")
        case ProjectModule(stem=stem):
            return ProjectName(stem=stem, name=name)
        case Application(framework=framework):
            return _application(framework_inside(framework, name))
        case _:
            return None


def _from_stars(name: str, scope: Scope) -> External | None:
    for package in scope.all_stars():
        qualified = f"{package}.{name}"
        if framework_of(qualified) is not None or qualified in BOTTLE_ROUTES:
            return External(name=qualified)
    return None

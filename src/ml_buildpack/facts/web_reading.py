"""What the names of Python files stand for, read statement by statement and never executed.

Follows imports within the project, but opens another file only where it could hold an application. Called by
`web_app` and `web_parts`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.module_tree import Imports, ModuleTree, join, parent
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_source import SOURCE_BYTES_MAX, parameter_names, parse_source, statements, too_large
from ml_buildpack.facts.web_expressions import Expressions
from ml_buildpack.facts.web_frameworks import (
    BOTTLE_ROUTES,
    FRAMEWORK_PACKAGES,
    PLAIN_APPLICATIONS,
    USUAL_NAMES,
    is_telling,
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

# A project with more files that speak of applications is a framework's own source, or hostile.
PARSED_FILES_MAX = 150
# With these in a file, names may come into being that its statements do not show.
_HIDDEN_NAMES = (b"global", b":=", b"__getattr__", b"exec(")


class SourceReader:
    """Reads the files of one project, each at most once, and tells what their names stand for."""

    def __init__(self, files: ProjectFiles, tree: ModuleTree) -> None:
        self.tree = tree
        # Why files could not be read, by path.
        self.mistakes: dict[str, Mistake] = {}
        # The applications that stand behind others, as `path:name`: what a server needs is in front of them.
        self.covered: set[str] = set()
        self.syntax_trees: dict[str, ast.Module] = {}
        self._files = files
        self._scopes: dict[str, Scope] = {}
        self._contents: dict[str, bytes | None] = {}
        self._expressions = Expressions(scope_of=self.scope, exported=self.exported, run=self.run)

    def value(self, expression: ast.expr, scope: Scope) -> Value | None:
        """What the expression stands for in the scope; None where that is unknown or of no interest."""
        return self._expressions.value(expression, scope)

    def application_of(self, function: Function) -> Application | None:
        """What a call of the function returns, if that is an application."""
        return self._expressions.returned(function)

    def is_telling(self, path: str) -> bool:
        """Whether the file holds a word without which there is no application in it."""
        data = self._content(path)
        return data is not None and is_telling(data)

    def mentions(self, path: str, words: Iterable[str]) -> bool:
        """Whether any of the words stands anywhere in the file."""
        data = self._content(path)
        return data is not None and any(word.encode() in data for word in words)

    def scope(self, path: str) -> Scope | None:
        """The names of the module; None where it cannot be read. In a circle of imports: the names so far."""
        known = path in self._scopes or path in self.mistakes
        if not known and len(self._scopes) < PARSED_FILES_MAX:
            self._read(path)
        return self._scopes.get(path)

    def exported(self, wanted: ProjectName) -> Value | None:
        """What another module's name stands for: a name that it binds, else a module below it."""
        path = self.tree.file_of(wanted.stem)
        usual = wanted.name in USUAL_NAMES
        scope = self.scope(path) if path and (usual or path in self._scopes or self.is_telling(path)) else None
        found = scope.lookup(wanted.name) if scope else None
        stem = self.tree.find(wanted.stem, wanted.name)
        return ProjectModule(stem=stem) if found is None and stem is not None else found

    def run(self, statement: ast.stmt, scope: Scope) -> None:
        """Bind the names that the statement binds."""
        match statement:
            case ast.Import() | ast.ImportFrom():
                self._import(statement, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define(statement, scope)
            case ast.ClassDef(name=name):
                _bind(scope, name, statement, Class(path=scope.path, node=statement))
            case ast.Assign(targets=targets, value=value):
                found = self.value(value, scope)
                for target in targets:
                    self._assign(scope, target, found)
            case ast.AnnAssign(target=target, annotation=annotation, value=ast.expr() as value):
                found = self.value(value, scope) or self._expressions.annotated(annotation, value, scope)
                self._assign(scope, target, found)
            case ast.For(target=target) | ast.AsyncFor(target=target) | ast.AugAssign(target=target):
                self._assign(scope, target, None)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    self._assign(scope, item.optional_vars, None)
            case _:
                pass

    def _content(self, path: str) -> bytes | None:
        if path not in self._contents:
            try:
                self._contents[path] = self._files.read_bytes(path, SOURCE_BYTES_MAX + 1)
            except OSError as error:
                self._contents[path] = None
                self.mistakes[path] = Mistake(where=path, detail=f"It cannot be read: {error.strerror}.")
        return self._contents[path]

    def _read(self, path: str) -> None:
        data = self._content(path)
        if data is None:
            return
        parsed = parse_source(path, data) if len(data) <= SOURCE_BYTES_MAX else too_large(path)
        if isinstance(parsed, Mistake):
            self.mistakes[path] = parsed
            return
        body = list(statements(parsed.body))
        scope = Scope(path=path, app_dir=self.tree.app_dir(path, _imports(body)))
        scope.open_ended = any(word in data for word in _HIDDEN_NAMES)
        self.syntax_trees[path] = parsed
        self._scopes[path] = scope
        for statement in body:
            self.run(statement, scope)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        for decorator in node.decorator_list:
            called = self.value(decorator.func, scope) if isinstance(decorator, ast.Call) else None
            if isinstance(called, External) and called.name in BOTTLE_ROUTES:
                scope.bottle_route = scope.bottle_route or decorator
        plain = PLAIN_APPLICATIONS.get(parameter_names(node))
        if plain is None:
            _bind(scope, node.name, node, Function(path=scope.path, node=node))
        else:
            place = "" if scope.outer else scope.place(node.name)
            made = Application(framework=plain.name, interface=plain.interface, bound_at=place)
            _bind(scope, node.name, node, made)

    def _assign(self, scope: Scope, target: ast.expr | None, value: Value | None) -> None:
        if target is None:
            return
        if isinstance(target, ast.Name):
            _bind(scope, target.id, target, self._own(scope, target.id, value))
            return
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                _bind(scope, node.id, node, None)

    def _own(self, scope: Scope, name: str, value: Value | None) -> Value | None:
        """The value, as it is once a name stands for it."""
        if scope.outer or not isinstance(value, Application):
            return value
        place = scope.place(name)
        if value.wraps and value.wraps != place:
            self.covered.add(value.wraps)
        return value if value.bound_at else replace(value, bound_at=place)

    def _import(self, statement: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    dotted = alias.name if alias.asname else alias.name.partition(".")[0]
                    _bind(scope, alias.asname or dotted, statement, self._module(dotted, scope))
            case ast.ImportFrom(names=names):
                module = self._imported_from(statement, scope)
                for alias in names:
                    if alias.name == "*":
                        self._import_all(module, statement, scope)
                    else:
                        _bind(scope, alias.asname or alias.name, statement, _member(module, alias.name))

    def _import_all(self, module: External | ProjectModule, statement: ast.stmt, scope: Scope) -> None:
        if isinstance(module, External):
            scope.stars.append(module.name)
            scope.open_ended = True
            return
        path = self.tree.file_of(module.stem)
        other = self.scope(path) if path else None
        scope.open_ended = scope.open_ended or other is None or other.open_ended
        for name in other.lines if other else ():
            if not name.startswith("_"):
                _bind(scope, name, statement, ProjectName(stem=module.stem, name=name))

    def _imported_from(self, statement: ast.ImportFrom, scope: Scope) -> External | ProjectModule:
        if not statement.level:
            return self._module(statement.module or "", scope)
        directory = parent(scope.path)
        for _ in range(statement.level - 1):
            directory = parent(directory)
        return ProjectModule(stem=join(directory, (statement.module or "").replace(".", "/")))

    def _module(self, dotted: str, scope: Scope) -> External | ProjectModule:
        if dotted.partition(".")[0] not in FRAMEWORK_PACKAGES:
            for directory in (scope.app_dir, ""):
                stem = self.tree.find(directory, dotted)
                if stem is not None:
                    return ProjectModule(stem=stem)
        return External(name=dotted)


def _member(module: External | ProjectModule, name: str) -> Value:
    if isinstance(module, External):
        return External(name=f"{module.name}.{name}")
    return ProjectName(stem=module.stem, name=name)


def _bind(scope: Scope, name: str, node: ast.stmt | ast.expr, value: Value | None) -> None:
    scope.lines.setdefault(name, node.lineno)
    # What is unknown replaces nothing: `app = traced(app)` gives an application of the same kind, and `FastAPI = None`
    # stands where an import failed.
    if value is not None:
        scope.values[name] = value


def _imports(body: list[ast.stmt]) -> Imports:
    roots: set[str] = set()
    level = 0
    for statement in body:
        match statement:
            case ast.Import(names=names):
                roots.update(alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(level=0, module=str() as module):
                roots.add(module.partition(".")[0])
            case ast.ImportFrom(level=int() as dots):
                level = max(level, dots)
            case _:
                pass
    return Imports(roots=frozenset(roots) - FRAMEWORK_PACKAGES, level=level)

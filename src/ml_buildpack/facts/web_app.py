"""What a server could serve: application objects and factories, found in the source and never by importing it.

Finds and describes them all; which one is served is decided by `plan.web_entry`. Called by detect and build.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.module_tree import ModuleTree, find_module_tree, module_name
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.python_source import callable_without_arguments
from ml_buildpack.facts.web_frameworks import BOTTLE_DEFAULT_APPLICATIONS, Interface
from ml_buildpack.facts.web_parts import find_mounted
from ml_buildpack.facts.web_reading import SourceReader
from ml_buildpack.facts.web_values import Application, External, Function, Scope

__all__ = [
    "CONVENTIONAL_MODULES", "Interface", "ScannedModule", "WebEntry", "WebScan", "find_web_entries",
]  # fmt: skip

# The files that tutorials, templates and other builders look for. Within a package, `__init__` counts as well.
CONVENTIONAL_MODULES = ("main", "app", "server", "api", "serve", "predict", "wsgi", "asgi", "application", "inference")
# Applications in these directories are for somebody else than the image's users; only the `app` setting names them.
OTHER_PURPOSES = frozenset({"tests", "test", "docs", "doc", "examples", "example", "notebooks", "scripts"})
_OTHER_FILES = re.compile(r"(?:setup|conftest|noxfile|test_\w+|\w+_test)\.py")
_FACTORY = re.compile(
    r"(?:create|make|build|get|init|setup)_(?:app|application|api|server)|(?:app|application)_factory"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebEntry:
    """Something that a server can be pointed at.

    `path` and `line` say where the module binds it; `app_dir` is the directory to put on `sys.path`, "" for the
    application directory itself. A `factory` is called without arguments and returns the application. `same_as` names,
    as `path:name`, the object of which this is another name or a re-export, and `made_by` the project's own factory
    that made it; both are "" where the module makes the object itself.
    """

    module: str
    attribute: str
    interface: Interface
    framework: str
    path: str
    line: int
    factory: bool = False
    app_dir: str = ""
    same_as: str = ""
    made_by: str = ""

    @property
    def target(self) -> str:
        """The entry as servers want it: `module:attribute`."""
        return f"{self.module}:{self.attribute}"

    @property
    def place(self) -> str:
        """The entry as `path:name`."""
        return f"{self.path}:{self.attribute}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScannedModule:
    """A Python file of the project, and how it is imported.

    `names` are all that it binds; None where they cannot be known, because the file was not read (no word in it speaks
    of an application), cannot be parsed, or makes names as it runs. `entries` are all applications in it, also those
    that no server would be pointed at unasked.
    """

    module: str
    path: str
    app_dir: str = ""
    names: tuple[str, ...] | None = None
    entries: tuple[WebEntry, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class WebScan:
    """What was found, where it was looked for, and what stood in the way.

    `entries` are those in the usual places: conventional modules at any depth, and all at the top. `unparsable` has the
    files of these places that could not be read, and, where there are no entries, what just failed to be one.
    `modules` are all Python files that can be imported, wherever they are.
    """

    entries: tuple[WebEntry, ...]
    searched: tuple[str, ...]
    unparsable: tuple[Mistake, ...]
    modules: tuple[ScannedModule, ...] = ()


def find_web_entries(files: ProjectFiles) -> WebScan:
    """All applications of the project, sorted by depth and path."""
    tree = find_module_tree(files)
    reader = SourceReader(files, tree)
    paths = sorted(tree.paths, key=lambda path: (not _is_usual(path), path.count("/"), path))
    usual = tuple(path for path in paths if _is_usual(path))
    read = [path for path in paths if reader.is_telling(path) or (path in usual and _is_conventional(path))]
    scopes = {path: scope for path in read if (scope := reader.scope(path)) is not None}
    modules = [_module(reader, scopes[path]) if path in scopes else _unread(tree, path) for path in paths]
    covered = reader.covered.union(*(find_mounted(reader, path) for path in scopes))
    entries = tuple(_candidates(modules, covered))
    mistakes = [reader.mistakes[path] for path in usual if path in reader.mistakes]
    if not entries:
        mistakes += [hint for path in usual if path in scopes for hint in _near_misses(reader, scopes[path])]
    importable = tuple(module for module in modules if module.module)
    return WebScan(entries=entries, searched=usual, unparsable=tuple(mistakes), modules=importable)


def _is_usual(path: str) -> bool:
    *directories, name = path.split("/")
    if not OTHER_PURPOSES.isdisjoint(directories) or _OTHER_FILES.fullmatch(name):
        return False
    return not directories or _is_conventional(path)


def _is_conventional(path: str) -> bool:
    *directories, name = path.split("/")
    stem = name.removesuffix(".py")
    return stem in CONVENTIONAL_MODULES or (stem == "__init__" and bool(directories))


def _candidates(modules: list[ScannedModule], covered: set[str]) -> Iterator[WebEntry]:
    for entry in (entry for module in modules if _is_usual(module.path) for entry in module.entries):
        behind_another = not covered.isdisjoint({entry.same_as or entry.place})
        if not behind_another and (not entry.factory or _is_factory_name(entry)):
            yield entry


def _is_factory_name(entry: WebEntry) -> bool:
    return entry.framework == "bottle" or _FACTORY.fullmatch(entry.attribute) is not None


def _unread(tree: ModuleTree, path: str) -> ScannedModule:
    app_dir = tree.usual_app_dir(path)
    return ScannedModule(module=module_name(path, app_dir), path=path, app_dir=app_dir)


def _module(reader: SourceReader, scope: Scope) -> ScannedModule:
    name = module_name(scope.path, scope.app_dir)
    found = (_entry(reader, scope, name, attribute) for attribute in scope.lines)
    return ScannedModule(
        module=name,
        path=scope.path,
        app_dir=scope.app_dir,
        names=None if scope.open_ended else tuple(scope.lines),
        entries=tuple(entry for entry in found if entry is not None) if name else (),
    )


def _entry(reader: SourceReader, scope: Scope, module: str, attribute: str) -> WebEntry | None:
    """The entry that the module's name stands for, if a server could use it."""
    value = reader.value(ast.Name(id=attribute, ctx=ast.Load()), scope)
    place = scope.place(attribute)
    made, origin, factory = _served(reader, scope, value)
    if made is None or made.interface is None:
        return None
    maker = (made.bound_at or made.made_by) if factory else made.made_by
    return WebEntry(
        module=module,
        attribute=attribute,
        interface=made.interface,
        framework=made.framework,
        path=scope.path,
        line=scope.lines[attribute],
        factory=factory,
        app_dir=scope.app_dir,
        same_as="" if origin == place else origin,
        made_by="" if maker in {place, origin} else maker,
    )


def _served(reader: SourceReader, scope: Scope, value: object) -> tuple[Application | None, str, bool]:
    """What a server would get from the value, where that is defined, and whether the value must be called first."""
    match value:
        case Application(bound_at=place):
            return value, place, False
        case Function(place=place) if _can_be_called(reader, value):
            return reader.application_of(value), place, True
        case External(name=name) if name in BOTTLE_DEFAULT_APPLICATIONS and scope.bottle_route is not None:
            return Application(framework="bottle", interface=Interface.WSGI), "", True
        case _:
            return None, "", False


def _can_be_called(reader: SourceReader, function: Function) -> bool:
    """Whether a server gets an application by calling the function; only aiohttp's worker awaits one."""
    made = reader.application_of(function) if callable_without_arguments(function.node) else None
    awaited = isinstance(function.node, ast.AsyncFunctionDef)
    return made is not None and (not awaited or made.interface is Interface.AIOHTTP)


def _near_misses(reader: SourceReader, scope: Scope) -> Iterator[Mistake]:
    """What in the file would be an entry after a small change, with the change."""
    if scope.bottle_route is not None:
        yield Mistake(
            where=scope.path,
            line=scope.bottle_route.lineno,
            text=f"@{ast.unparse(scope.bottle_route)}",
            detail="The handlers belong to Bottle's default application, which has no name in this module: "
            "add `app = bottle.default_app()`.",
        )
    for name, value in scope.values.items():
        match value:
            case Application(framework=framework, interface=None):
                detail = (
                    f"A server needs the application inside {framework.title()}'s object: add `server = {name}.server`."
                )
                yield Mistake(where=scope.path, line=scope.lines[name], text=name, detail=detail)
            case Function() if _FACTORY.fullmatch(name) and reader.application_of(value) is not None:
                yield Mistake(where=scope.path, line=value.node.lineno, text=name, detail=_why_not_called(value))
            case _:
                pass


def _why_not_called(function: Function) -> str:
    if isinstance(function.node, ast.AsyncFunctionDef):
        return "A server calls a factory and does not await it: make it a plain function."
    return "A server calls a factory without arguments: give every parameter a default."

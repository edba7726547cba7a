"""The shape of src/: who may import whom, no circles, short files and functions, names that say something.

The table is that of ARCHITECTURE.md. It is enforced on the syntax tree, so nothing has to be importable for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parent.parent.parent / "src"
OURS = "ml_buildpack"
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
EMPTY_NAMES = frozenset({"utils", "helpers", "common", "manager", "base"})

# What each part of ml_buildpack may import of the others. A part is a package, or a module that lies at the top.
ALLOWED: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "redaction": frozenset(),
    "sizes": frozenset(),
    "console": frozenset({"redaction"}),
    "problems": frozenset({"errors"}),
    "lock": frozenset({"errors"}),
    "error_text": frozenset({"errors", "sizes", "redaction"}),
    "cnb": frozenset({"errors"}),
    "facts": frozenset({"lock", "errors", "problems", "redaction"}),
    "plan": frozenset({"facts", "cnb", "lock", "errors", "redaction", "sizes"}),
    "model_decision": frozenset({"facts", "plan"}),
    "decision": frozenset({"facts", "plan"}),
    "descriptions": frozenset({"decision", "plan", "console"}),
    "python_decision": frozenset({"apply", "cnb", "facts", "plan"}),
    "apply": frozenset({"plan", "cnb", "lock", "console", "errors", "redaction", "sizes"}),
}
# The stories and `main` bring everything together; only `main` knows the words of errors.
STORIES = frozenset({"detect", "build", "explain"})
EVERYTHING = frozenset(ALLOWED) | STORIES
# What decides must not touch the world, and what observes must not start programs or ask the network.
EFFECTS = {
    "plan": frozenset(
        {"os", "subprocess", "urllib.request", "http", "socket", "time", "random", "shutil", "tempfile", "io"}
    ),
    "facts": frozenset({"subprocess", "urllib.request", "http", "socket", "random", "shutil", "tempfile"}),
    "errors": frozenset({"os", "subprocess", "urllib", "pathlib", "sys"}),
}
# Only these two may do what they do.
ONLY_IN = {"subprocess": "apply/commands.py", "urllib.request": "apply/downloads.py"}
OPENS_FILES = frozenset(
    {"open", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "iterdir", "glob", "rglob", "exists"}
    | {"is_file", "is_dir", "stat", "unlink", "rename"}
)


def modules() -> list[Path]:
    """Every module of src/, sorted."""
    return sorted(SRC.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a module; a package's is without __init__."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(name: str) -> str:
    """The part of ml_buildpack that a module belongs to."""
    return name.split(".")[1] if "." in name else ""


def imports_of(path: Path) -> list[str]:
    """The dotted names that a module imports, those of `from a import b` as `a.b` where that is a module.

    Imports for annotations alone count: they show what a module knows.
    """
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.extend(_imported(node.module or "", alias.name) for alias in node.names)
    return found


def _imported(module: str, name: str) -> str:
    path = SRC / module.replace(".", "/") / name
    return f"{module}.{name}" if path.is_dir() or path.with_suffix(".py").is_file() else module


def _is_or_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_there_is_something_to_check() -> None:
    """A moved directory must not make every rule hold."""
    names = {name_of(path) for path in modules()}

    assert {"ml_buildpack.cnb.context", "ml_buildpack.errors", "ml_buildpack.facts.project_files"} <= names


def test_imports_follow_the_table() -> None:
    """Each part imports only what the table allows; `error_text` is for main alone."""
    broken: list[str] = []
    for path in modules():
        name = name_of(path)
        part = part_of(name)
        if not _is_or_below(name, OURS) or part in {"", "main"}:
            continue
        assert part in EVERYTHING, f"{name} is in no row of the table: decide what it may import"
        allowed = (EVERYTHING - {"error_text"} if part in STORIES else ALLOWED[part]) | {part}
        others = {part_of(imported) for imported in imports_of(path) if _is_or_below(imported, OURS)} - {""}
        broken.extend(f"{name} imports {other}" for other in sorted(others - allowed))

    assert [] == broken


def test_the_two_packages_do_not_know_each_other() -> None:
    """One runs on the builder's Python, the other on the app's, in another image: they share a file format at most."""
    pairs = (("ml_buildpack", "model_server"), ("model_server", "ml_buildpack"))
    broken = [
        f"{name_of(path)} imports {imported}"
        for package, other in pairs
        for path in modules()
        if _is_or_below(name_of(path), package)
        for imported in imports_of(path)
        if _is_or_below(imported, other)
    ]

    assert [] == broken


def test_what_decides_has_no_effects() -> None:
    """`plan` is pure, so it can be tested without a disk; `facts` reads, and does nothing else."""
    broken = [
        f"{name_of(path)} imports {imported}"
        for path in modules()
        for imported in imports_of(path)
        for effect in EFFECTS.get(part_of(name_of(path)), ())
        if _is_or_below(imported, effect)
    ]

    assert [] == broken


def test_plans_open_no_files() -> None:
    """A path may be part of a plan, but nobody there looks what lies at it."""
    broken = [
        f"{name_of(path)}:{node.lineno} calls {node.func.attr}"
        for path in modules()
        if part_of(name_of(path)) == "plan"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OPENS_FILES
    ]

    assert [] == broken


@pytest.mark.parametrize("effect", ONLY_IN)
def test_effects_have_one_place(effect: str) -> None:
    """One module starts programs and one speaks HTTP: environment, redaction and limits are decided once."""
    users = [
        path.relative_to(SRC / OURS).as_posix()
        for path in modules()
        if _is_or_below(name_of(path), OURS) and any(_is_or_below(imported, effect) for imported in imports_of(path))
    ]

    assert {ONLY_IN[effect]} >= set(users)


def test_no_module_is_in_a_circle() -> None:
    """Imports inside functions count as well: a circle is a circle."""
    known = {name_of(path): path for path in modules()}
    graph = {name: {imported for imported in imports_of(path) if imported in known} for name, path in known.items()}
    # What needs nothing that is left, or is needed by nothing that is left, lies in no circle.
    left = set(graph)
    while free := {name for name in left if not graph[name] & left or not any(name in graph[other] for other in left)}:
        left -= free

    assert set() == left


def test_files_are_short() -> None:
    """A longer file holds more than one noun."""
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert {} == {name: lines for name, lines in lengths.items() if lines > FILE_LINES_MAX}


def test_functions_are_short() -> None:
    """Docstrings and decorators do not count; nested functions count for the one they are in."""
    lengths = {
        f"{name_of(path)}.{function.name}": _lines_of_code(function)
        for path in modules()
        for function in _functions(path)
    }

    assert {} == {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES_MAX}


def test_names_say_something() -> None:
    """These mean "not thought about"."""
    words = {name_of(path): set(path.stem.split("_")) | {path.stem} for path in modules()}

    assert {} == {name: found & EMPTY_NAMES for name, found in words.items() if found & EMPTY_NAMES}


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return lines - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)

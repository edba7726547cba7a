"""Find interpreters, ask them about themselves, and make the layer of one that is packaged with the buildpack."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import packaging
from packaging.markers import default_environment
from packaging.tags import Tag, sys_tags

from ml_buildpack.apply import commands
from ml_buildpack.errors import CommandFailed
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin
from ml_buildpack.plan.layers import PYTHON

# What an interpreter says of itself. It runs with our own `packaging`, so that tags are computed by the library that
# compares them, and isolated, so that nothing in the application directory answers in its place.
_QUESTION = """
import json, sys
sys.path.insert(0, sys.argv[1])
from packaging.markers import default_environment
from packaging.tags import sys_tags
print(json.dumps({
    "version": ".".join(map(str, sys.version_info[:3])),
    "tags": [[t.interpreter, t.abi, t.platform] for t in sys_tags()],
    "environment": default_environment(),
}))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class InterpreterSearch:
    """Where interpreters may be. `run_image_python` is the version that the builder promises for its run image."""

    buildpack_dir: Path
    layers_dir: Path
    path: str
    run_image_python: str | None
    scratch: Path


def find_interpreters(search: InterpreterSearch) -> tuple[Interpreter, ...]:
    """Every usable interpreter, in the order of preference: an earlier buildpack's, the run image's, the packaged one.

    The build image's own comes last and only where nothing else is known: a build image may have a Python that its
    run image lacks.
    """
    found = [*_find_on_path(search)]
    packaged = search.buildpack_dir / "python" / "bin" / "python3"
    if packaged.exists():
        launch_path = search.layers_dir / PYTHON / "bin" / "python3"
        found.append(_ask(packaged, InterpreterOrigin.PACKAGED, search.scratch, launch_path=launch_path))
    order = list(InterpreterOrigin)
    return tuple(sorted((each for each in found if each is not None), key=lambda each: order.index(each.origin)))


def _find_on_path(search: InterpreterSearch) -> list[Interpreter | None]:
    all_layers = search.layers_dir.parent.resolve()
    found: list[Interpreter | None] = []
    seen: set[Path] = set()
    for directory in search.path.split(":"):
        candidate = shutil.which("python3", path=directory) if directory else None
        if candidate is None or (real := Path(candidate).resolve()) in seen:
            continue
        seen.add(real)
        if all_layers in real.parents:
            found.append(_ask(Path(candidate), InterpreterOrigin.UPSTREAM, search.scratch))
        elif not any(each and each.origin is not InterpreterOrigin.UPSTREAM for each in found):
            found.append(_ask_image_python(real, search))
    return found


def _ask_image_python(real: Path, search: InterpreterSearch) -> Interpreter | None:
    interpreter = _ask(real, InterpreterOrigin.ASSUMED, search.scratch)
    if interpreter is None or interpreter.minor != search.run_image_python:
        return interpreter
    return replace(interpreter, origin=InterpreterOrigin.RUN_IMAGE)


def _ask(path: Path, origin: InterpreterOrigin, scratch: Path, launch_path: Path | None = None) -> Interpreter | None:
    if path.resolve() == Path(sys.executable).resolve():
        # A process less in every build: it is the one that runs us.
        version, tags, environment = ".".join(map(str, sys.version_info[:3])), tuple(sys_tags()), default_environment()
    else:
        library_dir = str(Path(packaging.__file__).parent.parent)
        argv = (str(path), "-I", "-B", "-c", _QUESTION, library_dir)
        try:
            answer = json.loads(commands.check(argv, env={"LC_ALL": "C.UTF-8"}, cwd=scratch).output)
        except (CommandFailed, json.JSONDecodeError):
            # Not an interpreter that can run anything; whoever asked for Python is told what else there is.
            return None
        version, environment = answer["version"], answer["environment"]
        tags = tuple(Tag(*parts) for parts in answer["tags"])
    return Interpreter(
        path=str(path),
        launch_path=str(launch_path or path),
        version=version,
        origin=origin,
        tags=tags,
        environment={str(name): str(value) for name, value in environment.items()},
    )


def packaged_identity(buildpack_dir: Path, env: Mapping[str, str], scratch: Path) -> str:
    """What names the build of the packaged interpreter: its version, compiler and build date."""
    python = str(buildpack_dir / "python" / "bin" / "python3")
    argv = (python, "-I", "-B", "-c", "import sys; print(' '.join(sys.version.split()))")
    return commands.check(argv, env=env, cwd=scratch).output.strip()


def copy_interpreter(source: Path, layer: Path) -> None:
    """Copy the packaged interpreter into its layer, symbolic links kept."""
    shutil.copytree(source, layer, symlinks=True, dirs_exist_ok=True)

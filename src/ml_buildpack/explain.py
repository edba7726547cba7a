"""What a build would do with a directory, and why, without doing it; and the lock that it would make.

`make explain APP=dir`, or `python -I -B src explain DIR [--json]` and `… lock DIR`.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ml_buildpack.apply.tools import Tools, make_tools
from ml_buildpack.build import decide, plan_image, plan_resolution_of
from ml_buildpack.cnb.context import BuildContext, read_build_context
from ml_buildpack.cnb.environment import DetectContext
from ml_buildpack.cnb.layer import Absent, LayerTypes
from ml_buildpack.console import StreamConsole
from ml_buildpack.decision import Decision
from ml_buildpack.descriptions import describe_indexes, describe_project, describe_slices
from ml_buildpack.detect import Fail, detect, find_evidence
from ml_buildpack.facts.dependencies import InputKind
from ml_buildpack.facts.models.digest import digest_model
from ml_buildpack.facts.requirement_lines import RequirementLine
from ml_buildpack.lock import read_origin
from ml_buildpack.plan.accelerator import find_accelerator
from ml_buildpack.plan.accelerator_choice import AcceleratorChoice
from ml_buildpack.plan.indexes import IndexPlan, plan_indexes
from ml_buildpack.plan.interpreter import InterpreterOrigin
from ml_buildpack.plan.layers import (
    CONDA_LOCK,
    CONDA_PACKAGES,
    CONDA_SOLVER,
    CUDA,
    HEAVY,
    LOCK,
    PYTHON_ARCHIVE,
    VENV,
    WHEELS,
    PackageGroup,
)
from ml_buildpack.plan.manifest import describe_model
from ml_buildpack.plan.model_slices import plan_model_slices
from ml_buildpack.plan.package_groups import HEAVY_WHEEL_MIN_BYTES, LAYER_MIN_BYTES
from ml_buildpack.plan.package_layers import Packages
from ml_buildpack.plan.pin_origins import ADDED
from ml_buildpack.plan.processes import plan_processes
from ml_buildpack.plan.resolution import ResolutionPlan, Resolver, interpolated_names
from ml_buildpack.plan.resolution_method import GivenLock
from ml_buildpack.plan.tool_environment import ToolEnvironment
from ml_buildpack.redaction import redact
from ml_buildpack.sizes import render_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYLOCK = "pylock.toml"
# Longer ones, such as addresses, push their origin to the right.
REQUIREMENT_WIDTH_MAX = 48
# Raise it when a field changes its meaning or goes away: programs read this.
SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """Everything that is decided before a build runs anything."""

    context: BuildContext
    decision: Decision
    indexes: IndexPlan
    resolution: ResolutionPlan
    tools: Tools
    env: ToolEnvironment


def explain(app_dir: Path, env: Mapping[str, str], buildpack_dir: Path) -> str:
    """The facts and decisions as text. Raises the same errors as a build does before it runs anything."""
    refusal = _refusal(app_dir, env)
    if refusal is not None:
        return f"A build would pass this directory over, for another buildpack: {refusal}.\n"
    out = io.StringIO()
    console = StreamConsole(out=out)
    with prepared(app_dir, env, buildpack_dir, console) as ready:
        console.heading("Project")
        console.step(f"A Python project, because of {find_evidence(ready.decision.facts.files)}")
        describe_project(console, ready.decision, ready.resolution)
        if ready.decision.interpreter.origin is InterpreterOrigin.ASSUMED:
            console.step("That Python is this machine's: a build image may have another, and then that one is taken")
        describe_indexes(console, ready.indexes, ready.resolution)
        describe_slices(console, plan_model_slices(ready.decision.facts.model_paths, ready.decision.facts.settings))
        console.heading("Plan")
        _describe_plan(console, _plan(ready))
    return out.getvalue()


def _refusal(app_dir: Path, env: Mapping[str, str]) -> str | None:
    """Why a build would take no part in the directory; None where it would."""
    detection = detect(DetectContext(app_dir=app_dir, build_plan_path=Path(os.devnull), env=env))
    return detection.reason if isinstance(detection, Fail) else None


def _describe_plan(console: StreamConsole, plan: Mapping[str, Any]) -> None:
    """What a build would install, make and start."""
    if "conda" in plan:
        console.step("Solving with py-rattler")
        console.note("\n".join((*plan["conda"]["specs"], *(f"from {each}" for each in plan["conda"]["channels"]))))
    console.step(plan["resolution"])
    wanted = [(each["requirement"], each["origin"]) for each in (*plan["requirements"], *plan["constraints"])]
    wanted += [(need, ADDED) for need in plan["added"]]
    width = min(REQUIREMENT_WIDTH_MAX, max((len(requirement) for requirement, _ in wanted), default=0))
    for requirement, origin in wanted:
        console.note(f"{redact(requirement):{width}}  {origin}")
    if plan["input"]["kind"] == InputKind.UV_LOCK.value:
        console.note(f"what uv exports from {plan['input']['path']}")
    for path in plan["asked"]:
        console.note(f"what {path} asks for when its build backend runs it")
    if plan["project_installed"]:
        console.note("the project itself, as a package")
    for where, kind in (("Layers of the image", "launch"), ("Layers of the cache", "cache")):
        console.step(f"{where}: {', '.join(layer['name'] for layer in plan['layers'] if layer[kind])}")
        if kind == "launch":
            _describe_package_layers(console)
    for process in plan["processes"]:
        default = " (default)" if process["default"] else ""
        console.step(f"Starts {process['type']}{default}: {redact(shlex.join(process['command']))}")
    console.step("Nothing was built. The same for programs: explain DIR --json")


def explain_as_json(app_dir: Path, env: Mapping[str, str], buildpack_dir: Path) -> str:
    """The same for programs. Raises the same errors."""
    refusal = _refusal(app_dir, env)
    if refusal is not None:
        return json.dumps({"schema": SCHEMA, "detected_by": None, "reason": refusal}, indent=2) + "\n"
    with prepared(app_dir, env, buildpack_dir, StreamConsole(out=io.StringIO())) as ready:
        return redact(json.dumps(_plan(ready), indent=2)) + "\n"


def lock(app_dir: Path, env: Mapping[str, str], buildpack_dir: Path) -> str:
    """Write `pylock.toml` into the directory, for every platform; a sentence that says so.

    It holds what the server needs too, so that an image of it has nothing that the lock does not name. Raises: the
    errors of a build up to and with its resolution.
    """
    with prepared(app_dir, env, buildpack_dir, StreamConsole(out=io.StringIO())) as ready:
        if ready.decision.conda is not None:
            return f"{ready.decision.dependencies.path} asks for conda packages, for which {PYLOCK} has no words.\n"
        if isinstance(ready.resolution.method, GivenLock):
            return f"{ready.decision.dependencies.path} is a lock in this format already; nothing was written.\n"
        # pip-tools knows no other platform than the one that it runs on.
        text = ready.tools.make_lock(replace(ready.resolution, resolver=Resolver.UV), ready.env)
    (app_dir / PYLOCK).write_text(text, encoding="utf-8")
    return f"{PYLOCK} was written, from {ready.decision.dependencies.path}. From now on it is what is installed.\n"


def _describe_package_layers(console: StreamConsole) -> None:
    """Say which layers may come beside `venv`: a build knows when it has the wheels."""
    least = f"from {render_bytes(LAYER_MIN_BYTES)} together on"
    console.note(f"and {CUDA}, for nvidia-*, cuda-* and triton, {least}")
    console.note(f"and {HEAVY}, for wheels of {render_bytes(HEAVY_WHEEL_MIN_BYTES)} or more, {least}")


@contextmanager
def prepared(
    app_dir: Path, env: Mapping[str, str], buildpack_dir: Path, console: StreamConsole
) -> Iterator[Preparation]:
    """Everything decided, in directories that are gone afterwards. Raises what a build raises before it runs."""
    with TemporaryDirectory(prefix="ml-buildpack-explain-") as directory:
        context = _context(app_dir, env, buildpack_dir, Path(directory))
        with make_tools(context, console) as tools:
            decision = decide(context, tools, all_formats=True)
            requirements = decision.dependencies.requirements
            indexes = plan_indexes(decision.facts.indexes, requirements, context.env, app_dir=str(context.app_dir))
            console.hide(indexes.secrets)
            certificates = decision.facts.indexes.certificates
            tool_env = tools.make_environment(certificates, interpolated_names(requirements), indexes)
            resolution = plan_resolution_of(decision, context, tool_env, indexes.wheelhouse)
            yield Preparation(
                context=context,
                decision=decision,
                indexes=indexes,
                resolution=resolution,
                tools=tools,
                env=tool_env,
            )


def _plan(ready: Preparation) -> dict[str, Any]:
    decision, resolution = ready.decision, ready.resolution
    dependencies, python = decision.dependencies, decision.python
    files = decision.facts.files
    models = [describe_model(model, digest_model(files, model.found.path)) for model in decision.server.models]
    return {
        "schema": SCHEMA,
        "detected_by": find_evidence(decision.facts.files),
        "input": {
            "path": dependencies.path,
            "kind": dependencies.kind.value,
            "files": list(resolution.input_names),
            "ignored": list(dependencies.ignored),
            "notes": list(dependencies.notes),
        },
        "python": {"version": decision.interpreter.version, "origin": decision.interpreter.origin.value},
        "python_requests": [
            {"origin": request.origin, "line": request.line, "spec": request.spec} for request in python.wish.requests
        ],
        "resolution": resolution.description,
        **({} if decision.conda is None else {"conda": decision.conda.to_json()}),
        "requirements": [*_with_origin(dependencies.requirements.requirements), *_of_pylock(resolution)],
        "asked": [source.path for source in dependencies.sources],
        "project_installed": dependencies.project is not None,
        "constraints": _with_origin(dependencies.requirements.constraints),
        "added": list(resolution.added),
        "accelerator": _accelerator(decision.accelerator),
        "inputs": dict(resolution.inputs),
        "layers": _layers(ready),
        "processes": [
            {"type": process.type, "command": [*process.command, *process.args], "default": process.default}
            for process in plan_processes(decision.server)
        ],
        **({"models": models} if models else {}),
        "slices": [
            list(each.patterns) for each in plan_model_slices(decision.facts.model_paths, decision.facts.settings)
        ],
    }


def _with_origin(lines: tuple[RequirementLine, ...]) -> list[dict[str, str]]:
    return [{"requirement": line.text, "origin": f"{line.path}:{line.line}"} for line in lines]


def _of_pylock(resolution: ResolutionPlan) -> list[dict[str, str]]:
    """The packages of the project's own `pylock.toml`, with what it says itself of their origin."""
    if not isinstance(resolution.method, GivenLock):
        return []
    return [
        {
            "requirement": "==".join(filter(None, (package["name"], package.get("version"))))
            + (f" ; {package['marker']}" if "marker" in package else ""),
            "origin": ", ".join((resolution.input_names[0], *read_origin(package.get("tool")))),
        }
        for package in tomllib.loads(resolution.method.text).get("packages", [])
    ]


def _layers(ready: Preparation) -> list[dict[str, str | bool]]:
    """What the image and the cache would get. The lock is not known: whether a layer is kept is not either.

    Nor is what the image computes on: with CUDA, it gets one layer more.
    """
    unknown = Packages(lock=None, groups=(PackageGroup(layer=VENV, digest="", lock=None),), known={})
    accelerator = find_accelerator(None, ready.decision.accelerator, Absent())
    image = plan_image(ready.context, ready.tools, ready.resolution, ready.decision, unknown, accelerator)
    made = {str(layer.name): layer.types for layer in image.layers}
    cached = [LOCK, WHEELS, *([PYTHON_ARCHIVE] if ready.decision.python.download is not None else [])]
    cached += [] if ready.decision.conda is None else [CONDA_LOCK, CONDA_PACKAGES, CONDA_SOLVER]
    made |= {str(name): LayerTypes(cache=True) for name in cached}
    return [{"name": name, "launch": made[name].launch, "cache": made[name].cache} for name in sorted(made)]


def _accelerator(choice: AcceleratorChoice) -> dict[str, Any]:
    """What is known before anything is resolved; what the image computes on stands in the lock."""
    return {
        "wish": str(choice.wish),
        "asked_by": choice.asked_by,
        "index": choice.index.url if choice.index is not None else None,
        "added": list(choice.extras),
        "requests": [{"place": one.place, "text": one.text, "asks": str(one.asks)} for one in choice.requests],
    }


def _context(app_dir: Path, env: Mapping[str, str], buildpack_dir: Path, directory: Path) -> BuildContext:
    layers_dir = directory / "layers" / "ml-buildpack_python"
    layers_dir.mkdir(parents=True)
    contract = {
        "CNB_LAYERS_DIR": str(layers_dir),
        "CNB_PLATFORM_DIR": str(directory / "platform"),
        "CNB_BUILDPACK_DIR": str(buildpack_dir),
    }
    return read_build_context({**env, **contract}, app_dir)

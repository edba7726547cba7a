"""What a build would do with a directory, and why, without doing it: `make explain APP=dir`."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ml_buildpack.apply.tools import make_tools
from ml_buildpack.build import Decision, decide, describe_indexes, describe_project, plan_resolution_of
from ml_buildpack.cnb.context import BuildContext, read_build_context
from ml_buildpack.console import StreamConsole
from ml_buildpack.detect import find_evidence
from ml_buildpack.plan.indexes import plan_indexes
from ml_buildpack.plan.processes import plan_processes
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.redaction import redact


def explain(app_dir: Path, env: Mapping[str, str], buildpack_dir: Path) -> str:
    """The facts and decisions as text. Raises the same errors as a build does before it runs anything."""
    with TemporaryDirectory(prefix="ml-buildpack-explain-") as directory:
        context = _context(app_dir, env, buildpack_dir, Path(directory))
        out = io.StringIO()
        console = StreamConsole(out=out)
        with make_tools(context, console) as tools:
            decision = decide(context, tools)
            requirements = decision.dependencies.requirements
            indexes = plan_indexes(decision.facts.indexes, requirements, context.env, app_dir=str(context.app_dir))
            console.hide(indexes.secrets)
            env = tools.make_environment((), frozenset(), indexes)
            resolution = plan_resolution_of(decision, context, env, indexes.wheelhouse)
        console.heading("Project")
        console.step(f"Detected by: {find_evidence(decision.facts.files)}")
        describe_project(console, decision, resolution)
        describe_indexes(console, indexes, resolution)
        console.heading("Plan")
        console.step(f"Resolver: {resolution.resolver.value}, because: {resolution.resolver_reason}")
        console.note(redact(json.dumps(_plan(decision, resolution), indent=2)))
        return out.getvalue()


def _plan(decision: Decision, resolution: ResolutionPlan) -> dict[str, Any]:
    return {
        "requirements": [line.text for line in decision.dependencies.requirements.requirements],
        "constraints": [line.text for line in decision.dependencies.requirements.constraints],
        "added": list(resolution.added),
        "inputs": dict(resolution.inputs),
        "processes": [
            {"type": process.type, "command": [*process.command, *process.args], "default": process.default}
            for process in plan_processes(decision.server)
        ],
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

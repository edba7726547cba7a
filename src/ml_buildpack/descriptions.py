"""What the log says of a plan: the models that are served or sliced, where packages come from, an uncertain Python."""

from __future__ import annotations

from ml_buildpack.console import Console
from ml_buildpack.decision import Decision
from ml_buildpack.plan.indexes import IndexPlan
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin, PythonPlan
from ml_buildpack.plan.model_slices import ModelSlice
from ml_buildpack.plan.models import ServedModel
from ml_buildpack.plan.python_wish import describe_request
from ml_buildpack.plan.resolution import ResolutionPlan, Resolver


def describe_project(console: Console, decision: Decision, resolution: ResolutionPlan) -> None:
    """Say what was found and chosen, and what was added to the user's own requirements."""
    _describe_python(console, decision.python)
    console.step(f"Requirements: {', '.join(resolution.input_names)}")
    for note in decision.dependencies.notes:
        console.note(note)
    entry = decision.server.entry
    if entry is not None:
        kinds = dict.fromkeys((entry.framework or "named in the settings", entry.interface.value))
        console.step(f"Web: {entry.path}:{entry.line} {entry.attribute} ({', '.join(kinds)})")
    describe_models(console, decision.server.models, decision.helpers, decision.warnings)
    for line in decision.server.commands:
        console.step(f"Process {line.type}: {line.command}")
    if resolution.added:
        console.step(f"Added: {', '.join(resolution.added)}; a version in your requirements would win")


def _describe_python(console: Console, python: PythonPlan) -> None:
    console.step(str(python))
    for request in python.wish.disregarded(python.interpreter.version):
        console.note(f"{request.origin} asks for {describe_request(request)}, and is overruled")
    if python.warning is not None:
        console.warning(python.warning)


def warn_of_assumed_python(console: Console, interpreter: Interpreter) -> None:
    """Say that the image may not start, where its Python is only assumed to be in the run image."""
    if interpreter.origin is InterpreterOrigin.ASSUMED:
        console.warning(
            "nothing says that the run image has this Python. The image cannot start without it:\n"
            "use a builder that says so, or a package of this buildpack with its own interpreter."
        )


def describe_indexes(console: Console, indexes: IndexPlan, resolution: ResolutionPlan) -> None:
    """Say where packages come from, where that is not the usual place, and what is unsafe about it."""
    for warning in indexes.warnings:
        console.warning(warning)
    if indexes.wheelhouse is not None:
        console.step(f"Packages from {indexes.wheelhouse}: no index is asked")
        # Not removed: nobody said that the application does not read it.
        if not indexes.wheelhouse.path.startswith("/"):
            console.note("The directory is part of the image too. To have its packages once, mount it instead:")
            console.note("docs/indexes.md#offline")
    if indexes.is_mixed and resolution.resolver is Resolver.PIP_TOOLS:
        console.warning(
            "pip-tools chooses among the versions of all indexes, an open one's among them. What another index than\n"
            "the package's own would give is refused afterwards; but builds of source that it asks run before that."
        )


def describe_models(
    console: Console, models: tuple[ServedModel, ...], helpers: tuple[str, ...], warnings: tuple[str, ...]
) -> None:
    """Say which models are served, and what about them deserves a second look."""
    for model in models:
        console.step(f"Model {model}")
        if model.found.is_partial:
            console.note("It is so large that only its beginning was looked at")
    for path in helpers:
        console.note(f"{path} prepares inputs and predicts nothing, so it is not served")
    for warning in warnings:
        console.warning(warning)


def describe_slices(console: Console, slices: tuple[ModelSlice, ...]) -> None:
    """Say which models are exported by themselves."""
    if slices:
        console.step("Models in layers of their own, apart from the code:")
    for each in slices:
        console.note(str(each))

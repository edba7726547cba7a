"""The story of bin/build: observe, resolve, decide, apply.

A straight line with two turns. The first makes the lock, because a resolver has to run for it; the second makes the
layers. Everything between them is decided by pure functions, and everything the user got wrong is said before both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_buildpack.cnb.launch import LaunchToml
from ml_buildpack.facts.bindings import Binding
from ml_buildpack.facts.dependencies import Dependencies
from ml_buildpack.facts.dependency_files import Requirements
from ml_buildpack.facts.observation import Facts, observe
from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.lock import KnownLock
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin, choose_interpreter
from ml_buildpack.plan.layers import LOCK, VENV, plan_python_layer, plan_server_layer, plan_venv_layer
from ml_buildpack.plan.lock_source import choose_lock_source
from ml_buildpack.plan.processes import WEB, plan_processes
from ml_buildpack.plan.resolution import ResolutionPlan, interpolated_names, plan_resolution, required_names
from ml_buildpack.plan.reuse import plan_steps
from ml_buildpack.plan.server import ServerPlan, plan_server
from ml_buildpack.plan.tool_environment import (
    ToolEnvironment,
    index_identities,
    index_urls,
    interpolate,
    with_index_options,
)
from ml_buildpack.plan.web_entry import choose_web_entry
from ml_buildpack.problems import Problems

if TYPE_CHECKING:
    from ml_buildpack.apply.tools import Tools
    from ml_buildpack.cnb.context import BuildContext
    from ml_buildpack.console import Console


def build(context: BuildContext, console: Console, tools: Tools) -> LaunchToml:
    """Build the image's layers and return what the image shall launch.

    Raises: BuildpackError, or SeveralProblems where more than one thing is wrong with the project.
    """
    console.heading("Project")
    decision = decide(context, tools)
    requirements = decision.dependencies.requirements
    env = tools.make_environment(certificates(decision.facts.bindings), interpolated_names(requirements))
    env = with_indexes(env, requirements, context)
    resolution = plan_resolution_of(decision, context, env)
    describe_project(console, decision, resolution)
    console.heading("Dependencies")
    source = choose_lock_source(
        resolution,
        lock_layer=context.restored(LOCK),
        venv_layer=context.restored(VENV),
        layers_dir=str(context.layers_dir),
    )
    lock = tools.obtain_lock(resolution, source, env)
    image = plan_image(context, tools, resolution, decision.server, lock)
    console.heading("Layers")
    maker = tools.layer_maker(env, credential_urls(requirements, env))
    for step in plan_steps(image, context.restored_layers):
        maker.carry_out(step)
    tools.finish(image)
    return image.launch


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the facts of a project decide before anything runs."""

    facts: Facts
    dependencies: Dependencies
    server: ServerPlan
    interpreter: Interpreter


def decide(context: BuildContext, tools: Tools) -> Decision:
    """What shall be resolved, served, and on which Python. Raises every problem of the project at once."""
    problems = Problems()
    facts = observe(context.app_dir, context.env, context.platform_dir, problems)
    server = decide_server(facts, problems)
    interpreter = problems.attempt(lambda: choose_interpreter(tools.find_interpreters(), facts.python_requests))
    problems.raise_if_any()
    if facts.dependencies is None or interpreter is None:
        raise AssertionError  # pragma: no cover  # both are problems, and those were raised
    return Decision(facts=facts, dependencies=facts.dependencies, server=server, interpreter=interpreter)


def decide_server(facts: Facts, problems: Problems) -> ServerPlan:
    """The server of the project: the user's own `web` command, else the entry that was found."""
    own = {line.type: line for line in facts.procfile}
    own |= {name: ProcfileLine(type=name, command=command, line=0) for name, command in facts.settings.processes}
    commands = tuple(own[name] for name in sorted(own))
    if WEB in own and facts.settings.app is None:
        return plan_server(None, commands)
    names = required_names(facts.dependencies)
    entry = problems.attempt(
        lambda: choose_web_entry(
            facts.web, app=facts.settings.app, server=facts.settings.server, requirement_names=names
        )
    )
    return plan_server(entry, tuple(line for line in commands if line.type != WEB))


def plan_resolution_of(decision: Decision, context: BuildContext, env: ToolEnvironment) -> ResolutionPlan:
    """The resolution of a project's requirements, on its interpreter, from the indexes that the environment names."""
    return plan_resolution(
        decision.dependencies,
        decision.facts.settings,
        server=decision.server,
        interpreter=decision.interpreter,
        target=context.target,
        indexes=index_identities(env),
    )


def describe_project(console: Console, decision: Decision, resolution: ResolutionPlan) -> None:
    """Say what was found and chosen, and what was added to the user's own requirements."""
    console.step(str(decision.interpreter))
    if decision.interpreter.origin is InterpreterOrigin.ASSUMED:
        console.warning(
            "nothing says that the run image has this Python. The image cannot start without it:\n"
            "use a builder that says so, or a package of this buildpack with its own interpreter."
        )
    console.step(f"Requirements: {', '.join(resolution.input_names)}")
    entry = decision.server.entry
    if entry is not None:
        framework = entry.framework or "named in the settings"
        console.step(f"Web: {entry.path}:{entry.line} {entry.attribute} ({framework}, {entry.interface.value})")
    for line in decision.server.commands:
        console.step(f"Process {line.type}: {line.command}")
    if resolution.added:
        console.step(f"Added: {', '.join(resolution.added)}; a version in your requirements would win")


def plan_image(
    context: BuildContext, tools: Tools, resolution: ResolutionPlan, server: ServerPlan, lock: KnownLock
) -> ImagePlan:
    """Everything the image will contain."""
    interpreter = resolution.interpreter
    layers = [
        plan_server_layer(interpreter, sources_digest=tools.server_digest()),
        plan_venv_layer(
            interpreter,
            lock=lock,
            trees=resolution.inputs["trees"],
            layers_dir=str(context.layers_dir),
            target=context.target,
            inputs=resolution.fingerprint,
        ),
    ]
    if interpreter.origin is InterpreterOrigin.PACKAGED:
        python = plan_python_layer(
            interpreter,
            source=str(context.buildpack_dir / "python"),
            identity=tools.packaged_identity(),
            target=context.target,
        )
        layers.insert(0, python)
    return ImagePlan(layers=tuple(layers), launch=LaunchToml(processes=plan_processes(server)), lock=lock.lock)


def certificates(bindings: tuple[Binding, ...]) -> tuple[str, ...]:
    """The certificate authorities that bindings of the type `ca-certificates` bring, as PEM texts."""
    found = (binding for binding in bindings if binding.type == "ca-certificates")
    return tuple(binding.read(key) for binding in found for key in binding.entries)


def credential_urls(requirements: Requirements, env: ToolEnvironment) -> tuple[str, ...]:
    """Every URL that may hold credentials: the environment's and those of option and requirement lines, filled in."""
    options = (option.value for option in requirements.options)
    lines = (line.url or "" for line in (*requirements.requirements, *requirements.constraints))
    # Filled in first: a variable may hold the whole URL.
    urls = (interpolate(url, env) for url in (*options, *lines))
    return (*index_urls(env), *(url for url in urls if "://" in url))


def with_indexes(env: ToolEnvironment, requirements: Requirements, context: BuildContext) -> ToolEnvironment:
    """The environment with the indexes of the requirement lines.

    Builds of packages read no such lines, but what they need comes from where the requirements come from; and where
    both name an index, the line wins in pip and the variable in uv.
    """
    local = {tree.path for tree in requirements.local_trees}
    options = (
        (line.option, str(context.app_dir / line.value) if line.value in local else interpolate(line.value, env))
        for line in requirements.options
    )
    return with_index_options(env, options)

"""The story of bin/build: observe, resolve, decide, apply.

A straight line with two turns. The first makes the lock, because a resolver has to run for it; the second makes the
layers. Everything between them is decided by pure functions, and everything the user got wrong is said before both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ml_buildpack.cnb.launch import LaunchToml
from ml_buildpack.decision import Decision
from ml_buildpack.descriptions import describe_indexes, describe_project, describe_slices, warn_of_assumed_python
from ml_buildpack.facts.models.digest import digest_model
from ml_buildpack.facts.observation import Facts, observe
from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.lock import Lock
from ml_buildpack.model_decision import decide_models, decide_requirements
from ml_buildpack.plan.accelerator import Accelerator, find_accelerator
from ml_buildpack.plan.accelerator_advice import describe_accelerator
from ml_buildpack.plan.accelerator_choice import choose_accelerator
from ml_buildpack.plan.accelerator_layer import plan_accelerator_layer
from ml_buildpack.plan.conda_environment import describe_conda_python, plan_conda, plan_conda_layer
from ml_buildpack.plan.conda_lock import NOT_SOLVED, KnownConda
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.indexes import Wheelhouse, plan_indexes
from ml_buildpack.plan.interpreter import InterpreterOrigin
from ml_buildpack.plan.layers import (
    ACCELERATOR,
    LayerPlan,
    plan_apt_layer,
    plan_downloaded_python_layer,
    plan_python_layer,
    plan_server_layer,
)
from ml_buildpack.plan.library_check import plan_library_check
from ml_buildpack.plan.lock_source import LockSource, UseInstalledPackages, choose_lock_source
from ml_buildpack.plan.manifest import render_manifest
from ml_buildpack.plan.model_slices import plan_model_slices
from ml_buildpack.plan.models import ModelChoice
from ml_buildpack.plan.package_groups import plan_groups
from ml_buildpack.plan.package_layers import Packages, plan_package_layers
from ml_buildpack.plan.processes import WEB, own_commands, plan_processes
from ml_buildpack.plan.python_downloads import python_source
from ml_buildpack.plan.resolution import ResolutionPlan, interpolated_names, plan_resolution, required_names
from ml_buildpack.plan.reuse import Keep, plan_steps, restorable
from ml_buildpack.plan.server import ServerPlan, plan_model_server, plan_server, refuse_taken_names
from ml_buildpack.plan.tool_environment import ToolEnvironment, credential_urls, index_identities
from ml_buildpack.plan.web_entry import choose_web_entry
from ml_buildpack.plan.wheel_facts import read_wheels_notes
from ml_buildpack.problems import Problems
from ml_buildpack.python_decision import decide_python

if TYPE_CHECKING:
    from ml_buildpack.apply.conda.environment import CondaEnvironment
    from ml_buildpack.apply.tools import Tools
    from ml_buildpack.apply.wheel_layer import WheelLayer
    from ml_buildpack.cnb.context import BuildContext
    from ml_buildpack.console import Console


def build(context: BuildContext, console: Console, tools: Tools) -> LaunchToml:
    """Build the image's layers and return what the image shall launch.

    Raises: BuildpackError, or SeveralProblems where more than one thing is wrong with the project.
    """
    console.heading("Project")
    decision = decide(context, tools)
    requirements = decision.dependencies.requirements
    indexes = plan_indexes(decision.facts.indexes, requirements, context.env, app_dir=str(context.app_dir))
    console.hide(indexes.secrets)
    env = tools.make_environment(decision.facts.indexes.certificates, interpolated_names(requirements), indexes)
    plan = partial(plan_resolution_of, context=context, env=env, wheelhouse=indexes.wheelhouse)
    resolution = plan(decision)
    describe_project(console, decision, resolution)
    warn_of_assumed_python(console, decision.interpreter)
    describe_indexes(console, indexes, resolution)
    console.heading("Dependencies")
    conda = None if decision.conda is None else tools.conda_environment(decision.conda, env)
    if conda is not None:
        decision = decide_conda(decision, conda, tools, plan)
        resolution = plan(decision)
    source = choose_lock_source(
        resolution, context.restored_layers, layers_dir=str(context.layers_dir), finish=str(decision.finish)
    )
    installer = tools.python_installer(decision.python, python_source(decision.facts.settings), env)
    lock = tools.obtain_lock(resolution, source, env, installer, conda)
    accelerator = find_accelerator(lock, decision.accelerator, context.restored(ACCELERATOR))
    for title, details in describe_accelerator(accelerator, lock, decision.accelerator):
        console.step(title)
        console.note(details)
    index_urls = (*credential_urls(requirements, env), *decision.accelerator.index_urls)
    wheel_layer = tools.wheel_layer(decision.interpreter, env, index_urls, decision.facts.settings.wheel_cache_max)
    packages = divide_packages(context, source, lock, wheel_layer)
    image = plan_image(context, tools, resolution, decision, packages, accelerator)
    console.heading("Layers")
    finisher = tools.finisher(decision.finish, image, decision.interpreter, env)
    libraries = plan_library_check(decision.facts.settings)
    maker = tools.layer_maker(env, wheel_layer, installer, finisher, libraries, conda)
    maker.carry_out(*plan_steps(image, restorable(context.restored_layers, decision.facts.settings)))
    tools.compile_application(decision.finish, decision.interpreter, env)
    describe_slices(console, plan_model_slices(decision.facts.model_paths, decision.facts.settings))
    tools.leave_out(decision.facts.indexes.secret_files)
    tools.finish(image)
    return image.launch


def decide(context: BuildContext, tools: Tools, *, all_formats: bool = False) -> Decision:
    """What shall be resolved, served, and on which Python. Raises every problem of the project at once."""
    problems = Problems()
    facts = observe(context.app_dir, context.env, context.platform_dir, problems)
    own = own_commands(facts.procfile, facts.settings.processes)
    models = decide_models(facts, has_own_server=WEB in own, all_formats=all_formats)
    problems.errors.extend(models.problems)
    needs = problems.attempt(lambda: decide_requirements(facts, models, context.target.arch))
    fitted = replace(facts, dependencies=needs.dependencies if needs is not None else None)
    server = decide_server(fitted, own, models, problems)
    python = problems.attempt(lambda: decide_python(fitted, context, tools))
    accelerator = problems.attempt(lambda: choose_accelerator(fitted, python, context.env))
    problems.raise_if_any()
    if needs is None or python is None or accelerator is None:
        raise AssertionError  # pragma: no cover  # each is a problem, and those were raised
    return Decision(
        facts=fitted,
        dependencies=needs.dependencies,
        server=replace(server, needs=(*server.needs, *needs.added)),
        python=python,
        accelerator=accelerator,
        warnings=needs.warnings,
        helpers=models.helpers,
        conda=plan_conda(needs.dependencies.conda, facts.settings, python.wish, target=context.target, env=context.env),
    )


def decide_conda(
    decision: Decision, conda: CondaEnvironment, tools: Tools, plan: Callable[[Decision], ResolutionPlan]
) -> Decision:
    """The decision with its conda environment solved, or kept, and so with its very Python. Raises: its errors."""
    layers_dir, restored = str(tools.context.layers_dir), tools.context.restored_layers

    def decided(found: KnownConda) -> Decision:
        python = describe_conda_python(found.python_version, tools.machine(), layers_dir=layers_dir)
        return replace(decision, python=replace(decision.python, interpreter=python), found=found)

    def is_all_kept(found: KnownConda) -> bool:
        solved = decided(found)
        resolution = plan(solved)
        source = choose_lock_source(resolution, restored, layers_dir=layers_dir, finish=str(solved.finish))
        if not isinstance(source, UseInstalledPackages):
            return False
        packages = Packages(lock=None, groups=source.groups, known=read_wheels_notes(restored))
        accelerator = find_accelerator(None, solved.accelerator, tools.context.restored(ACCELERATOR))
        image = plan_image(tools.context, tools, resolution, solved, packages, accelerator)
        return all(isinstance(step, Keep) for step in plan_steps(image, restored))

    return decided(conda.obtain(is_all_kept))


def decide_server(facts: Facts, own: dict[str, ProcfileLine], models: ModelChoice, problems: Problems) -> ServerPlan:
    """The server of the project: the user's own `web` command, the model server, else the entry that was found."""
    commands = tuple(own.values())
    if WEB in own and facts.settings.app is None:
        return plan_server(None, commands)
    if not models.is_empty:
        return plan_model_server(models.models, commands)
    names = required_names(facts.dependencies)
    entry = problems.attempt(
        lambda: choose_web_entry(
            facts.web, app=facts.settings.app, server=facts.settings.server, requirement_names=names
        )
    )
    if entry is not None:
        problems.attempt(lambda: refuse_taken_names(entry, facts.files))
    return plan_server(entry, tuple(line for line in commands if line.type != WEB))


def plan_resolution_of(
    decision: Decision, context: BuildContext, env: ToolEnvironment, wheelhouse: Wheelhouse | None = None
) -> ResolutionPlan:
    """The resolution of a project's requirements, on its interpreter, from where `env` and the wheelhouse say."""
    return plan_resolution(
        decision.dependencies,
        decision.facts.settings,
        server=decision.server,
        interpreter=decision.interpreter,
        target=context.target,
        indexes=index_identities(env),
        wheelhouse=wheelhouse,
        accelerator=decision.accelerator,
        conda=None if decision.found is None else decision.found.digest,
    )


def divide_packages(context: BuildContext, source: LockSource, lock: Lock | None, wheels: WheelLayer) -> Packages:
    """Which packages go into which layer, by what is in their wheels. Raises: the errors of downloading."""
    known = read_wheels_notes(context.restored_layers)
    if isinstance(source, UseInstalledPackages):
        return Packages(lock=None, groups=source.groups, known=known)
    if lock is None:
        raise AssertionError  # pragma: no cover  # every other source gives a lock
    known = wheels.read(lock, known)
    return Packages(lock=lock, groups=plan_groups(lock, known), known=known)


def plan_image(  # the story's own values, each of another type
    context: BuildContext,
    tools: Tools,
    resolution: ResolutionPlan,
    decision: Decision,
    packages: Packages,
    accelerator: Accelerator,
) -> ImagePlan:
    """Everything the image will contain."""
    interpreter, settings = resolution.interpreter, decision.facts.settings
    models, layers_dir = decision.server.models, str(context.layers_dir)
    digests = {model.found.path: digest_model(decision.facts.files, model.found.path) for model in models}
    manifest = render_manifest(models, digests) if models else None
    check = plan_accelerator_layer(
        accelerator,
        interpreter,
        groups=packages.groups,
        restored=context.restored(ACCELERATOR),
        check_digest=tools.check_digest(),
        layers_dir=layers_dir,
    )
    layers = (
        *plan_python(context, tools, decision),
        *plan_apt_layer(settings, context, run_image=tools.dpkg_status_digest()),
        *(() if check is None else (check,)),
        plan_server_layer(
            interpreter,
            sources_digest=tools.server_digest(),
            layers_dir=layers_dir,
            manifest=manifest,
            compiled=decision.finish.compiles,
        ),
        *plan_package_layers(
            packages, resolution, context.restored_layers, layers_dir=layers_dir, finish=str(decision.finish)
        ),
    )
    slices = tuple(each.to_slice() for each in plan_model_slices(decision.facts.model_paths, settings))
    launch = LaunchToml(processes=plan_processes(decision.server), slices=slices)
    return ImagePlan(layers=layers, launch=launch, lock=packages.lock, accelerator=accelerator)


def plan_python(context: BuildContext, tools: Tools, decision: Decision) -> tuple[LayerPlan, ...]:
    """The layer with the interpreter, where the image has none that serves."""
    target, download = context.target, decision.python.download
    if decision.conda is not None:
        found = decision.found or NOT_SOLVED
        return (plan_conda_layer(found, decision.conda, layers_dir=str(context.layers_dir)),)
    if download is not None:
        return (plan_downloaded_python_layer(download, layers_dir=str(context.layers_dir), target=target),)
    if decision.interpreter.origin is not InterpreterOrigin.PACKAGED:
        return ()
    source, identity = str(context.buildpack_dir / "python"), tools.packaged_identity()
    return (plan_python_layer(decision.interpreter, source=source, identity=identity, target=target),)

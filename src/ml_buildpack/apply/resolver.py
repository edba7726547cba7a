"""Turn a resolution plan into one lock, whatever its input is.

uv and pip-tools only choose versions. The files of the versions come from the index by one path for both, uv's, so that
the lock has one shape: `pip-compile` writes pins, and uv writes those pins, without their dependencies, as a lock. Pins
that the project ships go the same way.
"""

from __future__ import annotations

import sys

import tomli_w

from ml_buildpack.apply.conda.provided import read_provided
from ml_buildpack.apply.lock_document import (
    Document,
    merged,
    narrowed,
    pins,
    restricted,
    settle,
    with_origins,
    without_packages,
)
from ml_buildpack.apply.resolver_tools import (
    PIP_TOOLS_PINS,
    ResolverTools,
    pip_compile,
    uv_annotated,
    uv_compile,
    uv_export,
)
from ml_buildpack.apply.resolver_variant import VARIANT_PROJECT, resolve_variant, without_idle
from ml_buildpack.apply.source_trees import left_as_found
from ml_buildpack.errors import DigestMismatch
from ml_buildpack.lock import Lock, LockedFile, LockedPackage, parse_lock
from ml_buildpack.plan.resolution import ResolutionPlan, Resolver
from ml_buildpack.plan.resolution_method import GivenLock, Loose, Pinned, PinnedPart, UvExport
from ml_buildpack.plan.secrets import secret_variables

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REQUIREMENTS, ADDED = "requirements.txt", "added.txt"

__all__ = ["ResolverTools", "read_lock", "resolve"]


def resolve(plan: ResolutionPlan, tools: ResolverTools) -> str:
    """The lock as the text of a `pylock.toml`, paths relative to the application directory, no credentials in it.

    Raises: what `classify_resolution` finds in the tools' output.
    """
    # Asking a source tree for its metadata may leave egg-info and build directories in it.
    with left_as_found(tools.app_dir, active=plan.has_local_trees):
        document = _resolve(plan, tools)
        if tools.provided is not None:
            document = without_packages(document, read_provided(tools.provided).keys())
        text = tomli_w.dumps(with_origins(document, plan, _annotated(document, plan, tools)))
    # A token in the middle of an address goes back to the name that the user wrote; the downloader fills it in again.
    written = (plan.requirements_text, plan.constraints_text)
    for name, value in secret_variables(written, tools.env).items():
        text = text.replace(value, f"${{{name}}}")
    return text


def _resolve(plan: ResolutionPlan, tools: ResolverTools) -> Document:
    match plan.method:
        case Loose():
            return without_idle(_resolve_loose(plan, tools), plan)
        case Pinned(parts=parts):
            lock = _look_up(parts, plan, tools)
        case GivenLock(text=text, parts=parts, extras=extras, groups=groups):
            taken = narrowed(tomllib.loads(text), plan.interpreter.environment, extras=extras, groups=groups)
            given = settle(taken, tools.app_dir, tools.app_dir, plan.interpreter.environment)
            lock = merged(given, _look_up(parts, plan, tools)) if parts else given
        case UvExport(selection=selection):
            lock = uv_export(selection, plan, tools)
    return merged(lock, _resolve_added(lock, plan, tools)) if plan.added else lock


def _resolve_loose(plan: ResolutionPlan, tools: ResolverTools) -> Document:
    requirements = tools.write(REQUIREMENTS, plan.requirements_text)
    constraints = tools.write("constraints.txt", plan.constraints_text)
    index = plan.accelerator.index if plan.accelerator is not None else None
    if index is not None:
        return resolve_variant(plan, tools, index, requirements, constraints)
    if plan.resolver is Resolver.UV:
        return uv_compile(plan, tools, (requirements,), constraints=constraints)
    found = pip_compile(plan, tools, requirements, constraints)
    return uv_compile(plan, tools, (found,), with_dependencies=False)


def _annotated(document: Document, plan: ResolutionPlan, tools: ResolverTools) -> str:
    """What the resolver chose, with comments on what requires each; of a lock that is shipped, only what was added."""
    if isinstance(plan.method, Loose):
        if plan.resolver is Resolver.PIP_TOOLS and not tools.is_universal:
            return (tools.scratch / PIP_TOOLS_PINS).read_text(encoding="utf-8")
        variant = tools.scratch / VARIANT_PROJECT
        inputs = (tools.scratch / REQUIREMENTS, *((variant,) if variant.is_file() else ()))
    elif plan.added:
        inputs = (tools.scratch / ADDED,)
    else:
        return ""
    locked = "".join(f"{pin}\n" for pin in pins(document, plan.interpreter.environment))
    return uv_annotated(plan, tools, inputs, tools.write("chosen.txt", locked))


def _look_up(parts: tuple[PinnedPart, ...], plan: ResolutionPlan, tools: ResolverTools) -> Document:
    """The files of pins, each from its own index. Nothing is added to them, whatever their metadata asks for."""
    lock: Document = {}
    for number, part in enumerate(parts):
        path = tools.write(f"pins-{number}.txt", part.text)
        lock = merged(lock, uv_compile(plan, tools, (path,), with_dependencies=False, index=part.index))
    return lock


def _resolve_added(lock: Document, plan: ResolutionPlan, tools: ResolverTools) -> Document:
    """What the server needs, at the versions that the lock has where it has them."""
    needs = tools.write(ADDED, "".join(f"{need}\n" for need in plan.added))
    constraints = "".join(f"{pin}\n" for pin in pins(lock, plan.interpreter.environment))
    return uv_compile(plan, tools, (needs,), constraints=tools.write("locked.txt", constraints))


def read_lock(text: str, plan: ResolutionPlan) -> Lock:
    """The lock for the plan's interpreter, restricted to the digests that the user pinned.

    Raises: LockUnreadable, NoFileForThisPlatform, DigestMismatch.
    """
    allowed = plan.allowed_digests
    lock = parse_lock(
        restricted(text, allowed) if allowed else text,
        tags=plan.interpreter.tags,
        environment=plan.interpreter.environment,
        python=plan.interpreter.version,
        platform=str(plan.target),
    )
    for package in lock.packages:
        _check_digest(package, plan)
    return lock


def _check_digest(package: LockedPackage, plan: ResolutionPlan) -> None:
    allowed = plan.allowed_digests.get(package.name)
    if allowed is None or not isinstance(package.source, LockedFile) or package.source.sha256 in allowed:
        return
    line = next(line for line in plan.requirement_lines if line.name == package.name and line.hashes)
    raise DigestMismatch(
        file=package.source.filename,
        expected=allowed,
        actual=package.source.sha256,
        pinned_at=f"{line.path}:{line.line}",
    )

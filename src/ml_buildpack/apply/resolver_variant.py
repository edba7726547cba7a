"""Resolve with PyTorch's packages from the index of one variant, and everything else from where it always comes.

Called by `resolver`. uv is given that index for the family alone, so that no old copy of another package there is ever
taken; pip knows no such thing and compares the versions of all indexes, where `2.9.1+cpu` is newer than `2.9.1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import tomli_w
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ml_buildpack.apply.lock_document import Document, merged
from ml_buildpack.apply.resolver_tools import ResolverTools, pip_compile, uv_compile
from ml_buildpack.errors import AcceleratorNotOffered, Mistake, PackageNotFound, ResolutionConflict
from ml_buildpack.plan.accelerator import left_out
from ml_buildpack.plan.accelerator_choice import SETTING, VariantIndex
from ml_buildpack.plan.cuda_table import TORCH_FAMILY
from ml_buildpack.plan.resolution import ResolutionPlan, Resolver
from ml_buildpack.redaction import redact

# Within the scratch directory.
VARIANT_PROJECT = "accelerator/pyproject.toml"
_NAME = "pytorch"
_NO_VERSION = re.compile(r"no versions? of ([a-z]+)")


def resolve_variant(
    plan: ResolutionPlan, tools: ResolverTools, index: VariantIndex, requirements: Path, constraints: Path
) -> Document:
    """The lock. Raises: AcceleratorNotOffered, and what `classify_resolution` finds in the tools' output."""
    resolve = _with_pip_tools if plan.resolver is Resolver.PIP_TOOLS else _with_uv
    try:
        return resolve(plan, tools, index, requirements, constraints)
    except (PackageNotFound, ResolutionConflict) as error:
        name = _missing(error)
        line = next((line for line in plan.requirement_lines if line.name == name), None)
        if name is None or line is None or plan.accelerator is None:
            raise
        raise AcceleratorNotOffered(
            asked=str(plan.accelerator.wish),
            asked_by=plan.accelerator.asked_by or SETTING,
            package=name,
            line=Mistake(
                where=line.path, line=line.line, text=line.text, detail="The index of that variant has no such release."
            ),
            offered=(),
            index=redact(index.url),
        ) from error


def _missing(error: PackageNotFound | ResolutionConflict) -> str | None:
    """The package of the family of which the variant's index has no such release."""
    found = _NO_VERSION.search(error.explanation)
    return found[1] if found is not None and found[1] in TORCH_FAMILY else None


def _with_uv(
    plan: ResolutionPlan, tools: ResolverTools, index: VariantIndex, requirements: Path, constraints: Path
) -> Document:
    # A package of the family that another one needs is known only once it was resolved; asked for then, it comes from
    # the variant's index too.
    asked: set[str] = set(index.packages)
    while True:
        inputs = (requirements, *((_project(tools, index, asked),) if asked else ()))
        lock = uv_compile(plan, tools, inputs, constraints=constraints)
        found = {name for name in names_of(lock) if canonicalize_name(name) in TORCH_FAMILY}
        if found <= asked:
            return lock
        asked |= found


def without_idle(lock: Document, plan: ResolutionPlan) -> Document:
    """The lock without what nothing in it uses on the accelerator that was asked for."""
    if plan.accelerator is None:
        return lock
    names = left_out(names_of(lock), plan.accelerator)
    kept = [package for package in lock.get("packages", []) if package["name"] not in names]
    return {**lock, "packages": kept} if names else lock


def names_of(lock: Document) -> tuple[str, ...]:
    """The names of a lock's packages."""
    return tuple(str(package["name"]) for package in lock.get("packages", []))


def _project(tools: ResolverTools, index: VariantIndex, asked: Iterable[str]) -> Path:
    """A project that asks for these packages from that index: the only way to tell `uv pip compile`."""
    names = sorted(asked)
    document = {
        "project": {"name": "ml-buildpack-accelerator", "version": "0", "dependencies": names},
        "tool": {
            "uv": {
                "index": [{"name": _NAME, "url": index.url, "explicit": True}],
                "sources": {name: {"index": _NAME} for name in names},
            }
        },
    }
    path = tools.scratch / VARIANT_PROJECT
    path.parent.mkdir(exist_ok=True)
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return path


def _with_pip_tools(
    plan: ResolutionPlan, tools: ResolverTools, index: VariantIndex, requirements: Path, constraints: Path
) -> Document:
    others = tools.env.get("PIP_EXTRA_INDEX_URL", "")
    env = {**tools.env, "PIP_EXTRA_INDEX_URL": f"{others} {index.url}".strip()}
    pins = pip_compile(plan, replace(tools, env=env), requirements, constraints).read_text(encoding="utf-8")
    own: list[str] = []
    rest: list[str] = []
    for line in pins.splitlines():
        (own if _is_of_family(line) else rest).append(f"{line}\n")
    lock: Document = {}
    for name, lines, url in (("rest", rest, None), (_NAME, own, index.url)):
        if lines:
            path = tools.write(f"pins-{name}.txt", "".join(lines))
            lock = merged(lock, uv_compile(plan, tools, (path,), with_dependencies=False, index=url))
    return lock


def _is_of_family(line: str) -> bool:
    if not line or line.startswith(("-", "#", " ")) or " @ " in line:
        return False
    # pip-tools says behind each pin what needs it.
    return canonicalize_name(Requirement(line.partition(" #")[0]).name) in TORCH_FAMILY

"""How the requirements become a lock: which resolver, given which text, and when a kept lock is still good. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import NormalizedName

from ml_buildpack.cnb.context import Target
from ml_buildpack.cnb.layer import Absent, MetadataOnly, Present, RestoredLayer
from ml_buildpack.facts.dependency_files import Requirements
from ml_buildpack.facts.requirements_text import RequirementLine
from ml_buildpack.facts.settings import Resolver, Settings
from ml_buildpack.plan.interpreter import Interpreter
from ml_buildpack.plan.server import ServerPlan

# The resolver is part of a plan, and `apply`, which may not look at facts, finds it here.
__all__ = [
    "LockSource",
    "ResolutionPlan",
    "Resolve",
    "Resolver",
    "UseInstalledPackages",
    "UseKeptLock",
    "choose_lock_source",
    "choose_resolver",
    "interpolated_names",
    "plan_resolution",
    "required_names",
]  # fmt: skip

# Part of every fingerprint: raise it when the same inputs must give another lock than the release before gave.
LOCK_SCHEMA = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolutionPlan:
    """What is resolved. `inputs` are the named digests that decide the result; `input_names` are for messages.

    `local_links` are directories of the project that hold files to install from, relative to it; uv and pip disagree
    about where such a line starts, so it is an argument instead. `allowed_digests` holds, by package, the sha256 values
    that the user's files allow; a package that is not in it may come from any file of the index.
    """

    resolver: Resolver
    resolver_reason: str
    requirements_text: str
    constraints_text: str
    added: tuple[str, ...]
    local_links: tuple[str, ...]
    allowed_digests: Mapping[NormalizedName, tuple[str, ...]]
    requirement_lines: tuple[RequirementLine, ...]
    input_names: tuple[str, ...]
    interpreter: Interpreter
    target: Target
    inputs: Mapping[str, str]
    upgrade: bool
    has_local_trees: bool

    @property
    def fingerprint(self) -> str:
        """Equal where the kept lock is still the answer."""
        return hashlib.sha256(json.dumps(dict(self.inputs), sort_keys=True).encode()).hexdigest()


def plan_resolution(
    requirements: Requirements,
    settings: Settings,
    *,
    server: ServerPlan,
    interpreter: Interpreter,
    target: Target,
    index_hosts: tuple[str, ...],
) -> ResolutionPlan:
    """The resolution of these requirements together with what the server needs."""
    resolver, reason = choose_resolver(settings, requirements)
    added = tuple(need for need in server.needs if _name_of(need) not in required_names(requirements))
    local_links = _local_links(requirements)
    requirements_text = _text([*_options(requirements), *(line.pip_line for line in requirements.requirements), *added])
    constraints_text = _text([line.pip_line for line in requirements.constraints])
    allowed_digests = _allowed_digests(requirements)
    return ResolutionPlan(
        resolver=resolver,
        resolver_reason=reason,
        requirements_text=requirements_text,
        constraints_text=constraints_text,
        added=added,
        local_links=local_links,
        allowed_digests=allowed_digests,
        requirement_lines=(*requirements.requirements, *requirements.constraints),
        input_names=tuple(file.path for file in requirements.files),
        interpreter=interpreter,
        target=target,
        inputs={
            "schema": LOCK_SCHEMA,
            "requirements": _digest(requirements_text + "\0" + constraints_text),
            "trees": " ".join(f"{tree.path}={tree.sha256[:16]}" for tree in requirements.local_trees),
            "digests": _digest(json.dumps(sorted(allowed_digests.items()))),
            "resolver": resolver.value,
            "python": f"{interpreter.version} {interpreter.launch_path}",
            "target": str(target),
            "indexes": " ".join(index_hosts),
        },
        upgrade=settings.upgrade,
        has_local_trees=bool(requirements.local_trees),
    )


def required_names(requirements: Requirements | None) -> frozenset[NormalizedName]:
    """The names that the requirements ask for; none where there are none to read."""
    lines = requirements.requirements if requirements is not None else ()
    return frozenset(line.name for line in lines if line.name is not None)


def interpolated_names(requirements: Requirements) -> frozenset[str]:
    """The variables that requirements refer to as `${NAME}`, the only form that pip and uv fill in."""
    lines = (*requirements.requirements, *requirements.constraints)
    texts = (*(line.text for line in lines), *(option.value for option in requirements.options))
    return frozenset(name for text in texts for name in re.findall(r"\$\{([A-Z0-9_]+)\}", text))


def choose_resolver(settings: Settings, requirements: Requirements) -> tuple[Resolver, str]:
    """The resolver and why: the setting, then the marks of a pip-tools project, then uv."""
    if settings.resolver is not None:
        return settings.resolver, "it is set"
    if requirements.pip_tools_marks:
        return Resolver.PIP_TOOLS, requirements.pip_tools_marks[0]
    return Resolver.UV, "the default"


@dataclass(frozen=True, kw_only=True, slots=True)
class UseKeptLock:
    """The lock in the restored `lock` layer is still the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UseInstalledPackages:
    """The lock is gone, but the image's own `venv` layer was made from these very inputs; its digest is known."""

    lock_digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolve:
    """Nothing that is kept answers; `reasons` say why, as sentences."""

    reasons: tuple[str, ...]


LockSource = UseKeptLock | UseInstalledPackages | Resolve

_INPUT_NAMES = {
    "schema": "this release of ml-buildpack resolves differently",
    "requirements": "the requirements changed",
    "trees": "a local package changed",
    "digests": "the pinned hashes changed",
    "resolver": "the resolver changed from {old} to {new}",
    "python": "the Python changed from {old} to {new}",
    "target": "the platform changed from {old} to {new}",
    "indexes": "the package indexes changed",
}


def choose_lock_source(plan: ResolutionPlan, *, lock_layer: RestoredLayer, venv_layer: RestoredLayer) -> LockSource:
    """Where the lock comes from. A rebuild never drifts: with equal inputs nothing is resolved again."""
    if plan.upgrade:
        return Resolve(reasons=("BP_UPGRADE asks for it",))
    if isinstance(lock_layer, Present):
        reasons = _changed_inputs(lock_layer.metadata, plan.inputs)
        return Resolve(reasons=reasons) if reasons else UseKeptLock()
    if isinstance(venv_layer, (MetadataOnly, Present)) and venv_layer.metadata.get("inputs") == plan.fingerprint:
        return UseInstalledPackages(lock_digest=venv_layer.metadata["lock"])
    if isinstance(lock_layer, Absent) and isinstance(venv_layer, Absent):
        return Resolve(reasons=("there is no lock yet",))
    return Resolve(reasons=("the kept lock is gone",))


def _changed_inputs(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        sentence.format(old=old.get(name, "unknown"), new=new[name])
        for name, sentence in _INPUT_NAMES.items()
        if old.get(name) != new[name]
    )


def _allowed_digests(requirements: Requirements) -> dict[NormalizedName, tuple[str, ...]]:
    allowed: dict[NormalizedName, tuple[str, ...]] = {}
    for line in (*requirements.requirements, *requirements.constraints):
        if line.name is not None and line.hashes:
            digests = tuple(value.removeprefix("sha256:") for value in line.hashes if value.startswith("sha256:"))
            allowed[line.name] = (*allowed.get(line.name, ()), *digests)
    return allowed


def _local_links(requirements: Requirements) -> tuple[str, ...]:
    trees = {tree.path for tree in requirements.local_trees}
    return tuple(line.value for line in requirements.options if line.option == "--find-links" and line.value in trees)


def _options(requirements: Requirements) -> list[str]:
    """The option lines for the resolvers; local links are arguments, as `ResolutionPlan` says."""
    local_links = _local_links(requirements)
    # Digests are enforced on the lock: asked for here, they would forbid the server's own lines.
    passed = (line for line in requirements.options if line.option != "--require-hashes")
    return [f"{line.option} {line.value}".rstrip() for line in passed if line.value not in local_links]


def _name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)

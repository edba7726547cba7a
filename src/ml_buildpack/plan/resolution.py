"""How the requirements become a lock: which resolver, given which text, and when a kept lock is still good. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.markers import Marker
from packaging.utils import NormalizedName

from ml_buildpack.cnb.context import Target
from ml_buildpack.facts.dependencies import Dependencies
from ml_buildpack.facts.dependency_files import Requirements
from ml_buildpack.facts.local_trees import LocalTree
from ml_buildpack.facts.requirements_text import RequirementLine
from ml_buildpack.facts.settings import Resolver, Settings
from ml_buildpack.facts.wheelhouse import Wheelhouse
from ml_buildpack.plan.accelerator_choice import AcceleratorChoice
from ml_buildpack.plan.interpreter import Interpreter
from ml_buildpack.plan.resolution_method import PROJECT_LINE, Loose, Method, choose_method
from ml_buildpack.plan.server import ServerPlan
from ml_buildpack.redaction import redact

# The resolver is part of a plan, and `apply`, which may not look at facts, finds it here.
__all__ = ["ResolutionPlan", "Resolver", "choose_resolver", "interpolated_names", "plan_resolution", "required_names"]

# Part of every fingerprint: raise it when the same inputs must give another lock than the release before gave.
LOCK_SCHEMA = "1"
LOOSE = Loose()


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolutionPlan:
    """What is resolved. `inputs` are the named digests that decide the result; `input_names` are for messages.

    `local_links` are directories of the project that hold files to install from, relative to it; uv and pip disagree
    about where such a line starts, so it is an argument instead. `allowed_digests` holds, by package, the sha256 values
    that the user's files allow; a package that is not in it may come from any file of the index. `wheelhouse` is the
    directory that is asked instead of every index. `accelerator` may name another index for some packages.
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
    method: Method = LOOSE
    wheelhouse: Wheelhouse | None = None
    accelerator: AcceleratorChoice | None = None

    @property
    def description(self) -> str:
        """What the build does, for the log: `Resolving with uv (the default)`, or `Obeying poetry.lock`."""
        if isinstance(self.method, Loose):
            return f"Resolving with {self.resolver.value} ({self.resolver_reason})"
        return f"Obeying {self.input_names[0]}"

    @property
    def fingerprint(self) -> str:
        """Equal where the kept lock is still the answer."""
        return hashlib.sha256(json.dumps(dict(self.inputs), sort_keys=True).encode()).hexdigest()


def plan_resolution(  # noqa: PLR0913  # each is a part of what decides, and all but two have names
    dependencies: Dependencies,
    settings: Settings,
    *,
    server: ServerPlan,
    interpreter: Interpreter,
    target: Target,
    indexes: tuple[str, ...],
    wheelhouse: Wheelhouse | None = None,
    accelerator: AcceleratorChoice | None = None,
    conda: str | None = None,
) -> ResolutionPlan:
    """The resolution of these dependencies together with what the server needs, on the conda environment, if any."""
    requirements = dependencies.requirements
    method = choose_method(dependencies)
    resolver, resolver_reason = choose_resolver(settings, requirements)
    added = _added(server, required_names(dependencies, interpreter.environment))
    requirements_text, constraints_text = _texts(dependencies, (*_extras(accelerator), *added), wheelhouse)
    written = "\0".join((requirements_text, constraints_text, _method_digest(dependencies, method)))
    return ResolutionPlan(
        resolver=resolver,
        resolver_reason=resolver_reason,
        requirements_text=requirements_text,
        constraints_text=constraints_text,
        added=added,
        local_links=_local_links(requirements),
        allowed_digests=_allowed_digests(requirements),
        requirement_lines=(*requirements.requirements, *requirements.constraints),
        input_names=_input_names(dependencies),
        interpreter=interpreter,
        target=target,
        inputs={
            **_inputs_of_lines(written, dependencies, conda),
            **_inputs_around(resolver, interpreter, target, accelerator, (*indexes, *_identity(wheelhouse))),
        },
        upgrade=settings.upgrade,
        has_local_trees=bool(_trees(dependencies) or dependencies.sources),
        method=method,
        wheelhouse=wheelhouse,
        accelerator=accelerator,
    )


def _inputs_of_lines(written: str, dependencies: Dependencies, conda: str | None) -> dict[str, str]:
    """What decides a resolution and stands in the project's own files, or is made of them."""
    digests = sorted(_allowed_digests(dependencies.requirements).items())
    return {
        "schema": LOCK_SCHEMA,
        "requirements": _digest(written),
        "trees": " ".join(f"{tree.path}={tree.sha256[:16]}" for tree in _trees(dependencies)),
        "digests": _digest(json.dumps(digests)),
        **({} if conda is None else {"conda": conda}),
    }


def _inputs_around(
    resolver: Resolver,
    interpreter: Interpreter,
    target: Target,
    accelerator: AcceleratorChoice | None,
    indexes: tuple[str, ...],
) -> dict[str, str]:
    """What decides a resolution beside the project."""
    python = f"{interpreter.version} {interpreter.launch_path}"
    identity = accelerator.identity if accelerator is not None else ""
    # Not named where nobody chooses, so that locks from before there was a choice are kept.
    chosen = {"accelerator": redact(identity)} if identity else {}
    return {
        "resolver": resolver.value,
        "python": python,
        "target": str(target),
        "indexes": " ".join(indexes),
        **chosen,
    }


def _added(server: ServerPlan, names: frozenset[NormalizedName]) -> tuple[str, ...]:
    return tuple(need for need in server.needs if _name_of(need) not in names)


def _extras(accelerator: AcceleratorChoice | None) -> tuple[str, ...]:
    return accelerator.extras if accelerator is not None else ()


def required_names(
    dependencies: Dependencies | None, environment: Mapping[str, str] | None = None
) -> frozenset[NormalizedName]:
    """The names that the project's own files ask for; with an environment, those that they ask for in it."""
    lines = dependencies.requirements.requirements if dependencies is not None else ()
    names = frozenset(line.name for line in lines if line.name is not None and _applies(line, environment))
    conda = dependencies.conda if dependencies is not None else None
    return names if conda is None else names | conda.pypi_names


def _applies(line: RequirementLine, environment: Mapping[str, str] | None) -> bool:
    return environment is None or line.marker is None or Marker(line.marker).evaluate(dict(environment))


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


def _texts(dependencies: Dependencies, added: tuple[str, ...], wheelhouse: Wheelhouse | None) -> tuple[str, str]:
    """The files of requirements and of constraints."""
    constraints = [line.pip_line for line in dependencies.requirements.constraints]
    return _requirements_text(dependencies, added, wheelhouse), _text(constraints)


def _requirements_text(dependencies: Dependencies, added: tuple[str, ...], wheelhouse: Wheelhouse | None) -> str:
    lines = [line.pip_line for line in dependencies.requirements.requirements]
    project = [] if dependencies.project is None else [PROJECT_LINE]
    return _text([*_options(dependencies.requirements, wheelhouse), *lines, *project, *added])


def _input_names(dependencies: Dependencies) -> tuple[str, ...]:
    """The file that won first, then what it includes."""
    return tuple(dict.fromkeys((dependencies.path, *(file.path for file in dependencies.requirements.files))))


def _trees(dependencies: Dependencies) -> tuple[LocalTree, ...]:
    project = () if dependencies.project is None else (dependencies.project,)
    return (*dependencies.requirements.local_trees, *project)


def _method_digest(dependencies: Dependencies, method: Method) -> str:
    """What decides the result beside the lines; nothing where lines are everything, so a comment decides nothing."""
    if method == LOOSE:
        return ""
    files = [[file.path, file.sha256] for file in dependencies.requirements.files]
    return _digest(json.dumps([repr(method), files]))


def _options(requirements: Requirements, wheelhouse: Wheelhouse | None) -> list[str]:
    """The option lines for the resolvers; local links are arguments, as `ResolutionPlan` says."""
    local_links = _local_links(requirements)
    # Digests are enforced on the lock: asked for here, they would forbid the server's own lines.
    left_out = {"--require-hashes"} if wheelhouse is None else {"--require-hashes", "--index-url", "--extra-index-url"}
    passed = (line for line in requirements.options if line.option not in left_out)
    return [f"{line.option} {line.value}".rstrip() for line in passed if line.value not in local_links]


def _identity(wheelhouse: Wheelhouse | None) -> tuple[str, ...]:
    return () if wheelhouse is None else (f"wheelhouse#{wheelhouse.sha256[:12]}",)


def _name_of(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)

"""What brought each package of a lock: a line of the project, another package, or the server. Pure.

Resolvers say it in comments: uv and pip-tools write `# via` with the packages, and the files, that ask for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.facts.requirement_lines import RequirementLine
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.resolution_method import Loose

ADDED = "added to serve the application"
Parents = Mapping[NormalizedName, tuple[str, ...]]

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_PIN = re.compile(rf"^(?P<name>{_NAME})(?:\[[^\]]*\])?\s*(?:==|@)")
_PACKAGE = re.compile(rf"^(?P<name>{_NAME})(?:\[[^\]]*\])?$")
# A project file that a build backend was asked about: `served (pyproject.toml)`.
_FILE = re.compile(rf"^{_NAME} \((?P<path>[^()]*)\)$")


def read_parents(annotated: str) -> tuple[Parents, frozenset[NormalizedName]]:
    """The packages that require each package, and the packages that a project file asks for by itself."""
    parents: dict[NormalizedName, tuple[str, ...]] = {}
    of_files: set[NormalizedName] = set()
    for line in annotated.splitlines():
        pin, _, by = line.partition(" # via ")
        found = _PIN.match(pin)
        if found is None:
            continue
        name = canonicalize_name(found["name"])
        asking = [part.strip() for part in by.split(",")]
        names = {str(canonicalize_name(package["name"])) for package in filter(None, map(_PACKAGE.match, asking))}
        parents[name] = tuple(sorted(names))
        if any(map(_FILE.match, asking)):
            of_files.add(name)
    return parents, frozenset(of_files)


def origins_of(
    name: NormalizedName,
    plan: ResolutionPlan,
    annotated: tuple[Parents, frozenset[NormalizedName]],
    *,
    tree: str | None = None,
) -> tuple[str, ...]:
    """What brought that package: files first, then the server, then other packages. `tree` is where it lies, if so."""
    parents, of_files = annotated
    asked = tuple(dict.fromkeys(f"{line.path}:{line.line}" for line in plan.requirement_lines if _is(line, name, tree)))
    if not asked and name in of_files and isinstance(plan.method, Loose):
        asked = tuple(source.path for source in plan.method.sources)
    if not asked and name in {_name_of(need) for need in plan.added}:
        asked = (ADDED,)
    required = tuple(f"required by {parent}" for parent in parents.get(name, ()))
    is_whole = not isinstance(plan.method, Loose) or tree == "."
    # A lock that is shipped has the package, whoever needs it.
    return (*asked, *required) or ((plan.input_names[0],) if is_whole else ())


def _is(line: RequirementLine, name: NormalizedName, tree: str | None) -> bool:
    return line.name == name or (tree is not None and line.local_path == tree)


def _name_of(requirement: str) -> str:
    return canonicalize_name(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0])

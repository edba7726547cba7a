"""What uv's "No solution found" means: which of the many reasons why a set of requirements has no answer. Pure.

uv explains every failure as one proof in prose. The proofs with a single cause are recognised by how they begin, and
get advice of their own; everything longer stays a conflict, with the proof as it is. Read off uv 0.13.
"""

from __future__ import annotations

import re

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from ml_buildpack.errors import (
    BuildpackError,
    HeldByAnotherIndex,
    LocalVersionNotFound,
    Mistake,
    NeedsAnotherPython,
    NoFileForThisPlatform,
    PackageNotFound,
    ReleaseYanked,
    ResolutionConflict,
    WheelhouseIncomplete,
)
from ml_buildpack.plan.resolution import ResolutionPlan

_UNKNOWN_PACKAGE = re.compile(r"(?P<package>\S+) was not found in the (?:package registry|provided package locations)")
_UNKNOWN_VERSION = re.compile(
    r"^Because there (?:is|are) no versions? of (?P<package>[^\s=<>!~]+)(?P<version>\S*) and you require \S+,? we can"
)
_YANKED = re.compile(r"^Because (?P<release>\S+) was yanked(?: \(reason: (?P<reason>.*?)\))? and ")
_OTHER_PYTHON = re.compile(
    r"^Because the current Python version \([^)]*\) does not satisfy Python(?P<needs>\S+) and "
    r"(?P<package>[^\s=<>!~]+)\S* depends on Python"
)
_NO_WHEELS = re.compile(r"^Because (?:all versions of )?(?P<package>\S+) (?:has|have) no wheels with a matching ")
_OTHER_INDEX = re.compile(
    r"`(?P<package>[^`]+)` was found on (?P<index>\S+), but not at the requested version \((?P<asked>.+?)\)\. "
    r"A compatible version may be available on a subsequent index \(e\.g\., (?P<next>\S+?)\)\."
)
_REQUIRED = re.compile(r"you require (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_CAUSE = re.compile(r"^\s*cause: ", re.MULTILINE)


def explain_unsatisfied(text: str, plan: ResolutionPlan) -> BuildpackError:
    """The error that this failed resolution is."""
    explanation = _explanation(text)
    if found := _OTHER_INDEX.search(explanation):
        return HeldByAnotherIndex(
            package=found["package"],
            asked=found["asked"],
            index=found["index"],
            # pip-tools names the indexes once more in its pins, and then the next one is the same again.
            next_index=found["next"] if found["next"] != found["index"] else "",
            requirement_at=lines_about(found["package"], plan),
        )
    unknown = _UNKNOWN_PACKAGE.search(explanation) or _UNKNOWN_VERSION.search(explanation)
    if unknown is not None:
        return _unknown(unknown, explanation, plan)
    # A proof about one requirement has one cause. Where several meet, they may as well contradict each other.
    if len(set(_REQUIRED.findall(explanation))) == 1 and (simple := _single_cause(explanation, plan)):
        return simple
    return ResolutionConflict(resolver=plan.resolver.value, inputs=plan.input_names, explanation=explanation)


def _unknown(found: re.Match[str], explanation: str, plan: ResolutionPlan) -> BuildpackError:
    package = found["package"]
    version = found.groupdict().get("version") or ""
    if plan.wheelhouse is not None:
        return _wheelhouse_incomplete(f"{package}{version}", plan)
    requirement_at = lines_about(package, plan)
    if version.startswith("==") and "+" in version:
        return LocalVersionNotFound(package=package, version=version.lstrip("="), requirement_at=requirement_at)
    return PackageNotFound(package=package, requirement_at=requirement_at, explanation=explanation)


def _single_cause(explanation: str, plan: ResolutionPlan) -> BuildpackError | None:
    if found := _YANKED.search(explanation):
        package = re.split(r"[=<>!~]", found["release"], maxsplit=1)[0]
        return ReleaseYanked(
            release=found["release"], reason=found["reason"] or "", requirement_at=lines_about(package, plan)
        )
    if found := _OTHER_PYTHON.search(explanation):
        return NeedsAnotherPython(
            package=found["package"],
            needs=found["needs"],
            python=plan.interpreter.version,
            requirement_at=lines_about(found["package"], plan),
            explanation=explanation,
        )
    if found := _NO_WHEELS.search(explanation):
        return NoFileForThisPlatform(
            packages=(found["package"],),
            python=plan.interpreter.version,
            platform=str(plan.target),
            explanation=explanation,
        )
    return None


def _wheelhouse_incomplete(missing: str, plan: ResolutionPlan) -> BuildpackError:
    """Everything that is known to be missing, not only what uv met first: each round may mean a download elsewhere."""
    if plan.wheelhouse is None:
        raise AssertionError  # pragma: no cover  # the caller asked
    there = plan.wheelhouse.packages
    asked = {
        str(line.name)
        for line in plan.requirement_lines
        if line.name is not None and line.url is None and line.local_path is None and _applies(line.marker, plan)
    }
    added = {str(canonicalize_name(re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0])) for need in plan.added}
    name = str(canonicalize_name(re.split(r"[=<>!~]", missing, maxsplit=1)[0]))
    absent = {package for package in asked | added if canonicalize_name(package) not in there} - {name}
    return WheelhouseIncomplete(
        wheelhouse=plan.wheelhouse.path,
        missing=tuple(sorted({*absent, missing})),
        added=tuple(sorted(added & (absent | {name}))),
        python=plan.interpreter.version,
        inputs=plan.input_names,
    )


def _applies(marker: str | None, plan: ResolutionPlan) -> bool:
    return marker is None or Marker(marker).evaluate(dict(plan.interpreter.environment))


def lines_about(package: str, plan: ResolutionPlan) -> tuple[Mistake, ...]:
    """The lines of the project that ask for a package."""
    name = canonicalize_name(package)
    return tuple(
        Mistake(where=line.path, line=line.line, text=line.text, detail=f"asks for {package}")
        for line in plan.requirement_lines
        if line.name == name
    )


def _explanation(text: str) -> str:
    """The resolver's sentences, joined to paragraphs, without the frame around them."""
    after = _CAUSE.split(text, maxsplit=1)[-1]
    lines = [line.strip() for line in after.strip().splitlines()]
    return "\n".join(line for line in lines if line)

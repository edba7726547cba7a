"""What uv's failures mean. Pure: output in, error out.

Patterns were read off uv 0.13 on failures provoked one by one; each has a test with the text as uv prints it. What
none of them knows becomes ResolverFailed or SourceBuildFailed, with the tool's own words.
"""

from __future__ import annotations

import re

from ml_buildpack.apply.network_failures import network_failure
from ml_buildpack.apply.unsatisfied import explain_unsatisfied
from ml_buildpack.errors import (
    BuildpackError,
    GitNotFound,
    LockOutOfDate,
    Mistake,
    NoWheelAndNoCompiler,
    ResolverFailed,
    SourceBuildFailed,
)
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.redaction import redact

_BUILD = re.compile(r"Failed to (?:download and )?build `(?P<package>[^`]+)`")
_STALE_UV_LOCK = "needs to be updated, but `--locked` was provided"
_NO_GIT = "Git executable not found"

# What a build needs and does not find, as compilers and build backends say it; the group names the thing.
_MISSING_PROGRAMS = (
    re.compile(r"command '(?P<missing>[^']+)' failed: No such file"),
    re.compile(r"error: command '?(?P<missing>\S*(?:gcc|cc|g\+\+|clang|gfortran))'? (?:failed|not found)"),
    re.compile(r"(?:unable to execute|\[Errno 2\] No such file or directory:) '(?P<missing>[^'/]+)'"),
    re.compile(r"fatal error: (?P<missing>[\w/.+-]+\.h(?:pp)?): No such file"),
    re.compile(r"Error: (?P<missing>pg_config|mysql_config|gdal-config) (?:executable )?(?:is )?"
               r"(?:required|not found)"),
    re.compile(r"(?P<missing>pg_config|mysql_config|gdal-config|pkg-config|cmake|ninja|cargo|rustc)"
               r"[^\n]{0,40} (?:not found|is required|not installed|is not installed)"),
    re.compile(r"Unknown compiler\(s\): \[\['(?P<missing>[^']+)'"),
    re.compile(r"No (?P<missing>C(?:XX)?_COMPILER|CMAKE_C(?:XX)?_COMPILER) could be found"),
    re.compile(r"can't find (?P<missing>Rust compiler)"),
)  # fmt: skip


def classify_resolution(output: str, plan: ResolutionPlan) -> BuildpackError:
    """The error that a failed resolution is."""
    text = redact(output)
    if _NO_GIT in text:
        return GitNotFound(requirement_at=_git_lines(plan))
    network = network_failure(text)
    if network is not None:
        return network
    build = _BUILD.search(text)
    if build is not None:
        return classify_build(text, package=build["package"], python=plan.interpreter.version)
    if _STALE_UV_LOCK in text:
        return LockOutOfDate(lock="uv.lock", project="pyproject.toml", evidence=(), command="uv lock")
    if "No solution found" not in text:
        return ResolverFailed(resolver=plan.resolver.value, log_tail=_tail(text))
    return explain_unsatisfied(text, plan)


def classify_build(output: str, *, package: str, python: str) -> BuildpackError:
    """The error that a failed build of a package from source is."""
    text = redact(output)
    network = network_failure(text)
    if network is not None:
        return network
    for pattern in _MISSING_PROGRAMS:
        if found := pattern.search(text):
            return NoWheelAndNoCompiler(package=package, python=python, missing=found["missing"], log_tail=_tail(text))
    return SourceBuildFailed(package=package, python=python, log_tail=_tail(text))


def _git_lines(plan: ResolutionPlan) -> tuple[Mistake, ...]:
    """The lines of the project that lie in a git repository."""
    return tuple(
        Mistake(where=line.path, line=line.line, text=redact(line.text), detail="lies in a git repository")
        for line in plan.requirement_lines
        if line.url is not None and line.url.startswith("git")
    )


def _tail(text: str, lines_max: int = 30) -> str:
    return "\n".join(text.strip().splitlines()[-lines_max:])

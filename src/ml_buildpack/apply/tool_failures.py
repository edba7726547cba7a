"""What uv's failures mean. Pure: output in, error out.

Patterns were read off uv 0.13 on failures provoked one by one; each has a test with the text as uv prints it. What
none of them knows becomes ResolverFailed or SourceBuildFailed, with the tool's own words.
"""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from ml_buildpack.errors import (
    BuildpackError,
    DiskFull,
    DownloadFailed,
    IndexUnauthorised,
    IndexUnreachable,
    LockOutOfDate,
    Mistake,
    NoWheelAndNoCompiler,
    PackageNotFound,
    ResolutionConflict,
    ResolverFailed,
    SourceBuildFailed,
)
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.redaction import redact

_UNAUTHORISED = re.compile(r"An index(?: URL)? \((?P<url>\S+?)\).*?\b(?P<status>40[13]|407)\b", re.DOTALL)
_FETCH = re.compile(r"Failed to fetch: `?(?P<url>\S+?)`?$", re.MULTILINE)
_HTTP_STATUS = re.compile(r"HTTP status \w+ error \((?P<status>\d{3}) (?P<reason>[^)]*)\)")
_GIT_FETCH = re.compile(r"fatal: (?:unable to access '(?P<url>[^']+)': (?P<detail>.*)|(?P<other>.*))")
_BUILD = re.compile(r"Failed to (?:download and )?build `(?P<package>[^`]+)`")
_UNKNOWN_PACKAGE = re.compile(r"(?P<package>\S+) was not found in the (?:package registry|provided package locations)")
_UNKNOWN_VERSION = re.compile(
    r"^Because there (?:is|are) no versions? of (?P<package>[^\s=<>!~]+)\S* and you require \S+,? we can"
)
_STALE_UV_LOCK = "needs to be updated, but `--locked` was provided"
_CAUSE = re.compile(r"^\s*cause: ", re.MULTILINE)

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
    network = _network_failure(text)
    if network is not None:
        return network
    build = _BUILD.search(text)
    if build is not None:
        return classify_build(text, package=build["package"], python=plan.interpreter.version)
    if _STALE_UV_LOCK in text:
        return LockOutOfDate(lock="uv.lock", project="pyproject.toml", evidence=(), command="uv lock")
    if "No solution found" not in text:
        return ResolverFailed(resolver=plan.resolver.value, log_tail=_tail(text))
    explanation = _explanation(text)
    unknown = _UNKNOWN_PACKAGE.search(explanation) or _UNKNOWN_VERSION.search(explanation)
    if unknown is None:
        return ResolutionConflict(resolver=plan.resolver.value, inputs=plan.input_names, explanation=explanation)
    package = unknown["package"]
    return PackageNotFound(package=package, requirement_at=_lines_about(package, plan), explanation=explanation)


def classify_build(output: str, *, package: str, python: str) -> BuildpackError:
    """The error that a failed build of a package from source is."""
    text = redact(output)
    if "No space left on device" in text:
        return DiskFull(path="the build's temporary directory")
    network = _network_failure(text)
    if network is not None:
        return network
    for pattern in _MISSING_PROGRAMS:
        if found := pattern.search(text):
            return NoWheelAndNoCompiler(package=package, python=python, missing=found["missing"], log_tail=_tail(text))
    return SourceBuildFailed(package=package, python=python, log_tail=_tail(text))


def _network_failure(text: str) -> BuildpackError | None:
    if "No space left on device" in text:
        return DiskFull(path="the build's temporary directory")
    if found := _UNAUTHORISED.search(text):
        return IndexUnauthorised(url=found["url"], status=int(found["status"]))
    if "Git operation failed" in text and (found := _GIT_FETCH.search(text)):
        return DownloadFailed(url=found["url"] or "the git repository", detail=found["detail"] or found["other"])
    if fetch := _FETCH.search(text):
        return _fetch_failure(text, fetch["url"])
    return None


def _fetch_failure(text: str, url: str) -> BuildpackError:
    status = _HTTP_STATUS.search(text)
    if status is None:
        return IndexUnreachable(url=url, detail=_CAUSE.split(text.strip())[-1].splitlines()[0].strip())
    if status["status"] in {"401", "403", "407"}:
        return IndexUnauthorised(url=url, status=int(status["status"]))
    detail = f"the server answered {status['status']} {status['reason']}"
    # A server that fails is an index out of order; one that says 404 is a wrong URL.
    return (IndexUnreachable if status["status"].startswith("5") else DownloadFailed)(url=url, detail=detail)


def _explanation(text: str) -> str:
    """The resolver's sentences, joined to paragraphs, without the frame around them."""
    after = _CAUSE.split(text, maxsplit=1)[-1]
    lines = [line.strip() for line in after.strip().splitlines()]
    return "\n".join(line for line in lines if line)


def _lines_about(package: str, plan: ResolutionPlan) -> tuple[Mistake, ...]:
    name = canonicalize_name(package)
    return tuple(
        Mistake(where=line.path, line=line.line, text=line.text, detail=f"asks for {package}")
        for line in plan.requirement_lines
        if line.name == name
    )


def _tail(text: str, lines_max: int = 30) -> str:
    return "\n".join(text.strip().splitlines()[-lines_max:])

"""What py-rattler's words mean. Pure: text in, error out.

Patterns were read off py-rattler 0.28 on failures provoked one by one; each has a test with the real library. What none
of them knows becomes CommandFailed, with the library's own words.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ml_buildpack.errors import (
    BuildpackError,
    CertificateRefused,
    CommandFailed,
    CondaChannelUnauthorised,
    CondaChannelUnreachable,
    CondaPackageNotFound,
    CondaUnsatisfiable,
    HostNotFound,
    RequirementsMalformed,
)
from ml_buildpack.plan.conda_environment import CondaPlan, without_secrets
from ml_buildpack.redaction import redact

_STATUS = re.compile(r"HTTP status \w+ error \((?P<status>\d{3})[^)]*\) for url \((?P<url>[^)]+)\)")
_URL = re.compile(r"for url \((?P<url>[^)]+)\)")
_NO_SUBDIR = re.compile(r"could not find subdir '[^']+' in channel '(?P<url>[^']+)'")
_NO_CANDIDATES = re.compile(r"^(?:Cannot solve the request because of: )?No candidates were found for (?P<spec>.+?)\.$")
_PREAMBLE = "Cannot solve the request because of: "
_CERTIFICATE = re.compile(r"invalid peer certificate: (?P<detail>.+)")
_REFUSED = {401, 403, 407}
_INDEX_FILES = re.compile(r"/(?:noarch|linux-\w+)/[^/]+$")


def classify(kind: str, message: str, plan: CondaPlan) -> BuildpackError:
    """The error that a failed solution is. `kind` is the name of the library's exception."""
    text = redact(without_secrets(message, plan.channels)).strip()
    match kind:
        case "SolverError":
            return _no_solution(text.removeprefix(_PREAMBLE), plan)
        case "GatewayError" | "FetchRepoDataError":
            return _no_channel(text)
        case "InvalidMatchSpecError" | "InvalidVersionSpecError" | "PackageNameMatcherParseError":
            return RequirementsMalformed(mistakes=(plan.line_in(text),))
        case _:
            return CommandFailed(argv=("py-rattler", "solve"), exit_code=1, output_tail=f"{kind}: {text}")


def _no_solution(text: str, plan: CondaPlan) -> BuildpackError:
    found = [match["spec"] for match in map(_NO_CANDIDATES.match, text.splitlines()) if match is not None]
    names = {spec.split()[0].lower() for spec in found}
    lines = plan.lines_of(frozenset(names))
    if lines:
        shown = tuple(channel.shown for channel in plan.channels)
        return CondaPackageNotFound(packages=lines, channels=shown, explanation=text)
    return CondaUnsatisfiable(path=plan.wish.path, explanation=text, virtual_packages=plan.virtual_packages)


def _no_channel(text: str) -> BuildpackError:
    status, missing, place = _STATUS.search(text), _NO_SUBDIR.search(text), _URL.search(text)
    url = _channel_of(missing["url"] if missing else place["url"] if place else "the channel")
    if status is not None and int(status["status"]) in _REFUSED:
        return CondaChannelUnauthorised(url=url, status=int(status["status"]))
    if certificate := _CERTIFICATE.search(text):
        return CertificateRefused(url=url, detail=certificate["detail"])
    last = text.splitlines()[-1].removeprefix("Caused by: ")
    if "dns error" in text:
        return HostNotFound(url=url, host=urlsplit(url).hostname or "", detail=last)
    return CondaChannelUnreachable(url=url, detail=last)


def _channel_of(url: str) -> str:
    return _INDEX_FILES.sub("", url).rstrip("/")

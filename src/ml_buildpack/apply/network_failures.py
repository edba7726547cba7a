"""What uv's words about the network mean: who did not answer, and at which of the steps before an answer. Pure.

Patterns were read off uv 0.13 on failures provoked one by one; each has a test with the real tool.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ml_buildpack.errors import (
    BuildpackError,
    CertificateRefused,
    DownloadFailed,
    HostNotFound,
    IndexUnauthorised,
    IndexUnreachable,
    ProxyFailed,
)

_UNAUTHORISED = re.compile(r"An index(?: URL)? \((?P<url>\S+?)\).*?\b(?P<status>40[13]|407)\b", re.DOTALL)
_FETCH = re.compile(r"Failed to (?:fetch|download)(?: distribution)?: `?(?P<url>\S+?)`?$", re.MULTILINE)
_HTTP_STATUS = re.compile(r"HTTP status \w+ error \((?P<status>\d{3}) (?P<reason>[^)]*)\)")
_GIT_FETCH = re.compile(r"fatal: (?:unable to access '(?P<url>[^']+)': (?P<detail>.*)|(?P<other>.*))")
_CAUSE = re.compile(r"^\s*cause: (.*)$", re.MULTILINE)
_CERTIFICATE = re.compile(r"invalid peer certificate: (?P<detail>.+)")
_DNS, _TUNNEL, _PROXY_WANTS_LOGIN = "dns error", "tunnel error", "proxy authorization required"
_PROXY_STATUS = 407


def network_failure(text: str) -> BuildpackError | None:
    """The error, where these words of uv are about the network; None for everything else."""
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
        return _no_answer(url, [cause.strip() for cause in _CAUSE.findall(text)])
    if status["status"] in {"401", "403", "407"}:
        return IndexUnauthorised(url=url, status=int(status["status"]))
    detail = f"the server answered {status['status']} {status['reason']}"
    # A server that fails is an index out of order; one that says 404 is a wrong URL.
    return (IndexUnreachable if status["status"].startswith("5") else DownloadFailed)(url=url, detail=detail)


def _no_answer(url: str, causes: list[str]) -> BuildpackError:
    """How far the request came. A tunnel is what a proxy digs, so what fails inside it is the proxy's."""
    words = "\n".join(causes)
    if _PROXY_WANTS_LOGIN in words:
        return IndexUnauthorised(url=url, status=_PROXY_STATUS)
    tunnel = next((number for number, cause in enumerate(causes) if cause.startswith(_TUNNEL)), None)
    if tunnel is not None:
        return ProxyFailed(url=url, proxy="", detail=": ".join(causes[tunnel:]).removeprefix(f"{_TUNNEL}: "))
    if certificate := _CERTIFICATE.search(words):
        return CertificateRefused(url=url, detail=certificate["detail"])
    last = causes[-1] if causes else ""
    if _DNS in causes:
        return HostNotFound(url=url, host=urlsplit(url).hostname or "", detail=last)
    return IndexUnreachable(url=url, detail=last)

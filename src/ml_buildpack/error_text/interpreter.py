"""Words for failures to find the Python that a project asks for."""

from __future__ import annotations

import re

from ml_buildpack.error_text.layout import Words, code, log_tail, mistakes_listing, paragraphs
from ml_buildpack.errors import (
    Mistake,
    PythonDownloadFailed,
    PythonEndOfLife,
    PythonNotAvailable,
    PythonRequestsConflict,
)

_SETTING = "BP_PYTHON_VERSION"
# A minor version of each is enough to choose by; the releases of a large table would hide them.
_MINORS_SHOWN_MAX = 12
_TABLE_COMMAND = ("pack build NAME \\", "    --env BP_PYTHON_DOWNLOADS_JSON=https://example.com/pythons.json")
_CERTIFICATE = re.compile(r"certificate|unknownissuer", re.IGNORECASE)
_HASH = re.compile(r"hash mismatch", re.IGNORECASE)


def python_not_available(error: PythonNotAvailable) -> Words:
    """Who asks for which Python, what the builder has and what can be downloaded."""
    fixes = [_wider_request(error.requests, version) for version in _minors_here(error.available)[:1]]
    if error.downloadable:
        fixes.append(
            "Or ask for a version that can be downloaded. A minor version, such as 3.12, means its newest release."
        )
    fixes += [
        "If a mirror has it, name the mirror's own table of downloads:\n" + code(*_TABLE_COMMAND),
        _other_builder(),
    ]
    return Words(
        title="The Python that the project asks for is not available",
        body=paragraphs(
            "The project asks for:", mistakes_listing(error.requests), _here(error.available), _in_table(error)
        ),
        fixes=tuple(fixes),
    )


def python_requests_conflict(error: PythonRequestsConflict) -> Words:
    """Every request with its place: no reader can guess which of them is the one to change."""
    alone = len(error.requests) == 1
    fixes = ["Correct the request: no version is in its range."] if alone else _ways_to_agree(error.requests)
    return Words(
        title="The Pythons that the project asks for exclude each other",
        body=paragraphs(
            "No version of Python satisfies this:"
            if alone
            else "All of these must be satisfied at once, and no version of Python does that:",
            mistakes_listing(error.requests),
        ),
        fixes=tuple(fixes),
    )


def python_end_of_life(error: PythonEndOfLife) -> Words:
    """Which version, since when it gets no fixes, and how a project leaves it."""
    return Words(
        title="The Python that the project asks for is out of support",
        body=paragraphs(
            "The project asks for:",
            mistakes_listing(error.requests),
            f"Python {error.version} had its last security fixes on {error.ended}, and there is none here that could "
            f"be used. {_here(error.available)}",
        ),
        fixes=(
            *(_wider_request(error.requests, version) for version in _minors_here(error.available)[:1]),
            (
                "A model that was saved with the old version may have to be saved again with the new one: load it "
                "there once, with the same versions of its packages if they exist for it, before you rely on it."
            ),
            "If it must be that version, use a builder, or a mirror, that still has it:\n" + code(*_TABLE_COMMAND),
        ),
    )


def python_download_failed(error: PythonDownloadFailed) -> Words:
    """What was fetched, how it ended, and what there is without it."""
    asked = (
        ("The project asks for:", mistakes_listing(error.requests))
        if error.requests
        else ("The project asks for no version.",)
    )
    return Words(
        title="A Python could not be downloaded",
        body=paragraphs(
            *asked, _here(error.available), f"So this was to be fetched: {error.python}.", log_tail(error.detail)
        ),
        fixes=tuple(_ways_to_download(error)),
    )


def _ways_to_download(error: PythonDownloadFailed) -> list[str]:
    if _HASH.search(error.detail):
        return [
            (
                "Nothing of it was used. Compare the digests: either the table of downloads is out of date, or "
                "somebody or something changed the archive on the way. Ask the owner of the mirror or the proxy."
            ),
            *(_wider_request(error.requests, version) for version in _minors_here(error.available)[:1]),
        ]
    ways = [
        "If only a mirror can be reached, name it. Either one that has the releases of python-build-standalone below "
        "the same paths, or one with a table of its own:\n"
        + code("pack build NAME --env BP_PYTHON_MIRROR=https://example.com/python", *_TABLE_COMMAND),
        "If the network is reached through a proxy, set it where pack runs:\n"
        + code("export HTTPS_PROXY=http://proxy.example.com:3128"),
        *(_wider_request(error.requests, version) for version in _minors_here(error.available)[:1]),
    ]
    if _CERTIFICATE.search(error.detail):
        ways.insert(
            0,
            "The certificate authority of the server is not known here: give it by a binding of the type "
            "`ca-certificates`.",
        )
    return [*ways, _other_builder()]


def _ways_to_agree(requests: tuple[Mistake, ...]) -> list[str]:
    places = ", ".join(dict.fromkeys(request.where for request in requests))
    return [
        f"Change one of them, so that some version satisfies all: {places}.",
        "Or decide it for the build; the setting wins over the files:\n"
        + code(f"pack build NAME --env {_SETTING}=3.12"),
    ]


def _here(available: str | None) -> str:
    return f"This builder has Python {available}." if available else "This builder has no Python at all for it."


def _in_table(error: PythonNotAvailable) -> str:
    if not error.table:
        return ""
    if not error.downloadable:
        return f"The table of downloads ({error.table}) offers none for this platform."
    rows: dict[str, list[str]] = {}
    for version in error.downloadable:
        rows.setdefault(".".join(version.split(".")[:2]), []).append(version)
    shown = [versions[0] if len(versions) == 1 else f"{versions[-1]} to {versions[0]}" for versions in rows.values()]
    more = len(shown) - _MINORS_SHOWN_MAX
    return paragraphs(
        f"None that can be downloaded satisfies it either. The table ({error.table}) offers for this platform:",
        code(*shown[:_MINORS_SHOWN_MAX], *([f"... and {more} more"] if more > 0 else [])),
    )


def _minors_here(available: str | None) -> list[str]:
    return [".".join(version.split(".")[:2]) for version in (available or "").split(", ") if version]


def _wider_request(requests: tuple[Mistake, ...], version: str) -> str:
    if any(request.where == _SETTING for request in requests):
        return f"Set {_SETTING} to {version}, or leave it out."
    return (
        f"Change the request so that Python {version} satisfies it. In .python-version:\n"
        + code(version)
        + "\nor in pyproject.toml:\n"
        + code(f'requires-python = ">={version}"')
    )


def _other_builder() -> str:
    return "Or use a builder that has the Python asked for, or a package of this buildpack that brings it:\n" + code(
        "make package PYTHON=VERSION"
    )

"""What all requests for a Python ask for together, and whether any release can satisfy them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from ml_buildpack.errors import Mistake, PythonRequestsConflict
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.plan.python_lifetime import END_OF_LIFE

# The first and a late release of every minor version that exists or may come. Together with the versions that requests
# name, and their neighbours, these are enough: what none of them satisfies, no release does.
_MINORS = (*END_OF_LIFE, *(f"3.{minor}" for minor in range(16, 40)))
_PATCHES = (0, 99)


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonWish:
    """The requests that decide, and those of files that a setting overrules."""

    requests: tuple[PythonRequest, ...] = ()
    overruled: tuple[PythonRequest, ...] = ()

    def allows(self, version: str, *, prereleases: bool | None = None) -> bool:
        """Whether all requests that decide are satisfied. Pre-releases count where a request names one, or as told."""
        return all(SpecifierSet(request.spec).contains(version, prereleases=prereleases) for request in self.requests)

    def disregarded(self, version: str) -> tuple[PythonRequest, ...]:
        """The overruled requests that this version does not satisfy."""
        return tuple(
            request for request in self.overruled if not SpecifierSet(request.spec).contains(version, prereleases=True)
        )

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The requests that decide, as evidence of an error."""
        return tuple(
            Mistake(
                where=request.origin, line=request.line, text=request.text, detail=f"asks for Python {request.spec}"
            )
            for request in self.requests
        )

    def __str__(self) -> str:
        """For example `.python-version asks for 3.13, pyproject.toml for >=3.11`; empty where nobody asks."""
        first, *rest = [f"{request.origin} {{}}for {describe_request(request)}" for request in self.requests] or [""]
        return ", ".join((first.format("asks "), *(text.format("") for text in rest)))


def describe_request(request: PythonRequest) -> str:
    """`3.12` for `==3.12.*`, `3.12.4` for `==3.12.4`; ranges in the words of whoever wrote them."""
    single = len(SpecifierSet(request.spec)) == 1 and request.spec.startswith("==")
    return request.spec.removeprefix("==").removesuffix(".*") if single else request.text


def weigh_requests(requests: Iterable[PythonRequest]) -> PythonWish:
    """The wish of all requests; a setting wins over every file.

    Raises: PythonRequestsConflict where no release can satisfy those that decide.
    """
    unique = tuple({(request.origin, request.spec): request for request in reversed(tuple(requests))}.values())[::-1]
    settings = tuple(request for request in unique if request.from_setting)
    files = tuple(request for request in unique if not request.from_setting)
    wish = PythonWish(requests=settings, overruled=files) if settings else PythonWish(requests=files)
    if not any(wish.allows(version, prereleases=True) for version in _candidates(wish.requests)):
        raise PythonRequestsConflict(requests=wish.mistakes)
    return wish


def ended_versions(wish: PythonWish, today: date) -> tuple[str, ...]:
    """The minor versions that the wish allows, newest first, if all of them get no fixes any more; else none."""
    allowed = dict.fromkeys(
        ".".join(version.split(".")[:2]) for version in _candidates(wish.requests) if wish.allows(version)
    )
    alive = any(minor not in END_OF_LIFE or today <= END_OF_LIFE[minor] for minor in allowed)
    return () if alive else tuple(sorted(allowed, key=Version, reverse=True))


def _candidates(requests: Sequence[PythonRequest]) -> Iterator[str]:
    yield from (f"{minor}.{patch}" for minor in reversed(_MINORS) for patch in _PATCHES)
    for request in requests:
        for specifier in SpecifierSet(request.spec):
            named = specifier.version.removesuffix(".*")
            yield named
            yield from _neighbours(named)


def _neighbours(version: str) -> Iterator[str]:
    """The releases before and after one."""
    try:
        major, minor, patch = (*Version(version).release, 0, 0)[:3]
    except InvalidVersion:
        return
    yield f"{major}.{minor}.{patch + 1}"
    if patch:
        yield f"{major}.{minor}.{patch - 1}"

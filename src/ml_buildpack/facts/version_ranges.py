"""Alternatives of version ranges ("this or that"), which other tools have and PEP 440 has not, as one specifier.

Pure. Called by the readers of Poetry's constraints and of conda's match specs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import Version

# A gap that needs more exclusions than this is not one that a person meant; most are endless (2.8, 2.9, 2.10 ... to 3).
_EXCLUSIONS_MAX = 30

_Release = tuple[int, ...]


@dataclass(frozen=True, order=True, slots=True)
class _Edge:
    """A place between releases: right before that one, or right after it. Trailing zeros are left out."""

    release: _Release
    after: bool = False


# Before every release, and after every release.
_START = _Edge((), after=False)
_END = _Edge((2**31,), after=True)
_Interval = tuple[_Edge, _Edge]


class _InexpressibleError(Exception):
    """PEP 440 has no specifier for it, or none that is short."""


def join_alternatives(alternatives: Sequence[str]) -> str | None:
    """The specifier for what any of those allows, empty for everything; None where there is none.

    It is equal for final releases. PEP 440 leaves no way to keep out the pre-releases at the edge of a gap: `>=1,<2` or
    `>=3` is `>=1,!=2.*`, which 3.0rc1 satisfies where pre-releases are allowed at all.
    """
    if len(set(alternatives)) == 1:
        return alternatives[0]
    try:
        return _specifier(_merged([_interval(alternative) for alternative in alternatives]))
    except _InexpressibleError:
        return None


def _interval(alternative: str) -> _Interval:
    low, high = _START, _END
    for specifier in SpecifierSet(alternative):
        specifier_low, specifier_high = _bounds(specifier)
        low, high = max(low, specifier_low), min(high, specifier_high)
    return low, high


def _bounds(specifier: Specifier) -> _Interval:
    version = Version(specifier.version.removesuffix(".*"))
    if version.epoch or str(version) != version.base_version:
        raise _InexpressibleError
    release = version.release
    before, after = _Edge(_trimmed(release)), _Edge(_trimmed(release), after=True)
    low, high = _START, _END
    match specifier.operator:
        case ">=":
            low = before
        case ">":
            low = after
        case "<":
            high = before
        case "<=":
            high = after
        case "==" if specifier.version.endswith(".*"):
            low, high = before, _Edge(_next(release))
        case "==":
            low, high = before, after
        case "~=":
            low, high = before, _Edge(_next(release[:-1]))
        case _:
            raise _InexpressibleError
    return low, high


def _trimmed(release: _Release) -> _Release:
    while release and release[-1] == 0:
        release = release[:-1]
    return release


def _next(release: _Release) -> _Release:
    return (*release[:-1], release[-1] + 1)


def _merged(intervals: list[_Interval]) -> list[_Interval]:
    merged: list[_Interval] = []
    for low, high in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    if not merged:
        raise _InexpressibleError
    return merged


def _specifier(intervals: list[_Interval]) -> str:
    parts: list[str] = []
    (lowest, _), (_, highest) = intervals[0], intervals[-1]
    if lowest != _START:
        parts.append(f"{'>' if lowest.after else '>='}{_text(lowest.release)}")
    if highest != _END:
        parts.append(f"{'<=' if highest.after else '<'}{_text(highest.release)}")
    for position, (low, _) in enumerate(intervals[1:]):
        parts.extend(_exclusions(intervals[position][1], low))
    return ",".join(parts)


def _exclusions(start: _Edge, end: _Edge) -> list[str]:
    """What leaves out all releases from one edge to the other."""
    if start.release == end.release:
        return [f"!={_text(start.release)}"]
    if start.after or end.after:
        raise _InexpressibleError
    excluded: list[str] = []
    at = start.release
    while at < end.release:
        series = at
        # The longest series that begins here and does not reach beyond the end: 2.* before 2.0.*.
        while not series or _trimmed(_next(series)) > end.release:
            series = (*series, 0)
        excluded.append(f"!={_text(series)}.*")
        at = _trimmed(_next(series))
        if len(excluded) > _EXCLUSIONS_MAX:
            raise _InexpressibleError
    return excluded


def _text(release: _Release) -> str:
    return ".".join(str(number) for number in release) or "0"

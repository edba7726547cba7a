"""The extras and groups that the settings name, checked against those that a project has.

Knows settings and names, no files. Called by the readers of locks.
"""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import canonicalize_name

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.spelling import did_you_mean


def select_names(
    settings: Settings, *, extras: Iterable[str], groups: Iterable[str], where: str
) -> tuple[frozenset[str], frozenset[str]]:
    """The extras and the groups asked for, in their normal form. Raises: InvalidSettings, for all that do not exist."""
    mistakes: list[Mistake] = []
    chosen = (
        _select(settings, "extras", settings.extras, extras, where, mistakes),
        _select(settings, "groups", settings.groups, groups, where, mistakes),
    )
    if mistakes:
        raise InvalidSettings(mistakes=tuple(mistakes))
    return chosen


def _select(
    settings: Settings, setting: str, asked: Iterable[str], known: Iterable[str], where: str, mistakes: list[Mistake]
) -> frozenset[str]:
    by_normal_form = {canonicalize_name(name): name for name in known}
    for name in asked:
        if canonicalize_name(name) not in by_normal_form:
            origin = settings.origin_of(setting) or f"BP_{setting.upper()}"
            detail = _explain(setting.removesuffix("s"), name, sorted(by_normal_form.values()), where)
            mistakes.append(Mistake(where=origin, text=name, detail=detail))
    return frozenset(canonicalize_name(name) for name in asked)


def _explain(kind: str, name: str, known: list[str], where: str) -> str:
    if not known:
        return f'{where} has no {kind} at all, so there is no "{name}".'
    meant = did_you_mean(name, known)
    return f'{where} has no {kind} "{name}".{meant}' + ("" if meant else f" It has: {', '.join(known)}.")

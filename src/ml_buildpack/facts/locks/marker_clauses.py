"""Conditions of a lock as values: when a package is installed, combined over all the ways that lead to it.

A condition is kept as "any of these, each of which is all of those": it can be joined, narrowed and turned round, and
is written as one PEP 508 marker in the end. Pure. Called by the readers of locks.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

# Each inner set holds comparisons as they stand in a marker, such as `sys_platform == "win32"`.
Clauses = frozenset[frozenset[str]]

ALWAYS: Clauses = frozenset({frozenset()})
NEVER: Clauses = frozenset()

# Locks of real projects have a handful. A condition that grows beyond this was made to stop us.
CLAUSES_MAX = 256

_TOKEN = re.compile(r"""\(|\)|"[^"]*"|'[^']*'|[^\s()"']+""")
_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in"}
_EXTRA = re.compile(r"""(?:extra (==|!=) ["']([^"']*)["']|["']([^"']*)["'] (==|!=) extra)""")
# What every image has.
_LINUX = {"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux"}
_PLATFORM = re.compile(rf"""({"|".join(_LINUX)}) (==|!=) ["']([^"']*)["']""")


class UnusableMarkerError(Exception):
    """A condition is no marker, or one that cannot be worked with. The message is a sentence."""


def read_clauses(marker: str) -> Clauses:
    """The condition in that marker. Raises: UnusableMarkerError."""
    try:
        tokens = deque(_TOKEN.findall(str(Marker(marker))))
        return _read_any(tokens)
    except InvalidMarker as error:
        raise UnusableMarkerError(f"This is not a marker: {str(error).splitlines()[0]}.") from error
    except RecursionError as error:
        raise UnusableMarkerError("This marker has more parentheses than can be read.") from error


def marker_text(clauses: Clauses) -> str | None:
    """The condition as a marker, equal for equal conditions; None where there is none to meet."""
    alternatives = sorted(sorted(clause) for clause in clauses)
    if [] in alternatives:
        return None
    texts = [" and ".join(clause) for clause in alternatives]
    if len(texts) == 1:
        return texts[0]
    return " or ".join(f"({text})" if " and " in text else text for text in texts)


def either(*conditions: Clauses) -> Clauses:
    """Met where one of them is."""
    return _simplified(clause for condition in conditions for clause in condition)


def both(first: Clauses, second: Clauses) -> Clauses:
    """Met where both are. Raises: UnusableMarkerError, where that grows beyond all measure."""
    if len(first) * len(second) > CLAUSES_MAX * CLAUSES_MAX:
        raise UnusableMarkerError("The conditions on this package are too many to be combined.")
    return _simplified(one | other for one in first for other in second)


def negation(condition: Clauses) -> Clauses:
    """Met where the condition is not. Raises: UnusableMarkerError."""
    result = ALWAYS
    for clause in condition:
        result = both(result, frozenset(frozenset({_opposite(comparison)}) for comparison in clause))
    return result


def with_extras(condition: Clauses, active: AbstractSet[str]) -> Clauses:
    """The condition once it is settled which extras are asked for: what it says about `extra` is decided."""
    return _decided(condition, lambda comparison: _decide_extra(comparison, active))


def on_linux(condition: Clauses) -> Clauses:
    """The condition once it is settled that the system is Linux; NEVER where it asks for another one."""
    return _decided(condition, _decide_platform)


# --- reading ---------------------------------------------------------------------------------------------------------


def _read_any(tokens: deque[str]) -> Clauses:
    result = _read_all(tokens)
    while tokens and tokens[0] == "or":
        tokens.popleft()
        result = either(result, _read_all(tokens))
    return result


def _read_all(tokens: deque[str]) -> Clauses:
    result = _read_one(tokens)
    while tokens and tokens[0] == "and":
        tokens.popleft()
        result = both(result, _read_one(tokens))
    return result


def _read_one(tokens: deque[str]) -> Clauses:
    if tokens[0] == "(":
        tokens.popleft()
        result = _read_any(tokens)
        tokens.popleft()
        return result
    words: list[str] = []
    while tokens and tokens[0] not in {"and", "or", ")"}:
        words.append(tokens.popleft())
    return frozenset({frozenset({" ".join(words)})})


# --- simplifying -----------------------------------------------------------------------------------------------------


def _simplified(given: Iterable[frozenset[str]]) -> Clauses:
    clauses = {clause for clause in given if not _is_contradiction(clause)}
    while merged := _complements(clauses):
        clauses |= merged
        clauses = {clause for clause in clauses if not any(other < clause for other in clauses)}
    clauses = {clause for clause in clauses if not any(other < clause for other in clauses)}
    if len(clauses) > CLAUSES_MAX:
        raise UnusableMarkerError("The conditions on this package are too many to be combined.")
    return frozenset(clauses)


def _is_contradiction(clause: frozenset[str]) -> bool:
    return any(_opposite_or_none(comparison) in clause for comparison in clause)


def _complements(clauses: set[frozenset[str]]) -> set[frozenset[str]]:
    """What is left of two clauses that differ in one comparison and its opposite."""
    merged: set[frozenset[str]] = set()
    for clause in clauses:
        for comparison in clause:
            opposite = _opposite_or_none(comparison)
            rest = clause - {comparison}
            if opposite is not None and rest | {opposite} in clauses:
                merged.add(rest)
    return merged - clauses


def _opposite(comparison: str) -> str:
    opposite = _opposite_or_none(comparison)
    if opposite is None:
        raise UnusableMarkerError(f"The opposite of `{comparison}` cannot be written as a marker.")
    return opposite


def _opposite_or_none(comparison: str) -> str | None:
    words = _TOKEN.findall(comparison)
    operator = " ".join(words[1:-1])
    return " ".join((words[0], _OPPOSITES[operator], words[-1])) if operator in _OPPOSITES else None


# --- deciding --------------------------------------------------------------------------------------------------------


def _decided(condition: Clauses, decide: Callable[[str], bool | None]) -> Clauses:
    """The condition without the comparisons that are decided, and without the clauses that one of them rules out."""
    kept: list[frozenset[str]] = []
    for clause in condition:
        decisions = {comparison: decide(comparison) for comparison in clause}
        if False not in decisions.values():
            kept.append(frozenset(comparison for comparison, decision in decisions.items() if decision is None))
    return _simplified(kept)


def _decide_extra(comparison: str, active: AbstractSet[str]) -> bool | None:
    found = _EXTRA.fullmatch(comparison)
    if found is None:
        return None
    operator, name = (found[1], found[2]) if found[1] else (found[4], found[3])
    return (canonicalize_name(name) in active) == (operator == "==")


def _decide_platform(comparison: str) -> bool | None:
    found = _PLATFORM.fullmatch(comparison)
    return None if found is None else (_LINUX[found[1]] == found[3]) == (found[2] == "==")

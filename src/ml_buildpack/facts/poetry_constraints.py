"""Poetry's version constraints in the words of PEP 440 and PEP 508: caret, tilde, wildcards and alternatives.

Pure: text in, text out. Called by `poetry_dependencies`. Source: Poetry 2.4, "Dependency specification", and the
results of poetry-core 2.4 for each form.
"""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ml_buildpack.facts.version_ranges import join_alternatives

_ALTERNATIVES = re.compile(r"\s*\|\|?\s*")
# One condition and what separates it from the next: a comma, spaces, or both.
_CONDITION = re.compile(
    r"\s*(?P<operator>\^|~=|~|===|==|=|!=|<=|>=|<|>)?"
    r"\s*v?(?P<version>(?:\d+!)?[0-9A-Za-z*][0-9A-Za-z.*+_-]*)\s*(?:,|\s|$)\s*"
)
_WILDCARD = re.compile(r"(?P<series>(?:\d+!)?\d+(?:\.\d+)*)(?:\.\*)+")
_ANYTHING = re.compile(r"[xX*](?:\.[xX*])*")
_MINOR_PARTS = 2


class UnusableConstraintError(Exception):
    """A constraint means nothing, or nothing that pip and uv could be told. The message is a sentence."""


def translate_constraint(text: str) -> str:
    """The PEP 440 specifier for the same releases; empty where any is allowed. Raises: UnusableConstraintError."""
    alternatives = _translate_alternatives(text)
    if len(alternatives) == 1:
        return alternatives[0]
    joined = join_alternatives(alternatives)
    if joined is None:
        raise UnusableConstraintError(
            f'Python packaging has no word for "or", and no single range says "{text}". Write two entries with'
            ' `python = "..."` or `markers = "..."`, or one range.'
        )
    return joined


def translate_python_marker(text: str) -> str | None:
    """The marker for `python = "..."` of a dependency; None where it allows any. Raises: UnusableConstraintError."""
    return _join_markers([_python_marker(alternative) for alternative in _translate_alternatives(text)])


def translate_platform_marker(text: str) -> str | None:
    """The marker for `platform = "..."`: names of `sys.platform`, joined by commas or bars, each perhaps negated."""
    return _join_markers([_platform_marker(alternative) for alternative in _ALTERNATIVES.split(text.strip())])


def _join_markers(alternatives: list[str]) -> str | None:
    if "" in alternatives:
        return None
    unique = list(dict.fromkeys(alternatives))
    if len(unique) == 1:
        return unique[0]
    return " or ".join(f"({marker})" if " and " in marker else marker for marker in unique)


# --- versions ---------------------------------------------------------------------------------------------------------


def _translate_alternatives(text: str) -> list[str]:
    translated = [_translate_conditions(part) for part in _ALTERNATIVES.split(text.strip())]
    return [""] if "" in translated else list(dict.fromkeys(translated))


def _translate_conditions(text: str) -> str:
    conditions: list[str] = []
    position = 0
    while position < len(text.strip()):
        found = _CONDITION.match(text.strip(), position)
        if found is None:
            raise UnusableConstraintError(f'"{text}" is not a constraint that Poetry knows.')
        conditions.append(_translate_condition(found["operator"] or "", found["version"]))
        position = found.end()
    if not conditions:
        raise UnusableConstraintError('It names no version. Write "*" for any.')
    specifier = ",".join(condition for condition in conditions if condition)
    try:
        SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise UnusableConstraintError(f'"{text}" is not a constraint that Poetry knows.') from error
    return specifier


def _translate_condition(operator: str, version: str) -> str:
    if _ANYTHING.fullmatch(version) is not None and operator in {"", "=", "=="}:
        return ""
    wildcard = _WILDCARD.fullmatch(version)
    if wildcard is not None:
        return _translate_wildcard(operator, version, wildcard["series"])
    if operator in {"^", "~"}:
        return _translate_range(operator, _version(version))
    _version(version)
    return f"{'==' if operator in {'', '='} else operator}{version}"


def _translate_wildcard(operator: str, version: str, series: str) -> str:
    if operator not in {"", "=", "==", "!="}:
        raise UnusableConstraintError(f'"{operator}{version}" has both a comparison and a wildcard. Write one of them.')
    return f"{'!=' if operator == '!=' else '=='}{series}.*"


def _translate_range(operator: str, version: Version) -> str:
    parts = len(version.release)
    position = _first_breaking(version.release) if operator == "^" else min(_MINOR_PARTS, parts) - 1
    # Numbers behind the one that is raised become zero; the same number of parts reads as Poetry shows it.
    release = list(version.release)
    upper = [*release[:position], release[position] + 1, *(0 for _ in release[position + 1 :])]
    epoch = f"{version.epoch}!" if version.epoch else ""
    return f">={version},<{epoch}{'.'.join(str(number) for number in upper)}"


def _first_breaking(release: tuple[int, ...]) -> int:
    """The number that "^" lets stand: the first of major, minor and patch that is not zero, or the last there is."""
    considered = release[:3]
    return next((position for position, number in enumerate(considered) if number), len(considered) - 1)


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion as error:
        raise UnusableConstraintError(f'"{text}" is not a version.') from error


# --- markers ----------------------------------------------------------------------------------------------------------


def _python_marker(specifier: str) -> str:
    comparisons = [part for one in specifier.split(",") if one for part in _compare_python(Specifier(one))]
    return " and ".join(comparisons)


def _compare_python(specifier: Specifier) -> list[str]:
    """Comparisons that decide as the specifier does, though `python_version` has two numbers only."""
    series = specifier.version.removesuffix(".*")
    release = Version(series).release
    is_series = series != specifier.version
    match specifier.operator:
        case "==" if is_series and len(release) == 1:
            return [f'python_version >= "{series}"', f'python_version < "{release[0] + 1}"']
        case "~=":
            upper = ".".join(str(number) for number in (*release[:-2], release[-2] + 1))
            return [_comparison(">=", series, release), f'python_version < "{upper}"']
        case "!=" if is_series and len(release) == 1:
            raise UnusableConstraintError(f'"!={specifier.version}" leaves out a whole Python. Name those you mean.')
        case "==" | "!=" if is_series and len(release) > _MINOR_PARTS:
            raise UnusableConstraintError(f'"{specifier.version}" is no version of Python: they have three numbers.')
        case operator:
            # "<=3.9" and ">3.9" are about 3.9.0, and only the full version tells that from 3.9.1. So is "!=3.9".
            is_exact = operator in {"<=", ">"} or (operator == "!=" and not is_series)
            return [_comparison(operator, series, release if not is_exact else (*release, 0, 0))]


def _comparison(operator: str, version: str, release: tuple[int, ...]) -> str:
    variable = "python_version" if len(release) <= _MINOR_PARTS else "python_full_version"
    return f'{variable} {operator} "{version}"'


def _platform_marker(text: str) -> str:
    comparisons: list[str] = []
    for part in re.split(r"\s*[,\s]\s*", text.strip()):
        found = re.fullmatch(r"(==|!=)?\s*([A-Za-z0-9_]+)", part)
        if found is None:
            raise UnusableConstraintError(f'"{text}" is not a platform, such as "linux" or "!=win32".')
        comparisons.append(f'sys_platform {found[1] or "=="} "{found[2]}"')
    return " and ".join(comparisons)

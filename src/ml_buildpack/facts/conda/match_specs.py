"""conda's match specs, such as `conda-forge::numpy=1.26.*=py311*`, with the version in the words of PEP 440.

Pure. Called by `translation`. Sources: conda 25, "Package search and install specifications"; the results of py-rattler
for each form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ml_buildpack.facts.version_ranges import join_alternatives

_BRACKETS = re.compile(r"\[(?P<pairs>[^\]]*)\]$")
_PAIR = re.compile(r"""(?P<key>\w+)\s*=\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^,\s]+))""")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_CONDITION = re.compile(r"(?P<operator>==|!=|>=|<=|~=|>|<|=)?\s*v?(?P<version>[0-9A-Za-z!._+*-]+)")
_SERIES = re.compile(r"(?P<series>[^*]*[^*.])\.?\*")


class UnusableSpecError(Exception):
    """A match spec means nothing, or nothing that pip and uv could be told. The message is a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatchSpec:
    """One package. `specifier` is PEP 440, empty for any version; `build` and `channel` are as written, or None."""

    name: str
    specifier: str = ""
    build: str | None = None
    channel: str | None = None


def read_match_spec(text: str) -> MatchSpec:
    """The package of that spec. Raises: UnusableSpecError."""
    written, given = _take_brackets(text.strip())
    channel, found, rest = written.rpartition("::")
    name = _NAME.match(rest.strip())
    if name is None:
        raise UnusableSpecError(f'"{text}" names no package.')
    version, build = _split_build(rest.strip()[name.end() :])
    return MatchSpec(
        name=name.group().lower(),
        specifier=_translate_version(given.get("version", version)),
        build=given.get("build", build),
        channel=given.get("channel", channel if found else None),
    )


def _take_brackets(text: str) -> tuple[str, dict[str, str]]:
    """What stands before `[key=value, ...]`, and those pairs."""
    brackets = _BRACKETS.search(text)
    if brackets is None:
        return text, {}
    found = _PAIR.finditer(brackets["pairs"])
    pairs = {pair["key"]: pair["single"] or pair["double"] or pair["bare"] or "" for pair in found}
    return text[: brackets.start()].strip(), pairs


def _split_build(text: str) -> tuple[str, str | None]:
    """(version, build) of what stands behind a name: `=1.2`, `=1.2=py3*`, ` 1.2 py3*`, `>=1.2,<2`."""
    text = text.strip()
    exact = re.fullmatch(r"==?\s*([^=\s,|<>!~]+)\s*=\s*(\S+)", text)
    if exact is not None:
        # With a build, one "=" is exact: a build belongs to one version.
        version = exact.group(1)
        return version if version.endswith("*") else f"=={version}", exact.group(2)
    words = re.sub(r"\s*([,|])\s*", r"\1", re.sub(r"([<>=!~])\s+", r"\1", text)).split()
    if len(words) > len(("version", "build")):
        raise UnusableSpecError(f'"{text}" has more than a version and a build.')
    version = words[0] if words else ""
    return version, words[1] if len(words) > 1 else None


def _translate_version(text: str) -> str:
    if text.strip() in {"", "*"}:
        return ""
    alternatives = [_translate_conditions(part) for part in re.split(r"\s*\|\s*", text.strip())]
    specifier = "" if "" in alternatives else join_alternatives(alternatives)
    if specifier is None:
        raise UnusableSpecError(f'Python packaging has no word for "or", and no single range says "{text}".')
    try:
        SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise UnusableSpecError(f'"{text}" is not a version that a package of PyPI can have.') from error
    return specifier


def _translate_conditions(text: str) -> str:
    if any(mark in text for mark in "()^$"):
        raise UnusableSpecError(f'"{text}" is more than a list of conditions. Write one range, such as ">=1.2,<2".')
    conditions = [_translate_condition(part.strip()) for part in text.split(",") if part.strip()]
    return ",".join(condition for condition in conditions if condition)


def _translate_condition(text: str) -> str:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UnusableSpecError(f'"{text}" is not a condition for a version.')
    operator, version = found["operator"] or "", found["version"]
    if version == "*":
        return ""
    series = _SERIES.fullmatch(version)
    if "*" in version.rstrip("*"):
        raise UnusableSpecError(f'"{version}" has a star in the middle. Write one range, such as ">=1.2,<2".')
    if series is None:
        # One "=" means the series, and no sign at all that very version.
        return f"=={version}.*" if operator == "=" else f"{operator or '=='}{version}"
    if operator in {"", "=", "==", "!="}:
        return f"{'!=' if operator == '!=' else '=='}{series['series']}.*"
    # A comparison ignores the star.
    return f"{operator}{series['series']}"

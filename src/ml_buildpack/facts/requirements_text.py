r"""One text in pip's requirements format, as values: every line a requirement, an option, an inclusion or a mistake.

Reads no disk: paths stay as they were written, and `dependency_files` finds them. `${NAME}` is never expanded,
because it usually stands for credentials. Source: pip 26.3, "Requirements File Format", and its observed behaviour.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.utils import NormalizedName

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.requirement_lines import MalformedLineError, RequirementLine
from ml_buildpack.facts.requirement_lines import read_requirement_line as _read_requirement_line
from ml_buildpack.facts.spelling import did_you_mean
from ml_buildpack.redaction import redact

__all__ = [
    "IncludeLine",
    "NormalizedName",
    "OptionLine",
    "RequirementLine",
    "RequirementsText",
    "read_requirements_text",
]

_COMMENT = re.compile(r"(^|\s+)#.*$")
_FIRST_OPTION = re.compile(r"(?:^|\s+)(?=-)")
_HASH = re.compile(r"sha256:[0-9a-fA-F]{64}|sha384:[0-9a-fA-F]{96}|sha512:[0-9a-fA-F]{128}")

_FLAGS = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})
_WITH_VALUE = frozenset(
    {"--index-url", "--extra-index-url", "--find-links", "--no-binary", "--only-binary", "--trusted-host"}
)  # fmt: skip
_INCLUDES = frozenset({"--requirement", "--constraint"})
_EDITABLE = "--editable"
_OTHER_NAMES = {
    "-C": "--config-settings",
    "-c": "--constraint",
    "-e": _EDITABLE,
    "-f": "--find-links",
    "-i": "--index-url",
    "-r": "--requirement",
    "--config-setting": "--config-settings",
    "--pypi-url": "--index-url",
}
# Options that pip knows and that must not be dropped unseen. The lock that an image is installed from has no place for
# how one package is to be built, so the wheel would not be the one that was asked for.
_BUILD_OPTION = "A lock cannot carry it. Build that wheel yourself and name its directory with --find-links."
_REFUSED = {
    "--all-releases": "Only --pre is known here, which allows pre-releases of everything.",
    "--build-option": _BUILD_OPTION,
    "--config-settings": _BUILD_OPTION,
    "--global-option": _BUILD_OPTION,
    "--install-option": "pip removed it in version 23.1.",
    "--no-require-hashes": "Remove it: hashes are asked for only where they are written.",
    "--only-final": "Only --pre is known here; without it, final releases win anyway.",
}
# Switches how pip works, never what it installs.
_WITHOUT_EFFECT = frozenset({"--use-feature"})
_TAKE_VALUE = _WITH_VALUE | _INCLUDES | _WITHOUT_EFFECT | {_EDITABLE, "--hash"}


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionLine:
    """An option that holds for all requirements. `option` is its long name; `value` is empty for a switch."""

    path: str
    line: int
    option: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IncludeLine:
    """Another file to read. `target` is as written; `constraint` is true for `-c`."""

    path: str
    line: int
    target: str
    constraint: bool


Line = RequirementLine | OptionLine | IncludeLine


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementsText:
    """A text's lines in its order, and everything that pip would not understand."""

    lines: tuple[Line, ...]
    mistakes: tuple[Mistake, ...]


def read_requirements_text(path: str, text: str) -> RequirementsText:
    """The lines of that text; `path` is only what they are said to come from."""
    lines: list[Line] = []
    mistakes: list[Mistake] = []
    for number, logical in _logical_lines(text):
        read = _read_line_or_mistake(path, number, logical)
        if isinstance(read, Mistake):
            mistakes.append(read)
        else:
            lines.extend(read)
    return RequirementsText(lines=tuple(lines), mistakes=tuple(mistakes))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments and continuations, each with the number that its first part has. As pip joins them."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        first = first if parts else number
        # A comment ends a continuation, even if a backslash ends the comment.
        is_comment = _COMMENT.match(line) is not None
        parts.append(" " + line if is_comment else line.rstrip("\\"))
        if line.endswith("\\") and not is_comment:
            continue
        logical = _COMMENT.sub("", "".join(parts)).strip()
        parts = []
        if logical:
            yield first, logical


def _read_line_or_mistake(path: str, number: int, logical: str) -> list[Line] | Mistake:
    try:
        return _read_line(path, number, logical)
    except MalformedLineError as error:
        return Mistake(where=path, line=number, text=redact(logical), detail=redact(str(error)))


def _read_line(path: str, number: int, logical: str) -> list[Line]:
    start = _FIRST_OPTION.search(logical)
    body, tail = (logical, "") if start is None else (logical[: start.start()], logical[start.end() :])
    body, marker, options = body.strip(), "", tail
    if not body and _is_editable(tail):
        # pip ignores what stands behind an editable path, but other tools' exports put a marker there.
        options, _, marker = re.sub(r"\s*;\s+|\s+;", "\0", tail, count=1).partition("\0")
    given = _split_options(options)
    hashes = tuple(_checked_hash(value) for option, value in given if option == "--hash")
    if hashes and not any(digest.startswith("sha256:") for digest in hashes):
        raise MalformedLineError("Indexes give sha256 digests, so a line needs one of these; others cannot be checked.")
    editables = [value for option, value in given if option == _EDITABLE]
    others = [option for option, _ in given if option not in {"--hash", _EDITABLE}]
    if not body and not editables:
        if hashes:
            raise MalformedLineError("A hash stands with a requirement, on one line or behind a backslash.")
        return _read_options(path, number, given)
    if others or (body and editables) or len(editables) > 1:
        misplaced = (others or [_EDITABLE])[0]
        raise MalformedLineError(f"pip ignores {misplaced} on a requirement's line. Give it a line of its own.")
    requirement = body or f"{editables[0]} ; {marker.strip()}".removesuffix(" ; ")
    return [
        _read_requirement_line(
            path=path, line=number, text=requirement, hashes=hashes, editable=bool(editables)
        )
    ]  # fmt: skip


def _is_editable(options: str) -> bool:
    return options.startswith(("-e", _EDITABLE))


def _read_options(path: str, number: int, given: list[tuple[str, str]]) -> list[Line]:
    includes = [(option, value) for option, value in given if option in _INCLUDES]
    if includes and len(given) > 1:
        raise MalformedLineError("pip reads one file per line and ignores the rest. Write each on a line of its own.")
    if includes:
        option, target = includes[0]
        return [IncludeLine(path=path, line=number, target=target, constraint=option == "--constraint")]
    return [
        OptionLine(path=path, line=number, option=option, value=value)
        for option, value in given
        if option not in _WITHOUT_EFFECT
    ]


def _split_options(text: str) -> list[tuple[str, str]]:
    """(long name, value) of each option. Abbreviated long names are refused: pip takes them, other tools do not."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise MalformedLineError(f"{error}.".replace("No closing", "There is no closing")) from error
    given: list[tuple[str, str]] = []
    position = 0
    while position < len(words):
        option, has_value, value = _split_word(words[position])
        position += 1
        _check_option(option)
        if option in _FLAGS and has_value:
            raise MalformedLineError(f"{option} takes no value.")
        if option in _TAKE_VALUE and not has_value:
            if position == len(words):
                raise MalformedLineError(f"{option} needs a value.")
            value = words[position]
            position += 1
        given.append((option, value))
    return given


def _split_word(word: str) -> tuple[str, bool, str]:
    if word.startswith("--"):
        option, equals, value = word.partition("=")
        return _OTHER_NAMES.get(option, option), bool(equals), value
    if word.startswith("-"):
        return _OTHER_NAMES.get(word[:2], word[:2]), len(word) > len("-r"), word[2:]
    raise MalformedLineError(f'pip ignores "{word}" here.')


def _check_option(option: str) -> None:
    if option in _REFUSED:
        raise MalformedLineError(f"{option} is not supported. {_REFUSED[option]}")
    if option not in _FLAGS | _TAKE_VALUE:
        known = _FLAGS | _TAKE_VALUE
        meant = did_you_mean(option, [name for name in known if name.startswith(option)] or known)
        raise MalformedLineError(f'There is no option "{option}" in a requirements file.{meant}')


def _checked_hash(value: str) -> str:
    if _HASH.fullmatch(value) is None:
        raise MalformedLineError(f'"{value}" is not a hash: write sha256: and 64 hexadecimal digits.')
    return value.lower()

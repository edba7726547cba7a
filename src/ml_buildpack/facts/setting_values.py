"""What the values of settings may be: one function per kind, each with a sentence for what it refuses.

`read_*` takes a value as TOML gives it, `split_*` the text of a variable. Called through the table in `settings`.
"""

from __future__ import annotations

import re
from enum import Enum

from ml_buildpack.facts.spelling import did_you_mean

SERVERS = ("gunicorn", "uvicorn")
_YES = frozenset({"true", "1", "yes"})
_NO = frozenset({"false", "0", "no"})
_APP = re.compile(r"([^\W\d]\w*)(\.[^\W\d]\w*)*:([^\W\d]\w*)(\.[^\W\d]\w*)*(\(\))?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?B)")
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
# Buildpack API 0.10, "launch.toml": numbers, letters, and the characters ., _, and -.
_MODEL_NAME = re.compile(r"[A-Za-z0-9._-]+")
_PROCESS_NAME = re.compile(r"[A-Za-z0-9._-]+")


# Debian Policy 5.6.7.
_DEBIAN_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class Resolver(Enum):
    """The tool that chooses versions."""

    UV = "uv"
    PIP_TOOLS = "pip-tools"


class Bytecode(Enum):
    """Which installed modules are compiled: those that the application imports, every one, or none."""

    IMPORTS = "imports"
    ALL = "all"
    NONE = "none"


class Slim(Enum):
    """Whether files that no running application reads are left out."""

    AUTO = "auto"
    OFF = "off"


class CondaMode(Enum):
    """What is done with a conda environment: its packages by their names on PyPI, or conda's own packages."""

    TRANSLATE = "translate"
    RATTLER = "rattler"


class LibraryCheck(Enum):
    """What is done about a shared library that the image lacks."""

    ERROR = "error"
    WARN = "warn"
    OFF = "off"


class UnusableValueError(Exception):
    """A value is not what its setting takes. The message says what it must be."""


def read_text(value: object) -> str:
    """The text without the space around it."""
    if not isinstance(value, str):
        raise UnusableValueError(f"It must be text in quotes, and is {describe_value(value)}.")
    if not value.strip():
        raise UnusableValueError("It is empty. Remove the line to have the default.")
    return value.strip()


def read_app(value: object) -> str:
    """`module:attribute`, with `()` behind it where it is to be called."""
    text = read_text(value)
    if _APP.fullmatch(text) is None:
        module, _, attribute = text.partition(":")
        module = re.sub(r"\.py$", "", module.removeprefix("./")).replace("/", ".")
        likely = f"{module}:{attribute or 'app'}"
        example = likely if _APP.fullmatch(likely) is not None else "main:app"
        raise UnusableValueError(f'It must be module:attribute, for example "{example}", and is "{text}".')
    return text


def read_server(value: object) -> str:
    """The name of a server."""
    return _one_of(read_text(value), SERVERS)


def read_model_name(value: object) -> str:
    """A name, or a version, that can stand in a URL."""
    text = read_text(value)
    if _MODEL_NAME.fullmatch(text) is None:
        rule = "letters, digits, dots, dashes and underscores, because it is part of the model's URL"
        raise UnusableValueError(f'It must be {rule}, and is "{text}".')
    return text


def read_resolver(value: object) -> Resolver:
    """The resolver of that name."""
    return Resolver(_one_of(read_text(value), [resolver.value for resolver in Resolver]))


def read_bytecode(value: object) -> Bytecode:
    """The mode of that name."""
    return Bytecode(_one_of(read_text(value), [mode.value for mode in Bytecode]))


def read_slim(value: object) -> Slim:
    """The mode of that name."""
    return Slim(_one_of(read_text(value), [mode.value for mode in Slim]))


def read_seconds(value: object) -> int:
    """A whole number of seconds, at least one; TOML has a number, a variable its digits."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else read_text(value)
    if not text.isdecimal() or int(text) < 1:
        raise UnusableValueError(f'It must be a whole number of seconds, at least 1, and is "{text}".')
    return int(text)


def read_conda(value: object) -> CondaMode:
    """The way of that name."""
    return CondaMode(_one_of(read_text(value), [mode.value for mode in CondaMode]))


def read_library_check(value: object) -> LibraryCheck:
    """The answer of that name."""
    return LibraryCheck(_one_of(read_text(value), [answer.value for answer in LibraryCheck]))


def read_debian_packages(value: object) -> tuple[str, ...]:
    """The names of a list of Debian packages."""
    return _checked_packages(read_names(value))


def split_debian_packages(text: str) -> tuple[str, ...]:
    """The same, separated by spaces or commas."""
    return _checked_packages(split_names(text))


def _checked_packages(names: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [name for name in names if _DEBIAN_PACKAGE.fullmatch(name) is None]
    if wrong:
        raise UnusableValueError(f"These are no names of Debian packages: {', '.join(wrong)}.")
    return names


def _one_of(text: str, known: list[str] | tuple[str, ...]) -> str:
    if text not in known:
        raise UnusableValueError(f'It must be one of {", ".join(known)}, and is "{text}".' + did_you_mean(text, known))
    return text


def read_names(value: object) -> tuple[str, ...]:
    """The texts of a list, at least one."""
    if not isinstance(value, list):
        raise UnusableValueError(f"It must be a list of texts, and is {describe_value(value)}.")
    wrong = [describe_value(item) for item in value if not isinstance(item, str) or not item.strip()]
    if wrong:
        raise UnusableValueError(f"It must be a list of texts, and holds {', '.join(wrong)}.")
    if not value:
        raise UnusableValueError("It is empty. Remove the line to have the default.")
    return tuple(item.strip() for item in value)


def read_commands(value: object) -> tuple[tuple[str, str], ...]:
    """(name, command) of a table of processes, in its order."""
    if not isinstance(value, dict):
        raise UnusableValueError(f"It must be a table of commands by process name, and is {describe_value(value)}.")
    wrong = [
        f'"{name}" = {describe_value(command)}' for name, command in value.items() if not _is_command(name, command)
    ]
    if wrong:
        rule = "names of letters, digits, dots, dashes and underscores, and commands that are texts"
        raise UnusableValueError(f"It must have {rule}; it has {', '.join(wrong)}.")
    return tuple((name, command.strip()) for name, command in value.items())


def _is_command(name: str, command: object) -> bool:
    return _PROCESS_NAME.fullmatch(name) is not None and isinstance(command, str) and bool(command.strip())


def read_flag(value: object) -> bool:
    """A truth value, and no text that looks like one."""
    if not isinstance(value, bool):
        raise UnusableValueError(f"It must be true or false, without quotes, and is {describe_value(value)}.")
    return value


def split_names(text: str) -> tuple[str, ...]:
    """The names of a text that separates them with spaces or commas."""
    return read_names([name for name in re.split(r"[,\s]+", text) if name])


def split_flag(text: str) -> bool:
    """Whether the text means yes."""
    if text.lower() not in _YES | _NO:
        raise UnusableValueError(f'It must be true or false, and is "{text}".')
    return text.lower() in _YES


def split_size(text: str) -> int:
    """The bytes of a size, in decimal units as registries count them."""
    match = _SIZE.fullmatch(text.strip().upper())
    if match is None:
        raise UnusableValueError(
            f'It must be a number with a unit (B, KB, MB, GB or TB), as in "2GB", and is "{text}".'
        )
    return round(float(match.group(1)) * _UNITS[match.group(2)])


def refuse(_value: object) -> object:
    """The parser of a source that a setting does not have; the table's reader never asks it."""
    raise AssertionError("a row without this source has no parser for it")


def describe_value(value: object) -> str:
    """A TOML value in the words of a message, with its kind."""
    match value:
        case bool():
            return f"{str(value).lower()} (a boolean)"
        case int() | float():
            return f"{value} (a number)"
        case str():
            return f'"{value}" (a text)' if value else "an empty text"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return f"{value} (a date or a time)"

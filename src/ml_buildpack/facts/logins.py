"""The logins of a netrc file.

The standard library's reader takes only paths, puts words of the file into its errors, and reads `#` in a password in
its own way on each version of Python. This one takes text, wherever it came from, and its errors quote nothing.
Sources: the netrc(5) of GNU inetutils; what curl, pip and uv accept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.index_source import Login

# Quotes hold a value with spaces together; inside them a backslash takes the next character as it is.
_WORD = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S+)')
_MACRO = re.compile(r"^\s*macdef\b.*?(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"(?m)^\s*#.*$")
_VALUES = frozenset({"login", "user", "password", "account"})


class MalformedNetrcError(Exception):
    """The text is no netrc file. The message is a sentence that quotes none of it."""


def read_netrc_text(text: str) -> tuple[Login, ...]:
    """The logins, in the file's order. An entry without a password is left out: it lets nobody in.

    Raises: MalformedNetrcError.
    """
    words = _words(_COMMENT.sub("", _MACRO.sub("", text)))
    found: list[Login] = []
    machine: str | None = None
    values: dict[str, str] = {}
    for number, word in enumerate(words, start=1):
        if word == "machine":
            found.extend(_login(machine, values))
            machine, values = _value(words, word), {}
        elif word == "default":
            found.extend(_login(machine, values))
            machine, values = None, {}
        elif word in _VALUES:
            values[word] = _value(words, word)
        else:
            raise MalformedNetrcError(
                f"Its word number {number}, counting without values, is none of machine, default, login, password and "
                "account."
            )
    found.extend(_login(machine, values))
    return tuple(found)


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        quoted = match["quoted"]
        yield match["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def _value(words: Iterator[str], key: str) -> str:
    value = next(words, None)
    if value is None:
        raise MalformedNetrcError(f'It ends behind "{key}", without the value.')
    return value


def _login(machine: str | None, values: dict[str, str]) -> tuple[Login, ...]:
    if "password" not in values:
        return ()
    user = values.get("login", values.get("user", ""))
    return (Login(machine=machine, user=Secret(value=user), password=Secret(value=values["password"])),)

"""setup.cfg and the call in setup.py, as far as their text tells without running them.

Knows no requirement syntax. Called by `setup_input` and `project_package`. Source: setuptools 80, "Configuring
setuptools using setup.cfg files".
"""

from __future__ import annotations

import ast
import configparser
import re
from dataclasses import dataclass

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.text_encoding import NotTextError, decode_text

SETUP_CFG = "setup.cfg"
SETUP_PY = "setup.py"
_SETUP_NAMES = frozenset({"setup", "setuptools.setup", "distutils.core.setup"})


class _Parser(configparser.RawConfigParser):
    """As setuptools reads it: values as they stand, without interpolation, and keys in the case they are written in."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@dataclass(frozen=True, kw_only=True, slots=True)
class SetupCfg:
    """A setup.cfg that could be parsed, with the text for line numbers."""

    text: str
    parser: configparser.RawConfigParser

    def value(self, section: str, key: str) -> str | None:
        """The text of that key, dashes and underscores being the same; None where it is not set."""
        for name in (key, key.replace("_", "-")):
            if self.parser.has_option(section, name):
                return self.parser.get(section, name)
        return None

    def line_of(self, text: str) -> int:
        """The first line, from 1, with that text; 1 where it is written in another way."""
        lines = self.text.splitlines()
        return next((number for number, line in enumerate(lines, start=1) if text in line), 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class SetupCall:
    """The call of `setup()` in a setup.py: the names it gives. `has_more` where `**something` gives others too."""

    given: frozenset[str]
    has_more: bool = False


def read_setup_cfg(files: ProjectFiles) -> SetupCfg | Mistake | None:
    """None: there is no such file. A mistake: it cannot be parsed."""
    if SETUP_CFG not in files:
        return None
    parser = _Parser(strict=False)
    try:
        text = decode_text(files.read_bytes(SETUP_CFG))
        parser.read_string(text, SETUP_CFG)
    except (configparser.Error, NotTextError, OSError) as error:
        return Mistake(where=SETUP_CFG, detail=" ".join(str(error).split()))
    return SetupCfg(text=text, parser=parser)


def read_setup_call(files: ProjectFiles) -> SetupCall | None:
    """The call of `setup()`; None where there is no setup.py, or one that never calls it: a program of another kind.

    A file that this Python cannot parse counts as one that gives everything.
    """
    if SETUP_PY not in files:
        return None
    try:
        text = decode_text(files.read_bytes(SETUP_PY))
        tree = ast.parse(text)
    except (NotTextError, OSError):
        return None
    except (SyntaxError, ValueError):
        return SetupCall(given=frozenset(), has_more=True) if re.search(r"\bsetup\s*\(", text) else None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _dotted(node.func) in _SETUP_NAMES]
    if not calls:
        return None
    keywords = [keyword for call in calls for keyword in call.keywords]
    return SetupCall(
        given=frozenset(keyword.arg for keyword in keywords if keyword.arg is not None),
        has_more=any(keyword.arg is None for keyword in keywords),
    )


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{_dotted(node.value)}.{node.attr}"
        case _:
            return ""

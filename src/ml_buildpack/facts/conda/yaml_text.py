"""A YAML text as values that know their lines; scalars stay the text they are, so that `3.10` is not the number 3.1.

Knows nothing of what the values mean. Called by the readers of conda's and MLflow's files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.text_encoding import NotTextError, decode_text

_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, kw_only=True, slots=True)
class YamlValue:
    """One value and the line, from 1, that it begins on. Nothing is read of what lies in it before it is asked for."""

    node: Node
    line: int

    @property
    def text(self) -> str | None:
        """The text of a scalar; None for everything else, and for a value that is left empty."""
        is_text = isinstance(self.node, ScalarNode) and self.node.tag != _NULL
        return str(self.node.value) if is_text else None

    @property
    def is_empty(self) -> bool:
        """Whether the value is left out: `name:` with nothing behind it."""
        return isinstance(self.node, ScalarNode) and self.node.tag == _NULL

    def items(self) -> tuple[YamlValue, ...] | None:
        """The items of a list; None where it is none."""
        if not isinstance(self.node, SequenceNode):
            return None
        return tuple(YamlValue(node=item, line=_line_of(item)) for item in self.node.value)

    def entries(self) -> tuple[tuple[str, YamlValue], ...] | None:
        """(key, value) of a mapping, in its order; None where it is none."""
        return tuple(self._entries()) if isinstance(self.node, MappingNode) else None

    def get(self, key: str) -> YamlValue | None:
        """The value of that key of a mapping; None where there is none."""
        return dict(self.entries() or ()).get(key)

    def _entries(self) -> Iterator[tuple[str, YamlValue]]:
        for key, value in self.node.value:
            if isinstance(key, ScalarNode):
                # An empty value is marked where the next thing begins.
                is_empty = isinstance(value, ScalarNode) and value.tag == _NULL
                yield str(key.value), YamlValue(node=value, line=_line_of(key if is_empty else value))


def read_yaml(files: ProjectFiles, path: str) -> YamlValue | Mistake | None:
    """The value of that file; None where it is not there, or empty. A mistake: it is not YAML."""
    if path not in files:
        return None
    try:
        text = decode_text(files.read_bytes(path))
    except NotTextError as error:
        return Mistake(where=path, detail=str(error))
    except OSError as error:
        return Mistake(where=path, detail=f"It cannot be read: {error.strerror}.")
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else None
        written = (text.splitlines() + [""] * (line or 0))[line - 1].strip() if line is not None else ""
        return Mistake(where=path, line=line, text=written, detail=f"This is not YAML: {error.problem}.")
    except YAMLError as error:
        return Mistake(where=path, detail=f"This is not YAML: {' '.join(str(error).split())}.")
    return YamlValue(node=node, line=_line_of(node)) if node is not None else None


def _line_of(node: Node) -> int:
    return int(node.start_mark.line) + 1

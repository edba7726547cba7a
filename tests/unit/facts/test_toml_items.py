"""Lines of a TOML file that a parser does not give."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.facts.toml_files import TomlFile, read_toml
from ml_buildpack.facts.toml_items import line_of_item, line_of_key
from support.projects import write_project

TEXT = """\
[project]
name = "numpy"
dependencies = [
    "numpy>=1",  # a comment
    'pandas; os_name == "nt"',
]
optional-dependencies.gpu = ["numpy>=1", "torch"]

[tool.x]
y = 1
[dependency-groups]
dev = ["numpy>=1"]
"""


@pytest.fixture
def file(tmp_path: Path) -> TomlFile:
    """The parsed text."""
    found = read_toml(write_project(tmp_path, {"pyproject.toml": TEXT}), "pyproject.toml")
    assert isinstance(found, TomlFile)
    return found


@pytest.mark.parametrize(
    ("table", "key", "item", "line"),
    [
        pytest.param("project", "dependencies", "numpy>=1", 4, id="an item"),
        pytest.param("project", "dependencies", 'pandas; os_name == "nt"', 5, id="in single quotes"),
        pytest.param("project", "dependencies", "absent", 3, id="the key's line for what is written otherwise"),
        pytest.param("project.optional-dependencies", "gpu", "torch", 7, id="below a dotted key"),
        pytest.param("dependency-groups", "dev", "numpy>=1", 12, id="behind a list of the same text"),
    ],
)
def test_line_of_item(file: TomlFile, table: str, key: str, item: str, line: int) -> None:
    """The search starts at the list, so an equal text before it is not taken."""
    assert line == line_of_item(file, table, key, item)


@pytest.mark.parametrize(
    ("table", "key", "line"),
    [
        pytest.param("tool.x", "y", 10, id="a key"),
        pytest.param("tool.x", "z", 9, id="its table"),
        pytest.param("tool.q.r", "z", 1, id="nothing of it"),
    ],
)
def test_line_of_key(file: TomlFile, table: str, key: str, line: int) -> None:
    """Near is better than nowhere."""
    assert line == line_of_key(file, table, key)

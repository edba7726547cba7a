"""YAML with lines, and scalars as they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.conda.yaml_text import YamlValue, read_yaml
from support.projects import write_project

TEXT = """\
name: x
python: 3.10
empty:
list:
  - on: 1
  - "two"
"""


def read(root: Path, content: str | bytes) -> YamlValue | Mistake | None:
    """The value of a file of that content."""
    return read_yaml(write_project(root, {"a.yml": content}), "a.yml")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEXT.encode(), id="plain"),
        pytest.param(TEXT.replace("\n", "\r\n").encode("utf-16"), id="UTF-16 with CRLF"),
    ],
)
def test_values_know_their_lines(tmp_path: Path, content: bytes) -> None:
    """And 3.10 is not the number 3.1."""
    document = read(tmp_path, content)
    assert isinstance(document, YamlValue)
    values = dict(document.entries() or ())
    items = values["list"].items()
    assert items is not None

    assert ["name", "python", "empty", "list"] == list(values)
    assert [("x", 1), ("3.10", 2), (None, 3), (None, 5)] == [(value.text, value.line) for value in values.values()]
    assert [(None, 5), ("two", 6)] == [(item.text, item.line) for item in items]
    assert (True, False) == (values["empty"].is_empty, values["name"].is_empty)
    assert (None, None, None) == (values["list"].entries(), document.items(), document.get("absent"))


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        pytest.param(
            "a:\n\t- b\n",
            Mistake(
                where="a.yml",
                line=2,
                text="- b",
                detail=r"This is not YAML: found character '\t' that cannot start any token.",
            ),
            id="a tab",
        ),
        pytest.param(
            "a: *b\n",
            Mistake(where="a.yml", line=1, text="a: *b", detail="This is not YAML: found undefined alias 'b'."),
            id="an alias of nothing",
        ),
        pytest.param(
            b"\xff\xfe\x00",
            Mistake(where="a.yml", detail="Byte 2 (0x00) is not UTF-16-LE: truncated data."),
            id="no text",
        ),
    ],
)
def test_what_is_not_yaml(tmp_path: Path, content: str | bytes, mistake: Mistake) -> None:
    """A mistake with its line, not an exception of the parser."""
    assert mistake == read(tmp_path, content)


def test_absent_and_empty_files_have_no_value(tmp_path: Path) -> None:
    """Neither is a mistake here; who needs a value says so."""
    files = write_project(tmp_path, {"a.yml": "# nothing\n"})

    assert (None, None) == (read_yaml(files, "a.yml"), read_yaml(files, "b.yml"))


def test_a_list_that_holds_itself_is_read_only_as_far_as_it_is_asked_for(tmp_path: Path) -> None:
    """Aliases may go round in circles."""
    document = read(tmp_path, "a: &x [*x]\n")
    assert isinstance(document, YamlValue)
    value = document.get("a")
    assert value is not None

    assert [1] == [item.line for item in value.items() or ()]

"""Every error has an id, words, a section in docs/errors.md and an example; and nothing there is without an error.

The ids that stand outside the catalogue of types: ML-ENV-001, which the sh shims say themselves because they found no
Python, and ML-INT-001, for exceptions that no type describes.
"""

from __future__ import annotations

import inspect
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_buildpack.error_text import RENDERERS, UNEXPECTED_ID, render, render_text, render_unexpected
from ml_buildpack.errors import Blame, BuildpackError
from support.error_examples import EXAMPLES, unexpected_example

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
NO_PYTHON_ID = "ML-ENV-001"
# Where the buildpack lies on a builder: what a reader of the docs sees instead of this checkout.
INSTALLED_AT = "/cnb/buildpacks/ml-buildpack_python/0.1.0"
ID = re.compile(r"ML-(ENV|SET|PY|REQ|LOCK|ACC|HASH|NET|CONDA|LIB|WEB|MODEL|INT)-\d{3}")
PARTS = ("*When it appears.* ", "*What it means.* ", "*How to fix it.* ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One section of docs/errors.md."""

    id: str
    title: str
    prose: str
    example: str


def _concrete(kind: type[BuildpackError]) -> Iterator[type[BuildpackError]]:
    for subclass in kind.__subclasses__():
        # A type without an id of its own only groups others.
        if "id" in vars(subclass):
            yield subclass
        yield from _concrete(subclass)


def _sections() -> tuple[Section, ...]:
    found = re.findall(
        r"^## (\S+)\n\n\*\*([^\n]+)\*\*\n\n(.*?)\n\n```text\n(.*?)\n```$", DOCS, re.MULTILINE | re.DOTALL
    )
    return tuple(Section(id=id_, title=title, prose=prose, example=example) for id_, title, prose, example in found)


def _shim_output() -> str:
    """What bin/detect says where there is no Python, as on a builder."""
    env = {"PATH": "/nowhere", "CNB_BUILDPACK_DIR": str(ROOT)}
    command = ("/bin/sh", str(ROOT / "bin" / "detect"))
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    return result.stderr.rstrip("\n").replace(str(ROOT), INSTALLED_AT)


# The order in which a build meets them; within a module, the order of definition.
MODULES = (
    "environment",
    "requirements",
    "resolution",
    "accelerator",
    "downloads",
    "conda",
    "libraries",
    "launch",
    "models",
    "internal",
)
TYPES = tuple(sorted(_concrete(BuildpackError), key=lambda kind: MODULES.index(kind.__module__.rpartition(".")[2])))
SECTIONS = {section.id: section for section in _sections()}
NAMES = [kind.__name__ for kind in TYPES]


def test_ids_are_unique_and_of_one_form() -> None:
    """Users search for ids, so two errors must not share one."""
    ids = [kind.id for kind in TYPES] + [UNEXPECTED_ID, NO_PYTHON_ID]

    assert sorted(set(ids)) == sorted(ids)
    assert [] == [id_ for id_ in ids if not ID.fullmatch(id_)]


def test_every_error_has_words_and_every_word_an_error() -> None:
    """A type without a renderer would be shown as a traceback."""
    assert set(TYPES) == set(RENDERERS)


def test_every_error_has_exactly_one_example() -> None:
    """An example is what proves that the words of a type can be rendered."""
    assert sorted(NAMES) == sorted(type(example).__name__ for example in EXAMPLES)


def test_every_error_can_be_raised_and_printed() -> None:
    """`str` of an error is for logs and test failures: it must not fail on any type."""
    for example in EXAMPLES:
        with pytest.raises(type(example)) as raised:
            raise example
        assert example.id in str(raised.value)


def test_every_error_says_what_it_is() -> None:
    """A type's docstring is its definition."""
    assert [] == [kind.__name__ for kind in TYPES if not inspect.getdoc(kind)]


def test_docs_have_one_section_per_error_in_the_order_of_the_catalogue() -> None:
    """A section without an error is a leftover, an error without a section a dead link."""
    by_type = [kind.id for kind in TYPES if not kind.id.startswith("ML-INT-")]
    internal = sorted([UNEXPECTED_ID, *(kind.id for kind in TYPES if kind.id.startswith("ML-INT-"))])

    assert [NO_PYTHON_ID, *by_type, *internal] == re.findall(r"^## (.+)$", DOCS, re.MULTILINE)
    assert [NO_PYTHON_ID, *by_type, *internal] == list(SECTIONS)


def test_the_table_of_contents_lists_every_section_with_its_title() -> None:
    """The table is how a section is found without its id."""
    rows = [f"| [{section.id}](#{section.id.lower()}) | {section.title} |" for section in SECTIONS.values()]

    assert rows == re.findall(r"^\| \[.+$", DOCS, re.MULTILINE)


@pytest.mark.parametrize("section", SECTIONS.values(), ids=list(SECTIONS))
def test_a_section_says_when_what_and_how(section: Section) -> None:
    """Three paragraphs, each with content, before the example."""
    paragraphs = section.prose.split("\n\n")

    assert len(PARTS) == len(paragraphs)
    for part, paragraph in zip(PARTS, paragraphs, strict=True):
        assert paragraph.startswith(part)
        assert len(paragraph) > len(part)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_the_example_in_the_docs_is_the_real_text(example: BuildpackError) -> None:
    """Copy the expected text into docs/errors.md after reading it: docs cannot drift from the program."""
    text = render(example)
    section = SECTIONS[example.id]

    assert (text.title, render_text(text)) == (section.title, section.example)


def test_the_docs_show_what_the_shims_say_without_python() -> None:
    """ML-ENV-001 has no type: its text is in sh, because there is no Python to render it."""
    section = SECTIONS[NO_PYTHON_ID]

    assert _shim_output() == section.example
    assert section.example.startswith(f"[Error {NO_PYTHON_ID}: {section.title}]\n")


def test_the_docs_show_the_text_of_an_unexpected_exception() -> None:
    """ML-INT-001 has no type: it stands for every exception that is not a BuildpackError."""
    text = render_unexpected(unexpected_example())
    section = SECTIONS[UNEXPECTED_ID]

    assert (text.title, render_text(text)) == (section.title, section.example)


def test_only_faults_that_are_ours_are_internal() -> None:
    """The footer asks for a report exactly where the id says that the fault is ours."""
    assert {kind.id for kind in TYPES if kind.blame is Blame.BUILDPACK} == {
        kind.id for kind in TYPES if kind.id.startswith("ML-INT-")
    }

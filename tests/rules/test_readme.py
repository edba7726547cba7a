"""README.md and ARCHITECTURE.md speak of what is there: commands, files, and the table of imports."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# What a path of this repository begins with, where a document names one in backticks.
PATH = re.compile(r"`((?:\.ci|bin|builder|docs|fixtures|requirements|src|tests|tools)/[^`\s]*)`")


def allowed_imports() -> dict[str, frozenset[str]]:
    """The table that test_imports enforces."""
    spec = importlib.util.spec_from_file_location("test_imports", Path(__file__).with_name("test_imports.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.ALLOWED)


def test_readme_begins_with_the_two_commands() -> None:
    """Nobody should have to read further to see it work."""
    first_block = README.split("```sh\n", maxsplit=1)[1].split("```")[0]
    commands = [line.split("#")[0].strip() for line in first_block.splitlines()]

    assert README.startswith("# ml-buildpack\n\n```sh\n")
    assert ["make demo", "make test"] == commands


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_commands_that_are_named_are_targets(document: str) -> None:
    """A renamed target leaves its old name behind in prose."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))

    assert named
    assert set() == named - targets


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_files_that_are_named_exist(document: str) -> None:
    """In links and, as paths of the repository, in backticks."""
    text = (ROOT / document).read_text(encoding="utf-8")
    links = {target.split("#")[0] for target in re.findall(r"\]\((?!https?:)([^)#][^)]*)\)", text)}
    paths = {path.rstrip("/") for path in PATH.findall(text)}

    assert links | paths
    assert [] == sorted(path for path in links | paths if not any(ROOT.glob(path)))


def test_sections_that_are_linked_exist() -> None:
    """A heading that is renamed breaks its links without a word."""
    linked = re.findall(r"\]\((?!https?:)([^)#]+)#([^)]+)\)", README)
    missing = []
    for target, anchor in linked:
        headings = re.findall(r"^#+ (.+)$", (ROOT / target).read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        missing += [] if anchor in anchors else [f"{target}#{anchor}"]

    assert linked
    assert [] == missing


def test_the_table_of_imports_is_the_one_that_is_enforced() -> None:
    """Part for part, so that the page can be trusted."""
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", ARCHITECTURE.split("Who may import whom")[1], re.MULTILINE
    )
    table = {part: frozenset(re.findall(r"`(\w+)`", others)) for part, others in rows}

    assert allowed_imports() == table

"""Fixtures of the tests that let tools run: real ones, on loopback alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.distributions import Distribution
from support.file_server import FileServer, serve_files
from support.local_index import LocalIndex, serve_index
from support.workplace import Workplace

# What the index of these tests has; each is there for one trait.
DISTRIBUTIONS = (
    Distribution(
        name="plain", scripts={"plain-run": "plain:main"}, modules={"plain.py": "def main():\n    print(1)\n"}
    ),
    Distribution(name="needs-plain", requires=("plain>=1",)),
    Distribution(name="many", version="1.0"),
    Distribution(name="many", version="2.0"),
    Distribution(name="from-source", sdist_only=True),
)


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """An index of its own for each test, so that its faults can be changed."""
    with serve_index(*DISTRIBUTIONS) as running:
        yield running


@pytest.fixture
def files() -> Iterator[FileServer]:
    """A server that gives the answers that the test puts into it."""
    with serve_files() as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, index: LocalIndex) -> Workplace:
    """Directories of a build whose index is the local one."""
    return Workplace(root=tmp_path, variables={"PIP_INDEX_URL": index.url})

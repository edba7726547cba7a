"""Our reader of `poetry.lock` against Poetry itself: the same packages, from the same file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.facts.locks.poetry_lock import read_poetry_lock
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.settings import Settings
from support.input_tools import pinned, project, tool

pytestmark = pytest.mark.network

# Poetry asks PyPI for pages that mirrors often lack; its plugin takes the plain index instead.
INDEX = "https://pypi.org/simple/"
EVERYTHING = Settings(extras=("table",), groups=("dev",))


@pytest.mark.parametrize(
    ("kind", "version"),
    [("poetry-1.1", "poetry1"), ("poetry-1", "poetry1"), ("poetry-2", "poetry")],
    ids=["lock 1.1", "lock 2.0", "lock 2.1"],
)
@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (Settings(), ("--only", "main")),
        (EVERYTHING, ("--extras", "table", "--with", "dev")),
    ],
    ids=["main", "everything"],
)
def test_poetry_installs_the_same(
    tmp_path: Path, kind: str, version: str, settings: Settings, options: tuple[str, ...]
) -> None:
    """For each version of the lock: for production, and with all groups and extras."""
    copy = project(kind, tmp_path)
    ours = pinned(read_poetry_lock(find_project_files(copy.path), settings))

    copy.run((tool(version, "poetry"), "install", "--no-root", *options), POETRY_PYPI_MIRROR_URL=INDEX)

    assert copy.installed() == ours

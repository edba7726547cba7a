"""Our reader of `Pipfile.lock` against Pipenv itself: the same packages, from the same file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ml_buildpack.facts.locks.pipfile_lock import read_pipfile_lock
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.settings import Settings
from support.input_tools import pinned, project, tool

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(
        sys.version_info[:2] != (3, 11), reason="a Pipfile.lock is for one Python, and this one for 3.11"
    ),
]


@pytest.mark.parametrize(
    ("settings", "options"),
    [(Settings(), ()), (Settings(groups=("dev-packages",)), ("--dev",))],
    ids=["production", "everything"],
)
def test_pipenv_installs_the_same(tmp_path: Path, settings: Settings, options: tuple[str, ...]) -> None:
    """For production, and with the packages for development."""
    copy = project("pipenv", tmp_path)
    ours = pinned(read_pipfile_lock(find_project_files(copy.path), settings))

    copy.run((tool("pipenv", "pipenv"), "sync", *options), PIPENV_VERBOSITY="-1")

    assert copy.installed() == ours

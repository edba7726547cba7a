"""Our reader of `pdm.lock` against PDM itself: the same packages, from the same file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.facts.locks.pdm_lock import read_pdm_lock
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.settings import Settings
from support.input_tools import pinned, project, tool

pytestmark = pytest.mark.network


@pytest.mark.parametrize("kind", ["pdm", "pdm-plain"])
@pytest.mark.parametrize(
    ("settings", "options"),
    [(Settings(), ("--prod",)), (Settings(extras=("table",), groups=("dev",)), ("-G", "table", "-G", "dev"))],
    ids=["production", "everything"],
)
def test_pdm_installs_the_same(tmp_path: Path, kind: str, settings: Settings, options: tuple[str, ...]) -> None:
    """For locks with and without inherited metadata: for production, and with all groups and extras."""
    copy = project(kind, tmp_path)
    ours = pinned(read_pdm_lock(find_project_files(copy.path), settings))

    copy.run((tool("pdm", "pdm"), "sync", "--no-self", *options), PDM_CHECK_UPDATE="0")

    assert copy.installed() == ours

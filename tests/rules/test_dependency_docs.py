"""docs/dependencies.md says what the program does with the fixtures."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import dependency_table  # noqa: E402 - a program of tools/, found through the path above
from ml_buildpack.facts.dependencies import InputKind  # noqa: E402


def test_table_is_what_the_fixtures_give() -> None:
    """`make docs` writes it anew."""
    text = dependency_table.DOCUMENT.read_text(encoding="utf-8")

    assert dependency_table.with_table(text) == text


def test_every_kind_of_input_has_an_example() -> None:
    """What has no fixture is not promised."""
    names = {line.split("`")[1] for line in dependency_table.rows()[2:]}
    files = {
        InputKind.PYLOCK: "pylock.toml",
        InputKind.UV_LOCK: "uv.lock",
        InputKind.POETRY_LOCK: "poetry.lock",
        InputKind.PDM_LOCK: "pdm.lock",
        InputKind.PIPFILE_LOCK: "Pipfile.lock",
        InputKind.REQUIREMENTS: "requirements.txt",
        InputKind.PIPFILE: "Pipfile",
        InputKind.PYPROJECT: "pyproject.toml",
        InputKind.SETUP: "setup.py",
        InputKind.CONDA: "environment.yml",
    }

    # What models need is told in docs/models.md.
    assert set(InputKind) - {InputKind.MODEL} == set(files)
    assert set() == set(files.values()) - names

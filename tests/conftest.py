"""Fixtures of every level. Slow ones are made once per session, and only when a test asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.build_user import User, open_directory, phase_user
from support.buildpack_copy import copy_buildpack
from support.python_mirror import PythonMirror, make_python_mirror

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A temporary directory that every user can enter, removed after the test."""
    with open_directory("mlbp") as path:
        yield path


@pytest.fixture(scope="session")
def open_session_dir() -> Iterator[Path]:
    """A temporary directory that every user can enter, kept for all tests of the run."""
    with open_directory("mlbp-session") as path:
        yield path


@pytest.fixture(scope="session")
def build_user() -> User:
    """Whoever runs the phases: not root, wherever that can be helped."""
    return phase_user()


@pytest.fixture(scope="session")
def buildpack_dir(open_session_dir: Path) -> Path:
    """Our buildpack as it is in this checkout, readable for everyone. Needs `make vendor`."""
    target = open_session_dir / "buildpack"
    copy_buildpack(ROOT, target)
    return target


@pytest.fixture(scope="session")
def python_mirror(open_session_dir: Path) -> PythonMirror:
    """A mirror with one standalone interpreter, made from the Python that runs the tests."""
    folder = open_session_dir / "python-mirror"
    folder.mkdir()
    return make_python_mirror(folder)

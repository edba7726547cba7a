"""Fixtures of the level that runs the real lifecycle. `make test-lifecycle` has built it and packaged the buildpack."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.build_user import User
from support.buildpack_copy import copy_buildpack
from support.lifecycle import Lifecycle, copy_tools

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def lifecycle_tools(open_session_dir: Path) -> Path:
    """The phases and the launcher."""
    target = open_session_dir / "tools"
    copy_tools(ROOT / ".build" / "tools", target)
    return target


@pytest.fixture(scope="session")
def packaged_buildpack(open_session_dir: Path) -> Path:
    """Our buildpack as it is packaged for users."""
    target = open_session_dir / "packaged"
    copy_buildpack(ROOT / "dist" / "buildpack", target)
    return target


@pytest.fixture
def lifecycle(lifecycle_tools: Path, packaged_buildpack: Path, open_dir: Path, build_user: User) -> Lifecycle:
    """The lifecycle with our buildpack, without an image or a cache so far."""
    return Lifecycle(tools=lifecycle_tools, buildpack_dir=packaged_buildpack, root=open_dir, user=build_user)

"""Fixtures of the level with pack and a Docker engine. `make test-image` has made the builders.

Images are built once per run and shared: by every test of serving, and as the previous image of the rebuilds.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.pack import FIXTURES, OUR_BUILDPACK, Build, Pack, builder


@pytest.fixture(scope="session")
def pack() -> Iterator[Pack]:
    """pack, on an engine that answers; what it makes is removed after the run."""
    assert "BUILDER_OURS" in os.environ, "These tests need tools/with_tools.sh: run `make test-image`"
    pack = Pack()
    try:
        yield pack
    finally:
        pack.close()


@pytest.fixture(scope="session")
def iris(pack: Pack) -> Callable[[str, str], Build]:
    """The image of an iris fixture by a flow, `creator` or `phases`, built when a test first asks for it.

    The flow in five phases has the other one's cache and no previous image, as a new image name has it anywhere.
    """
    builds: dict[tuple[str, str], Build] = {}

    def build(app: str, flow: str = "creator") -> Build:
        if (app, flow) in builds:
            return builds[app, flow]
        if flow == "creator":
            made = pack.build_well(FIXTURES / app, f"{app}-{flow}", cache=app)
        else:
            build(app)
            made = pack.build_well(FIXTURES / app, f"{app}-{flow}", *OUR_BUILDPACK, cache=app, env=builder("empty"))
        builds[app, flow] = made
        return made

    return build


@pytest.fixture(scope="session")
def bottle(pack: Pack) -> Build:
    """The image of a project without compiled packages: what is quick to build again and again."""
    return pack.build_well(FIXTURES / "apps" / "bottle", "bottle")


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies an application directory, to change it."""

    def copy(app: Path) -> Path:
        return Path(shutil.copytree(app, tmp_path / app.name))

    return copy

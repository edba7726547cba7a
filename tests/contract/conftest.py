"""Fixtures of the contract level: our buildpack on the stand-in for the lifecycle, tiny apps, an index on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.build_user import User, open_directory
from support.contract import ContractPlatform
from support.flask_project import DISTRIBUTIONS, FirstBuild, write_flask_app
from support.local_index import LocalIndex, serve_index

WriteApp = Callable[..., Path]


@pytest.fixture
def write_app(tmp_path: Path) -> WriteApp:
    """Writes an application directory; see write_flask_app."""

    def write(requirements: str | None = "flask\ntiny-model==1.0\n") -> Path:
        return write_flask_app(tmp_path / "app", requirements)

    return write


@pytest.fixture
def platform(buildpack_dir: Path, open_dir: Path, build_user: User) -> ContractPlatform:
    """A platform with our buildpack, without an image or a cache so far."""
    return ContractPlatform(buildpack_dir=buildpack_dir, root=open_dir, user=build_user)


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """A package index with a few tiny distributions."""
    with serve_index(*DISTRIBUTIONS) as running:
        yield running


@pytest.fixture(scope="module")
def first_build(
    buildpack_dir: Path, build_user: User, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FirstBuild]:
    """A build of the app as `write_app` writes it. Its directories are there until somebody builds on its platform."""
    with open_directory("mlbp-first") as root, serve_index(*DISTRIBUTIONS) as index:
        platform = ContractPlatform(buildpack_dir=buildpack_dir, root=root, user=build_user)
        app = write_flask_app(tmp_path_factory.mktemp("first") / "app")
        result = platform.build(app, env={"PIP_INDEX_URL": index.url})
        assert 0 == result.exit_code, result.output
        yield FirstBuild(platform=platform, index=index, result=result, fetched=tuple(index.files_fetched))

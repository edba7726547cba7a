"""What our readers take of `uv.lock` and of `pylock.toml` against uv itself: the same packages, from the same file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from ml_buildpack.facts.dependencies import UvSelection
from ml_buildpack.facts.locks.pylock_file import read_pylock
from ml_buildpack.facts.locks.uv_lock import read_uv_lock
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.settings import Settings
from support.input_tools import UV, Project, project, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.network


def selected(text: str) -> tuple[str, ...]:
    """What a lock in the standard format installs on this Python, as `name==version`, sorted."""
    chosen = Pylock.from_dict(tomllib.loads(text)).select()
    return tuple(
        sorted(f"{package.name}=={package.version}" for package, source in chosen if package.directory is None)
    )


def exported(copy: Project, selection: UvSelection) -> str:
    """The lock that uv makes of that selection."""
    options = [*(f"--extra={name}" for name in selection.extras), *(f"--group={name}" for name in selection.groups)]
    options += [f"--package={selection.package}"] if selection.package else []
    command = (str(UV), "export", "--quiet", "--locked", "--no-default-groups", "--format", "pylock.toml", *options)
    return run(command, env=dict(os.environ), cwd=copy.path)


@pytest.mark.parametrize(
    ("kind", "settings", "options"),
    [
        pytest.param("uv", Settings(), ("--no-dev",), id="production"),
        pytest.param(
            "uv", Settings(extras=("table",), groups=("dev",)), ("--extra=table", "--group=dev"), id="everything"
        ),
        pytest.param("uv-workspace", Settings(), ("--no-dev", "--package=says-its-releases"), id="the only member"),
    ],
)
def test_uv_installs_the_same(tmp_path: Path, kind: str, settings: Settings, options: tuple[str, ...]) -> None:
    """The export of our selection has what `uv sync` installs."""
    copy = project(kind, tmp_path)
    dependencies = read_uv_lock(find_project_files(copy.path), settings)
    assert dependencies is not None
    assert dependencies.uv is not None

    copy.run(
        (str(UV), "sync", "--locked", "--no-install-workspace", *options), UV_PROJECT_ENVIRONMENT=str(copy.environment)
    )

    assert copy.installed() == selected(exported(copy, dependencies.uv))


def test_a_lock_in_the_standard_format_installs_the_same(tmp_path: Path) -> None:
    """Taken as it is, it has what uv installs from it."""
    copy = project("pylock", tmp_path)
    dependencies = read_pylock(find_project_files(copy.path), Settings())
    assert dependencies is not None

    copy.run((str(UV), "pip", "sync", "--quiet", "--python", str(copy.environment), "pylock.toml"))

    assert copy.installed() == selected(dependencies.pylock or "")

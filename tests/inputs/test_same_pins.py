"""uv and pip-tools choose the same versions for every fixture that leaves them a choice, asked of the real index."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.apply.resolver import ResolverTools, resolve
from ml_buildpack.console import StreamConsole
from ml_buildpack.explain import Preparation, prepared
from ml_buildpack.facts.dependency_choice import choose_dependencies
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.settings import read_settings
from ml_buildpack.plan.resolution import Resolver
from ml_buildpack.plan.resolution_method import Loose, choose_method
from support.build_runs import PYTHON_PATH, ROOT

pytestmark = pytest.mark.network

FIXTURES = ROOT / "fixtures"
# What is refused before anything is resolved, what asks for a Python that may not be here, or for conda's own.
NOT_RESOLVED = ("conda-packages", "lfs-pointer", "no-entry", "not-python", "two-entries", "python-", "mlflow-")


def leaves_a_choice(app: Path) -> bool:
    """Whether versions are chosen for it, and not pinned by a lock."""
    files = find_project_files(app)
    return isinstance(choose_method(choose_dependencies(files, read_settings(files, {}))), Loose)


FOUND = sorted((*FIXTURES.glob("iris-*"), *FIXTURES.glob("apps/*"), *FIXTURES.glob("inputs/*")))
APPS = [app for app in FOUND if not app.name.startswith(NOT_RESOLVED) and leaves_a_choice(app)]
# How the index is reached from here; everything else is as in a build.
PASSED = ("SSL_CERT_FILE", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def lock_by(resolver: Resolver, preparation: Preparation, app: Path, scratch: Path) -> str:
    """The text of the lock that the resolver makes."""
    scratch.mkdir()
    tools = ResolverTools(uv=preparation.tools.uv, env=preparation.env, app_dir=app, scratch=scratch)
    return resolve(replace(preparation.resolution, resolver=resolver), tools)


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_both_resolvers_give_the_same_lock(app: Path, tmp_path: Path) -> None:
    """So changing the resolver changes no image."""
    env = {"PATH": PYTHON_PATH, **{name: os.environ[name] for name in PASSED if name in os.environ}}
    with prepared(app, env, ROOT, StreamConsole(out=io.StringIO())) as preparation:
        by_uv = lock_by(Resolver.UV, preparation, app, tmp_path / "uv")
        by_pip_tools = lock_by(Resolver.PIP_TOOLS, preparation, app, tmp_path / "pip-tools")

    assert by_uv == by_pip_tools

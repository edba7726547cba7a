"""The iris fixtures through the real lifecycle: layers of real packages, rebuilds, and predictions by the launcher.

The builds of a fixture happen once, one after the other as a project's history has them, and all tests look at them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.build_user import User, open_directory
from support.caller_network import certificate_bindings, index_env
from support.lifecycle import Lifecycle, LifecycleResult

pytestmark = pytest.mark.lifecycle

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"
# One flower of each species, from the data that the model was trained on.
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]]
SPECIES = {"predictions": ["setosa", "versicolor", "virginica"]}
OURS = ("ml-buildpack/python:heavy", "ml-buildpack/python:server", "ml-buildpack/python:venv")
# A package that nothing else needs.
DROPPED = "humanize==4.9.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The builds of one project, in their order. Only the last image can be opened: each build replaces the one before.

    `had_package` is whether the requirement that the last build drops was really in the image before.
    """

    lifecycle: Lifecycle
    first: LifecycleResult
    unchanged: LifecycleResult
    changed_app: LifecycleResult
    dropped: LifecycleResult
    had_package: bool


def build(lifecycle: Lifecycle, app: Path) -> LifecycleResult:
    """Build as a user on this machine would."""
    return lifecycle.build(app, env=index_env(), bindings=certificate_bindings())


@pytest.fixture(scope="module")
def flask(
    lifecycle_tools: Path, packaged_buildpack: Path, build_user: User, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[History]:
    """iris-flask with one more requirement: built, built again, with a changed source, without that requirement."""
    app = tmp_path_factory.mktemp("iris") / "app"
    shutil.copytree(FIXTURES / "iris-flask", app)
    own_requirements = (app / "requirements.txt").read_text()
    (app / "requirements.txt").write_text(f"{own_requirements}{DROPPED}\n")
    with open_directory("mlbp-iris") as root:
        lifecycle = Lifecycle(tools=lifecycle_tools, buildpack_dir=packaged_buildpack, root=root, user=build_user)
        first = build(lifecycle, app)
        unchanged = build(lifecycle, app)
        (app / "app.py").write_text((app / "app.py").read_text() + "\n# A new comment.\n")
        changed_app = build(lifecycle, app)
        had_package = holds_package(changed_app)
        (app / "requirements.txt").write_text(own_requirements)
        dropped = build(lifecycle, app)
        yield History(
            lifecycle=lifecycle,
            first=first,
            unchanged=unchanged,
            changed_app=changed_app,
            dropped=dropped,
            had_package=had_package,
        )


def holds_package(result: LifecycleResult) -> bool:
    """Whether the requirement that is dropped in the end is in the image."""
    return any("/humanize/" in path for path in result.image.entries())


def test_the_same_project_gives_the_same_image(flask: History) -> None:
    """The digest of the manifest, so every byte of every layer and of the configuration."""
    assert flask.first.image.digest == flask.unchanged.image.digest


def test_an_unchanged_project_keeps_every_layer_and_says_so(flask: History) -> None:
    """The exporter reuses each, and the buildpack has said what it kept; nothing is resolved or fetched."""
    assert set(OURS) <= flask.unchanged.reused
    assert frozenset() == {name for name in flask.unchanged.added if name.startswith("ml-buildpack")}
    for words in ("Keeping the lock", "Keeping 'heavy'", "Keeping 'server'", "Keeping 'venv'"):
        assert words in flask.unchanged.log
    for words in ("Resolving", "fetched", "Making '"):
        assert words not in flask.unchanged.log


def test_a_changed_source_file_changes_the_application_layer_alone(flask: History) -> None:
    """By the digests of all layers of the image: exactly one differs."""
    before, after = flask.unchanged.image, flask.changed_app.image

    assert before.buildpack_layers == after.buildpack_layers
    assert set(OURS) <= flask.changed_app.reused
    assert set(before.app_layers) - set(after.app_layers) == set(before.diff_ids) - set(after.diff_ids)
    assert 1 == len(set(after.diff_ids) - set(before.diff_ids))


def test_a_dropped_requirement_is_not_in_the_image_any_more(flask: History) -> None:
    """It was there before, it is gone now, and the layer beside it did not change."""
    before, after = (result.image for result in (flask.changed_app, flask.dropped))

    assert before.buildpack_layers["server"] == after.buildpack_layers["server"]
    assert before.buildpack_layers["heavy"] == after.buildpack_layers["heavy"]
    assert {"ml-buildpack/python:heavy", "ml-buildpack/python:server"} <= flask.dropped.reused
    assert before.buildpack_layers["venv"] != after.buildpack_layers["venv"]
    assert (True, False) == (flask.had_package, holds_package(flask.dropped))
    assert "Making 'venv': the locked packages changed" in flask.dropped.log
    assert " 0 fetched" in flask.dropped.log


def test_the_web_process_answers_predictions(flask: History) -> None:
    """Started by the launcher as another user than the one that built it, from what was exported."""
    with flask.lifecycle.start(flask.dropped.image) as web:
        answer = web.request("/predict", json.dumps({"instances": FLOWERS}).encode())
        exit_code = web.stop()

    assert (200, SPECIES) == (answer[0], json.loads(answer[1]))
    assert 0 == exit_code, web.log


def test_programs_of_heavy_packages_are_on_the_path(flask: History) -> None:
    """They start with the Python of the environment, which finds the packages of both layers."""
    image = flask.dropped.image
    code = "import flask, sklearn; print(flask.__file__.split('/lib/')[0], sklearn.__file__.split('/lib/')[0])"

    version = flask.lifecycle.run_command(image, "numpy-config", "--version").splitlines()[-1]
    found = flask.lifecycle.run_command(image, "python", "-c", code).splitlines()[-1]

    layers = flask.lifecycle.layers_root / "ml-buildpack_python"
    assert re.fullmatch(r"\d+\.\d+\.\d+", version), version
    assert f"{layers}/venv {layers}/heavy" == found


def test_starting_writes_nothing_into_the_image(flask: History) -> None:
    """Bytecode and caches are there or go elsewhere: the file system may be read-only."""
    with flask.lifecycle.start(flask.dropped.image) as web:
        before = _files(flask.lifecycle)
        web.request("/predict", json.dumps({"instances": FLOWERS}).encode())
        web.stop()

    assert before == _files(flask.lifecycle)


def test_an_asgi_application_answers_predictions(lifecycle: Lifecycle) -> None:
    """iris-fastapi, from a build of its own."""
    result = build(lifecycle, FIXTURES / "iris-fastapi")

    with lifecycle.start(result.image) as web:
        answer = web.request("/predict", json.dumps({"instances": FLOWERS}).encode())
        exit_code = web.stop()

    assert (200, SPECIES) == (answer[0], json.loads(answer[1]))
    assert 0 == exit_code, web.log


def _files(lifecycle: Lifecycle) -> list[tuple[str, int]]:
    places = (lifecycle.layers_root, lifecycle.app_dir)
    return sorted((str(path), path.lstat().st_mtime_ns) for place in places for path in place.rglob("*"))

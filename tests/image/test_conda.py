"""An image whose Python and packages are conda's, built by pack without a network, and asked for a prediction."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.conda_project import rattler_release, write_conda_channel
from support.container import serve
from support.pack import Pack
from support.projects import write_project
from support.python_mirror import MINOR, VERSION

pytestmark = pytest.mark.image

APP = """\
import sys

import bottle
import numtoy

app = bottle.Bottle()


@app.get("/")
def index():
    return {"answer": numtoy.answer(), "configuration": numtoy.configuration(), "python": sys.version.split()[0]}
"""
ENVIRONMENT = f"""\
dependencies:
  - python={MINOR}
  - numtoy=1.26
  - pip:
    - bottle==0.13.4
"""
PREFIX = "/layers/ml-buildpack_python/conda/prefix"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A bottle app on conda's Python; what pip adds, and the installer of conda packages, lie beside it."""
    app = tmp_path / "app"
    app.mkdir()
    write_project(app, {"environment.yml": ENVIRONMENT, "app.py": APP})
    download = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:")
    subprocess.run((*download, "--dest", str(app / "wheelhouse"), "bottle==0.13.4", "gunicorn"), check=True)
    shutil.copy(rattler_release().path, app / "wheelhouse")
    return app


def test_image_of_conda_packages_answers_a_prediction(pack: Pack, project: Path, tmp_path: Path) -> None:
    """First and second build, without a network; the second moves nothing. The image runs on conda's own Python."""
    channel = write_conda_channel(tmp_path / "channel")
    flags = (
        *("--network", "none", "--volume", f"{channel}:/mnt/channel:ro"),
        *("--env", "BP_CONDA=rattler", "--env", "BP_CONDA_CHANNELS=/mnt/channel"),
    )
    first = pack.build_well(project, "conda-packages", *flags)
    second = pack.build_well(project, "conda-packages", *flags)

    assert f"3 conda packages, 11.0 MB, Python {VERSION}" in first.log
    assert "Keeping the solution: 3 conda packages, nothing to solve" in second.log
    assert first.image_id == second.image_id
    with serve(first.image) as served:
        status, answer = served.get_json("/")
    assert (200, 42, f"prefix={PREFIX}") == (status, answer["answer"], answer["configuration"])
    assert answer["python"].startswith(f"{MINOR}.")

"""`pack build --network none`: a project that brings its packages needs no network, first and second time."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.container import serve
from support.pack import Pack
from support.projects import write_project

pytestmark = pytest.mark.image

APP = "import bottle\n\napp = bottle.Bottle()\n\n\n@app.get('/')\ndef index():\n    return {'answer': 42}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A bottle app whose packages, its server's among them, lie beside it."""
    write_project(tmp_path, {"requirements.txt": "bottle==0.13.4\n", "app.py": APP})
    # All of them are pure Python, so the wheels are those of any Python.
    wheelhouse = str(tmp_path / "wheelhouse")
    packages = ("bottle==0.13.4", "gunicorn")
    download = (sys.executable, "-m", "pip", "download", "--quiet", "--dest", wheelhouse, "--only-binary", ":all:")
    subprocess.run((*download, *packages), check=True)
    return tmp_path


def test_project_with_its_packages_builds_without_a_network(pack: Pack, project: Path) -> None:
    """Nothing is asked for, nothing is built anew the second time, and the image answers."""
    flags = ("--network", "none")
    first = pack.build_well(project, "offline", *flags)
    second = pack.build_well(project, "offline", *flags)

    assert re.search(r"Packages from wheelhouse \(\d files\): no index is asked", first.log)
    assert first.image_id == second.image_id
    assert {"bottle", "gunicorn"} <= set(pack.pins(first.image))
    with serve(first.image) as served:
        assert (200, {"answer": 42}) == served.get_json("/")

"""A package with its own interpreter builds and serves where neither the build nor the run image has a Python."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from support.container import serve
from support.pack import FIXTURES, ROOT, Pack, builder

pytestmark = pytest.mark.image


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our buildpack with a copy of the Python that runs this test."""
    output = tmp_path_factory.mktemp("package")
    command = (sys.executable, "tools/package_buildpack.py", "--output", str(output), "--python", sys.base_prefix)
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return output / "buildpack"


def test_an_image_without_python_gets_the_packaged_one(pack: Pack, package: Path) -> None:
    """Paketo's and Cloud Foundry's build images are such; and a rebuild keeps the interpreter's layer."""
    app = FIXTURES / "apps" / "bottle"
    flags = ("--buildpack", str(package))
    made = pack.build_well(app, "no-python", *flags, env=builder("nopython"))
    again = pack.build_well(app, "no-python", *flags, env=builder("nopython"))

    with serve(made.image, ready_path="/healthz", user="12345:0") as served:
        answer = served.get_json("/healthz")

    assert (200, {"status": "ok"}) == answer
    assert (f"Python {platform.python_version()} (packaged with this buildpack)",) == made.lines(" (packaged with")
    assert ("Keeping 'python'", "Keeping 'server'", "Keeping 'venv'") == again.lines("Keeping '")
    assert made.image_id == again.image_id

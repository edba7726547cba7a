"""A library that the run image lacks: the build says so, and takes it from a Debian package where the settings ask.

pyodbc is small and needs one library; our builder knows by its list that the run image has not got it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.failing_builds import shown
from support.pack import Pack

pytestmark = pytest.mark.image

WHERE = "import pyodbc; print(*{line.split()[-1] for line in open('/proc/self/maps') if 'libodbc.so' in line})"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A project that needs pyodbc, and a web process that does not matter."""
    app = tmp_path / "odbc"
    app.mkdir()
    (app / "requirements.txt").write_text("pyodbc\n")
    (app / "Procfile").write_text("web: python -m http.server $PORT\n")
    return app


def test_a_library_that_is_not_in_the_run_image_fails_the_build(pack: Pack, app: Path) -> None:
    """By the list that the builder has of its run image: the build image is another one."""
    made = pack.build(app, "odbc-missing")

    assert 0 != made.exit_code
    assert shown("ML-LIB-001") in made.log
    assert 'apt = ["libodbc2"]' in made.log


def test_a_debian_package_brings_the_library_without_root(pack: Pack, app: Path) -> None:
    """The apt of the build image, by the build user, signatures checked; the running image loads it from the layer."""
    made = pack.build_well(app, "odbc", "--env", "BP_APT=libodbc2")

    output = pack.engine.containers.run(
        made.image, entrypoint="launcher", command=["python", "-c", WHERE], user="4711", read_only=True, remove=True
    )

    assert output.decode().startswith("/layers/ml-buildpack_python/apt/usr/lib/"), made.log
    assert "libodbc2" in made.log

"""Shared libraries that wheels do not bring: missed, taken from Debian packages, found at launch, and missed again.

Asks PyPI and Debian's mirror, with the apt of the machine that runs the tests. pyodbc is small and needs one library.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from support.build_user import User, open_directory
from support.caller_network import certificate_bindings, index_env
from support.failing_builds import shown
from support.flask_project import DISTRIBUTIONS, write_flask_app
from support.lifecycle import Lifecycle, LifecycleResult, PhaseFailed
from support.local_index import serve_index

pytestmark = [
    pytest.mark.lifecycle,
    pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs the apt of a Debian or Ubuntu"),
]

# What a run image without unixODBC has. Its packages are those that every Debian has.
LIBRARIES = ("libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "libstdc++.so.6", "libz.so.1")
LOAD = "import pyodbc; print([line.split()[-1] for line in open('/proc/self/maps') if 'odbc' in line])"
FORGED = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEEAAAA\n-----END PGP SIGNATURE-----\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The builds of one project: without the library, with it, unchanged, and without it again."""

    lifecycle: Lifecycle
    refused: str
    first: LifecycleResult
    unchanged: LifecycleResult
    refused_again: str


@pytest.fixture(scope="module")
def history(
    lifecycle_tools: Path, packaged_buildpack: Path, build_user: User, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[History]:
    """A project that imports pyodbc."""
    app = tmp_path_factory.mktemp("odbc") / "app"
    app.mkdir()
    (app / "requirements.txt").write_text("pyodbc\n")
    (app / "Procfile").write_text("web: python -m http.server $PORT\n")
    with open_directory("mlbp-odbc") as root:
        run_image = root / "run-image"
        run_image.mkdir()
        (run_image / "libraries").write_text("\n".join(LIBRARIES))
        lifecycle = Lifecycle(tools=lifecycle_tools, buildpack_dir=packaged_buildpack, root=root, user=build_user)
        env = {**index_env(), "BP_RUN_IMAGE_DIR": str(run_image)}

        def build(**settings: str) -> LifecycleResult:
            return lifecycle.build(app, env={**env, **settings}, bindings=certificate_bindings())

        with pytest.raises(PhaseFailed) as refused:
            build()
        first = build(BP_APT="libodbc2")
        unchanged = build(BP_APT="libodbc2")
        with pytest.raises(PhaseFailed) as refused_again:
            build()
        yield History(
            lifecycle=lifecycle,
            refused=refused.value.log,
            first=first,
            unchanged=unchanged,
            refused_again=refused_again.value.log,
        )


def test_a_missing_library_fails_the_build_with_its_package(history: History) -> None:
    """Before this, the image was built and died at its first import."""
    for log in (history.refused, history.refused_again):
        assert shown("ML-LIB-001") in log
        assert "needs libodbc.so.2" in log
        assert 'apt = ["libodbc2"]' in log


def test_the_library_of_a_debian_package_is_found_at_launch(history: History) -> None:
    """By another user than the one that built it, from the layer."""
    output = history.lifecycle.run_command(history.unchanged.image, "python", "-c", LOAD)

    assert f"{history.lifecycle.layers_root}/ml-buildpack_python/apt/usr/lib/" in output, output


def test_an_unchanged_project_keeps_the_debian_packages(history: History) -> None:
    """Nothing is fetched, and the exporter reuses the layer."""
    assert "Keeping 'apt'" in history.unchanged.log
    assert "Keeping 'venv'" in history.unchanged.log
    assert "ml-buildpack/python:apt" in history.unchanged.reused
    assert history.first.image.digest == history.unchanged.image.digest


def test_the_bill_of_materials_lists_the_debian_packages(history: History) -> None:
    """With what they need themselves: scanners read it instead of a package database."""
    entries = history.first.image.entries()
    (path,) = (path for path in entries if path.endswith("/apt/sbom.cdx.json"))
    names = [component["name"] for component in json.loads(history.first.image.read(path))["components"]]

    assert ["libltdl7", "libodbc2"] == [name for name in names if name in {"libltdl7", "libodbc2"}]


REFUSED = {
    "no such package": (
        {"BP_APT": "libodbc2 no-such-package-xyz"},
        shown("ML-LIB-003"),
        "    no-such-package-xyz\n",
    ),
    "a package that adds users": ({"BP_APT": "redis-tools"}, shown("ML-LIB-004"), "    redis-tools: it adds users\n"),
    "an unsigned mirror": ({"BP_APT": "libodbc2", "BP_APT_MIRROR": "MIRROR"}, shown("ML-LIB-002"), "is not signed"),
    "a forged signature": ({"BP_APT": "libodbc2", "BP_APT_MIRROR": "MIRROR/forged"}, shown("ML-LIB-002"), "/forged"),
}


@pytest.fixture
def mirror(open_dir: Path) -> Iterator[str]:
    """A mirror of this release without packages: not signed, and below `forged` with a signature that is none."""
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    release = f"Origin: Debian\nSuite: {codename}\nCodename: {codename}\nComponents: main\n"
    for base, name, text in (
        ("", "Release", release),
        ("forged/", "InRelease", f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{release}{FORGED}"),
    ):
        folder = open_dir / "mirror" / f"{base}dists" / codename
        folder.mkdir(parents=True)
        (folder / name).write_text(text)
    handler = partial(SimpleHTTPRequestHandler, directory=str(open_dir / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(("settings", "message", "evidence"), REFUSED.values(), ids=REFUSED)
def test_packages_that_cannot_be_had_or_trusted_fail_the_build(
    lifecycle: Lifecycle, tmp_path: Path, mirror: str, settings: dict[str, str], message: str, evidence: str
) -> None:
    """Each with its own words, before anything of it is in a layer."""
    app = write_flask_app(tmp_path / "app")
    settings = {name: value.replace("MIRROR", mirror) for name, value in settings.items()}

    with serve_index(*DISTRIBUTIONS) as index, pytest.raises(PhaseFailed) as failure:
        lifecycle.build(app, env={"PIP_INDEX_URL": index.url, **settings})

    assert message in failure.value.log
    assert evidence in failure.value.log

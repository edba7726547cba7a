"""A project with a conda environment, the channel that has its packages, and the wheels that pip adds to it."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from support.conda_channel import PLACEHOLDER, CondaPackage, python_package, write_channel
from support.distributions import Distribution
from support.python_mirror import MINOR, VERSION, portable_tree

ROOT = Path(__file__).resolve().parents[2]
# Served to pip instead of by a channel: what the server and the `pip:` section need.
DISTRIBUTIONS = (
    Distribution(name="flask", version="3.1.0", requires=("numtoy>=1", "werkzeug")),
    Distribution(name="werkzeug", version="3.0"),
    Distribution(name="numtoy", version="1.26.4", modules={"numtoy.py": "raise SystemExit('the wheel shadows it')\n"}),
    Distribution(name="numtoy", version="2.0.0"),
    Distribution(name="wants-new", version="1.0", requires=("numtoy>=2",)),
    Distribution(name="gunicorn", version="23.0", scripts={"gunicorn": "gunicorn:run"}),
)
APP = """\
import ctypes

import numtoy
from flask import Flask

app = Flask(__name__)


@app.post("/predict")
def predict():
    return {"answer": numtoy.answer(), "from": numtoy.configuration()}
"""
ENVIRONMENT = f"""\
name: model
channels:
  - {{channel}}
dependencies:
  - python={MINOR}
  - numtoy=1.26
  - pip
  - pip:
    - flask
"""
_NUMTOY = """\
import pathlib
import sys


def answer():
    return 42


def configuration():
    return (pathlib.Path(__file__).parents[3] / "share" / "toy.conf").read_text().strip()


def main():
    print("numtoy runs on", sys.executable)
"""
_METADATA = "Metadata-Version: 2.1\nName: numtoy\nVersion: {version}\n"
# As a compiler leaves it: the prefix in a string that ends with a zero, and other strings behind it.
_BINARY = b"\x7fELF\0toy " + PLACEHOLDER.encode() + b"/share/toy.conf\0end\0"


def numtoy(version: str, build: str = "0") -> CondaPackage:
    """The one Python package, without architecture and with a program; it needs a library."""
    return CondaPackage(
        name="numtoy",
        version=version,
        build=build,
        depends=(f"python >={MINOR}", "libtoy >=1"),
        is_noarch_python=True,
        programs=(("numtoy", "numtoy:main"),),
        files={
            "site-packages/numtoy.py": _NUMTOY.encode(),
            f"site-packages/numtoy-{version}.dist-info/METADATA": _METADATA.format(version=version).encode(),
        },
    )


LIBTOY = CondaPackage(
    name="libtoy",
    version="1.2",
    is_old_format=True,
    files={
        "share/toy.conf": f"prefix={PLACEHOLDER}\n".encode(),
        "lib/libtoy.so.1": _BINARY,
        "etc/conda/activate.d/libtoy_activate.sh": b"export TOY=1\n",
        "etc/conda/activate.d/proj4-activate.sh": b"export PROJ_DATA=...\n",
        "share/proj/proj.db": b"",
    },
    links={"lib/libtoy.so": "libtoy.so.1"},
)
PACKAGES = (
    LIBTOY,
    numtoy("1.26.4"),
    CondaPackage(name="pip", version="25.0", depends=("python",)),
    CondaPackage(name="wants-old", depends=("libtoy <1",)),
    CondaPackage(name="wants-driver", depends=("__cuda >=12",)),
    CondaPackage(name="needs-new-libc", depends=("__glibc >=99",)),
)


def write_conda_channel(folder: Path) -> Path:
    """Write the channel, readable for everyone."""
    channel = write_channel(folder, [*PACKAGES, python_package(portable_tree(), VERSION)])
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return channel


def write_conda_app(folder: Path, environment: str, app: str = APP) -> Path:
    """Write the project."""
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(app)
    (folder / "environment.yml").write_text(environment)
    return folder


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelOnDisk(Distribution):
    """A real release, whose wheel lies in a file."""

    path: Path

    @property
    def wheel_name(self) -> str:
        """The file name of the wheel."""
        return self.path.name

    @property
    def metadata(self) -> str:
        """The core metadata."""
        with zipfile.ZipFile(self.path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            return archive.read(name).decode()

    def wheel(self) -> bytes:
        """The wheel."""
        return self.path.read_bytes()


def rattler_release() -> WheelOnDisk:
    """The release of py-rattler that the buildpack pins, fetched once by the machine's own pip."""
    folder = ROOT / ".build" / "py-rattler"
    pinned = ROOT / "src" / "ml_buildpack" / "apply" / "conda" / "py-rattler.txt"
    version = re.findall(r"^py-rattler==(\S+)", pinned.read_text(), re.MULTILINE)[0]
    if not list(folder.glob(f"py_rattler-{version}-*.whl")):
        command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")
        subprocess.run((*command, "--require-hashes", "-r", str(pinned), "-d", str(folder)), check=True)
    path = next(folder.glob(f"py_rattler-{version}-*.whl"))
    return WheelOnDisk(name="py-rattler", version=version, path=path)

"""A mirror of standalone interpreters, made from the Python that runs the tests: an archive, and a table that names it.

Its release number is one that no Python has, so that no interpreter of the machine satisfies a request for it, whatever
is installed there. uv does not look, and the minor version, which everything depends on, is the true one.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MINOR = "{}.{}".format(*sys.version_info[:2])
VERSION = f"{MINOR}.99"
# Free of the machine's own libraries, so that it runs in a container too.
_PORTABLE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from portable_python import portable_python
print(portable_python(sys.argv[2], cache=Path(sys.argv[3])))
"""
# What real archives have and no application needs.
_BALLAST = ("share/man/man1/python.1", "lib/python{minor}/test/test_x.py", "lib/python{minor}/idlelib/x.py")
_ARCHITECTURES = {"arm64": "aarch64", "amd64": "x86_64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonMirror:
    """The mirror's folder; `table` is the path of its list of downloads."""

    folder: Path
    key: str

    @property
    def archive(self) -> Path:
        """The one archive."""
        return self.folder / f"{self.key}.tar.gz"

    @property
    def table(self) -> Path:
        """The table that names it."""
        return self.folder / "downloads.json"

    def write_table(
        self, name: str = "downloads.json", *, version: str = VERSION, changes: Mapping[str, object] | None = None
    ) -> Path:
        """Write a table of one entry, with that version and those fields changed."""
        major, minor, patch = (int(part) for part in version.split("."))
        machine = platform.machine()
        entry = {
            "name": "cpython",
            "arch": {"family": _ARCHITECTURES.get(machine, machine), "variant": None},
            "os": "linux",
            "libc": "gnu",
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": self.archive.as_uri(),
            "sha256": hashlib.sha256(self.archive.read_bytes()).hexdigest(),
            "variant": None,
            "build": "20260101",
            **(changes or {}),
        }
        table = self.folder / name
        table.write_text(json.dumps({self.key.replace(VERSION, version): entry}))
        return table


def make_python_mirror(folder: Path) -> PythonMirror:
    """Make the mirror in an empty folder, readable for everyone."""
    machine = platform.machine()
    key = f"cpython-{VERSION}-linux-{_ARCHITECTURES.get(machine, machine)}-gnu"
    mirror = PythonMirror(folder=folder, key=key)
    prefix = folder / "unpacked" / "python"
    shutil.copytree(portable_tree(), prefix, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in _BALLAST:
        ballast = prefix / path.format(minor=MINOR)
        ballast.parent.mkdir(parents=True, exist_ok=True)
        ballast.write_text("")
    with tarfile.open(mirror.archive, "w:gz", compresslevel=1) as tar:
        tar.add(prefix, arcname="python")
    shutil.rmtree(prefix.parent)
    mirror.archive.chmod(0o644)
    mirror.write_table()
    return mirror


def portable_tree() -> Path:
    """The interpreter of the tests as a folder that runs from anywhere."""
    cache = ROOT / ".build"
    cache.mkdir(exist_ok=True)
    command = (sys.executable, "-c", _PORTABLE, str(ROOT / "tools"), sys.base_prefix, str(cache))
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Path(printed.splitlines()[-1])

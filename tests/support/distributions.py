"""Tiny distributions, as wheels and sdists, so that tests of installing need no network and no second."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

# Zip cannot hold earlier dates.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_BUILD_SYSTEM = '[build-system]\nrequires = {requires}\nbuild-backend = "backend"\nbackend-path = ["."]\n'
# Builds the wheel that lies beside it: an sdist must be buildable without an index to take setuptools from.
_BUILD_BACKEND = """\
import shutil, warnings
def get_requires_for_build_wheel(config_settings=None):
    warnings.warn("a classifier is deprecated")
    return {asks_for}
def build_wheel(directory, config_settings=None, metadata_directory=None):
    {guard}
    shutil.copy("built/{wheel}", directory)
    return "{wheel}"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """A project's release. `modules` maps paths in the wheel to contents; by default a module of its own name.

    `sdist_only` offers no wheel. `build_guard` is a line of Python that runs while the sdist is built; it may raise.
    `build_requires` is what the build names in its table, `build_asks_for` what its backend asks for when it runs.
    `yanked` is the reason for which its makers took it back.
    """

    name: str
    version: str = "1.0"
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    modules: Mapping[str, str | bytes] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    tag: str = "py3-none-any"
    sdist_only: bool = False
    build_guard: str = "pass"
    build_requires: tuple[str, ...] = ()
    build_asks_for: tuple[str, ...] = ()
    yanked: str = ""

    @property
    def wheel_name(self) -> str:
        """The file name of the wheel."""
        return f"{self._stem}-{self.tag}.whl"

    @property
    def sdist_name(self) -> str:
        """The file name of the source distribution."""
        return f"{self._stem}.tar.gz"

    @property
    def metadata(self) -> str:
        """The core metadata."""
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        lines += [f"Requires-Python: {self.requires_python}"] if self.requires_python else []
        lines += [f"Requires-Dist: {requirement}" for requirement in self.requires]
        return "\n".join([*lines, ""])

    def wheel(self) -> bytes:
        """The wheel, the same bytes each time."""
        info = f"{self._stem}.dist-info"
        own = self.name.replace("-", "_").replace(".", "_").lower()
        files: dict[str, str | bytes] = dict(self.modules) or {f"{own}.py": f"__version__ = {self.version!r}\n"}
        files[f"{info}/METADATA"] = self.metadata
        files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {self.tag}\n"
        if self.scripts:
            lines = [f"{name} = {target}" for name, target in self.scripts.items()]
            files[f"{info}/entry_points.txt"] = "\n".join(["[console_scripts]", *lines, ""])
        files[f"{info}/RECORD"] = _record(files, info)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in files.items():
                entry = zipfile.ZipInfo(name, _ZIP_DATE)
                entry.external_attr = 0o100644 << 16
                archive.writestr(entry, content)
        return stream.getvalue()

    def sdist(self) -> bytes:
        """The source distribution, which brings its own build backend."""
        backend = _BUILD_BACKEND.format(
            wheel=self.wheel_name, guard=self.build_guard, asks_for=list(self.build_asks_for)
        )
        files = {
            "PKG-INFO": self.metadata.encode(),
            "pyproject.toml": _BUILD_SYSTEM.format(requires=list(self.build_requires)).encode(),
            "backend.py": backend.encode(),
            f"built/{self.wheel_name}": self.wheel(),
        }
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(f"{self._stem}/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        # Without the time: the same bytes, and the same digest, each time.
        return gzip.compress(stream.getvalue(), mtime=0)

    @property
    def _stem(self) -> str:
        return f"{self.name.replace('-', '_').replace('.', '_').lower()}-{self.version}"


def _record(files: Mapping[str, str | bytes], info: str) -> str:
    rows: list[str] = []
    for name, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(raw)}")
    return "\n".join([*rows, f"{info}/RECORD,,", ""])

"""A channel of conda packages in a folder, written by hand as the format says it; the packages are real and tiny.

Source: conda-build's documentation, "Conda package specification"; CEP 23 and 24 (`.conda`), `info/paths.json`. Nothing
here uses the library that installs them, so a mistake of one side does not hide the same one of the other.
"""

from __future__ import annotations

import base64
import bz2
import hashlib
import io
import json
import platform
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import zstandard

# Long enough for any real prefix: in binary files it is overwritten in place.
PLACEHOLDER = "/opt/" + "placehold_" * 25
SUBDIR = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}[platform.machine()]
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaPackage:
    """A package. `files` are by path in the prefix, or in `site-packages/…` of one that is noarch.

    A file whose content has PLACEHOLDER in it is marked for replacement, as text or binary. `links` are symbolic ones,
    by path. `programs` are (name, `module:function`), for noarch Python. `is_old_format`: `.tar.bz2`, else `.conda`.
    """

    name: str
    version: str = "1.0"
    build: str = "0"
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    is_noarch_python: bool = False
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    executables: frozenset[str] = frozenset()
    programs: tuple[tuple[str, str], ...] = ()
    is_old_format: bool = False

    @property
    def subdir(self) -> str:
        """The directory of the channel that it lies in."""
        return "noarch" if self.is_noarch_python else SUBDIR

    @property
    def filename(self) -> str:
        """The archive's name."""
        return f"{self._stem}{'.tar.bz2' if self.is_old_format else '.conda'}"

    @property
    def index(self) -> dict[str, Any]:
        """What `info/index.json` and the channel's index say."""
        noarch = {"noarch": "python"} if self.is_noarch_python else {}
        return {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": 0,
            "depends": list(self.depends),
            "constrains": list(self.constrains),
            "subdir": self.subdir,
            "license": "MIT",
            "timestamp": 1_700_000_000_000,
            **noarch,
        }

    def archive(self) -> bytes:
        """The package, the same bytes each time."""
        info = {f"info/{name}": content for name, content in self._info().items()}
        if self.is_old_format:
            return bz2.compress(self._tar({**info, **self.files}, self.links), compresslevel=1)
        stream = io.BytesIO()
        compress = zstandard.ZstdCompressor(level=1).compress
        parts = {
            "metadata.json": b'{"conda_pkg_format_version": 2}',
            f"pkg-{self._stem}.tar.zst": compress(self._tar(self.files, self.links)),
            f"info-{self._stem}.tar.zst": compress(self._tar(info, {})),
        }
        with zipfile.ZipFile(stream, "w") as package:
            for name, content in parts.items():
                package.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content)
        return stream.getvalue()

    @property
    def _stem(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"

    def _info(self) -> dict[str, bytes]:
        paths = [
            *(self._path(path, content) for path, content in sorted(self.files.items())),
            *({"_path": path, "path_type": "softlink", "size_in_bytes": 0} for path in sorted(self.links)),
        ]
        names = [str(path["_path"]) for path in paths]
        info = {
            "index.json": json.dumps(self.index).encode(),
            "paths.json": json.dumps({"paths": paths, "paths_version": 1}).encode(),
            "files": "\n".join(names).encode(),
            "about.json": b"{}",
        }
        if self.is_noarch_python:
            points = [f"{name} = {target}" for name, target in self.programs]
            link = {"noarch": {"type": "python", "entry_points": points}, "package_metadata_version": 1}
            info["link.json"] = json.dumps(link).encode()
        return info

    def _path(self, path: str, content: bytes) -> dict[str, object]:
        entry: dict[str, object] = {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
        }
        if PLACEHOLDER.encode() in content:
            entry["prefix_placeholder"] = PLACEHOLDER
            entry["file_mode"] = "binary" if b"\0" in content else "text"
        return entry

    def _tar(self, files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for path, content in sorted(files.items()):
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                entry.mode = 0o755 if path in self.executables else 0o644
                archive.addfile(entry, io.BytesIO(content))
            for path, target in sorted(links.items()):
                entry = tarfile.TarInfo(path)
                entry.type, entry.linkname = tarfile.SYMTYPE, target
                archive.addfile(entry)
        return stream.getvalue()


def write_channel(folder: Path, packages: Iterable[CondaPackage]) -> Path:
    """Write archives and indexes, readable for everyone; packages that are there already stay in the index."""
    for subdir in (SUBDIR, "noarch"):
        (folder / subdir).mkdir(parents=True, exist_ok=True)
        index = folder / subdir / "repodata.json"
        if not index.exists():
            index.write_text(json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": {}}))
    for package in packages:
        content = package.archive()
        (folder / package.subdir / package.filename).write_bytes(content)
        add_to_index(folder, package, content)
    return folder


def add_to_index(folder: Path, package: CondaPackage, content: bytes) -> None:
    """Write what the channel says about that package, whose archive shall have that content."""
    index = folder / package.subdir / "repodata.json"
    document = json.loads(index.read_text())
    document["packages" if package.is_old_format else "packages.conda"][package.filename] = {
        **package.index,
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "size": len(content),
    }
    index.write_text(json.dumps(document))


def python_package(prefix: Path, version: str) -> CondaPackage:
    """A `python` package made of an interpreter's tree, such as a portable one."""
    minor = ".".join(version.split(".")[:2])
    paths = [path for path in sorted(prefix.rglob("*")) if "__pycache__" not in path.parts]
    plain = {path.relative_to(prefix).as_posix(): path for path in paths if path.is_file() and not path.is_symlink()}
    links = {path.relative_to(prefix).as_posix(): path.readlink().as_posix() for path in paths if path.is_symlink()}
    links.setdefault("bin/python", "python3")
    site_packages = f"lib/python{minor}/site-packages/"
    return CondaPackage(
        name="python",
        version=version,
        files={name: path.read_bytes() for name, path in plain.items() if not name.startswith(site_packages)},
        links={name: target for name, target in links.items() if name not in plain},
        executables=frozenset(name for name, path in plain.items() if path.stat().st_mode & 0o100),
    )


@contextmanager
def serve_channel(folder: Path, credentials: str = "") -> Iterator[str]:
    """Serve the channel over HTTP, to those who have `user:password` where that is given; its address."""
    expected = f"Basic {base64.b64encode(credentials.encode()).decode()}"

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one request."""
            if credentials and self.headers.get("Authorization") != expected:
                self.send_error(HTTPStatus.UNAUTHORIZED)
                return
            super().do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A registry on loopback, Debian's docker-registry, that says how many bytes it was sent."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from bench.machine import free_port, stop, wait_for_server

_START_LIMIT_S = 20.0
# Apache's combined log: the last request of an upload names the blob's digest. A blob that is mounted is not uploaded.
_UPLOADED = re.compile(
    r'"PUT /v2/(?P<name>[^ ]+?)/blobs/uploads/[^ ]*[?&]digest=(?P<digest>[^ &]+)[^ ]* HTTP[^"]*" 201 '
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Registry:
    """A running registry. `host` is what image names begin with."""

    host: str
    root: Path
    log: Path

    def uploaded_bytes(self, repository: str, *, since: int) -> int:
        """The bytes of all blobs that were uploaded to the repository after the mark."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(since)
            digests = uploads(log.read(), repository)
        return sum(self._blob(digest).stat().st_size for digest in digests)

    def mark(self) -> int:
        """This moment, for `uploaded_bytes`."""
        return self.log.stat().st_size

    def _blob(self, digest: str) -> Path:
        algorithm, _, value = digest.partition(":")
        return self.root / "docker" / "registry" / "v2" / "blobs" / algorithm / value[:2] / value / "data"


def uploads(log: str, repository: str) -> list[str]:
    """The digests of the blobs that were uploaded to the repository, in order, by the registry's access log."""
    return [unquote(found["digest"]) for found in _UPLOADED.finditer(log) if found["name"] == repository]


@contextmanager
def serve_registry(folder: Path) -> Iterator[Registry]:
    """A registry that keeps its blobs in the folder, until the end of the block."""
    port = free_port()
    root, log = folder / "storage", folder / "registry.log"
    root.mkdir(parents=True)
    env = {
        "PATH": "/usr/bin:/bin",
        "REGISTRY_VERSION": "0.1",
        "REGISTRY_HTTP_ADDR": f"127.0.0.1:{port}",
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(root),
        "REGISTRY_LOG_LEVEL": "error",
        "OTEL_TRACES_EXPORTER": "none",
    }
    config = folder / "config.yml"
    config.write_text("version: 0.1\nstorage: {filesystem: {}}\nhttp: {addr: 127.0.0.1:0}\n", encoding="utf-8")
    with log.open("wb") as output:
        process = subprocess.Popen(
            ("/usr/bin/env", "docker-registry", "serve", str(config)), env=env, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_for_server(port, process, _START_LIMIT_S)
        yield Registry(host=f"localhost:{port}", root=root, log=log)
    finally:
        stop(process)

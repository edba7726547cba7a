"""Put a downloaded interpreter into its layer, and keep it for the next build that needs it.

The layer goes into the image alone and does not come back; whenever an environment is made, it is needed again, at
its very path. So the finished tree is kept as one file in a layer of the cache.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ml_buildpack.apply import commands, standalone_python
from ml_buildpack.apply.downloads import sha256_of
from ml_buildpack.apply.layer_store import LayerStore, remove_tree
from ml_buildpack.cnb.layer import LayerTypes, Present, RestoredLayer
from ml_buildpack.console import Console
from ml_buildpack.errors import PythonDownloadFailed
from ml_buildpack.plan.interpreter import PythonDownload, PythonPlan
from ml_buildpack.plan.layers import PYTHON, PYTHON_ARCHIVE, LayerPlan
from ml_buildpack.plan.reuse import find_reasons
from ml_buildpack.redaction import redact
from ml_buildpack.sizes import render_bytes

ARCHIVE_FILENAME = "python.tar.gz"
_TYPES = LayerTypes(cache=True)
_DIGEST = "sha256"
_CAUSE = re.compile(r"^\s*cause: ", re.MULTILINE)


@dataclass(kw_only=True)
class PythonInstaller:
    """Makes the `python` layer of one build, once, when somebody first needs it.

    `layer` is its plan, `restored` the cached archive. `env` may hold credentials of a mirror.
    """

    plan: PythonPlan
    download: PythonDownload
    layer: LayerPlan
    restored: RestoredLayer
    store: LayerStore
    console: Console
    uv: Path
    env: Mapping[str, str] = field(repr=False)
    _done: bool = False

    def ensure(self) -> None:
        """The interpreter is in its layer's directory afterwards, and its archive is kept.

        Raises: PythonDownloadFailed, DiskFull.
        """
        if self._done:
            return
        archive = self._usable_archive()
        if archive is not None:
            self.console.step(f"Unpacking Python {self.download.version} from the cache")
            standalone_python.unpack(archive, self.store.create(PYTHON))
            self._write_metadata(sha256_of(archive))
        else:
            self.console.step(f"Downloading Python {self.download.version}")
            self._install()
        self._done = True

    def keep_archive(self) -> None:
        """Keep the archive for a later build, where there is one. The `python` layer itself is kept by the image."""
        if self._done:
            return
        archive = self._usable_archive()
        if archive is None:
            self.store.delete(PYTHON_ARCHIVE)
        else:
            self._write_metadata(sha256_of(archive))

    def _usable_archive(self) -> Path | None:
        if not isinstance(self.restored, Present) or find_reasons(self.layer.metadata, self.restored):
            return None
        archive = self.restored.path / ARCHIVE_FILENAME
        if not archive.is_file() or sha256_of(archive) != self.restored.metadata.get(_DIGEST):
            self.console.warning("the cached Python was damaged")
            return None
        return archive

    def _install(self) -> None:
        # On the layer's own file system, so that it is moved by renaming.
        install_dir = self.store.layers_dir / "python-install"
        remove_tree(install_dir)
        try:
            self._download(install_dir)
            installed = install_dir / self.download.key
            prefix = self.store.create(PYTHON)
            prefix.rmdir()
            installed.rename(prefix)
        finally:
            remove_tree(install_dir)
        self._check(prefix)
        standalone_python.settle(prefix, was_at=installed, minor=self.plan.interpreter.minor)
        archive = self.store.create(PYTHON_ARCHIVE) / ARCHIVE_FILENAME
        standalone_python.pack(prefix, archive)
        self._write_metadata(sha256_of(archive))
        self.console.note(f"{self.download.build}, kept as {render_bytes(archive.stat().st_size)}")

    def _download(self, install_dir: Path) -> None:
        argv = (
            str(self.uv), "python", "install", self.download.key, "--install-dir", str(install_dir), "--no-bin",
            "--no-config",
        )  # fmt: skip
        result = commands.run(argv, env=self.env, cwd=self.store.layers_dir)
        if result.exit_code != 0:
            raise self._failed(_last_causes(result.output))

    def _check(self, prefix: Path) -> None:
        """An interpreter may not run here: one for musl, say, or for a newer glibc. uv does not try."""
        program = prefix / "bin" / "python3"
        if not program.exists():
            raise self._failed("The archive has no bin/python3.")
        result = commands.run((str(program), "-I", "-B", "-c", ""), env={"LC_ALL": "C.UTF-8"}, cwd=prefix)
        if result.exit_code != 0:
            raise self._failed(f"It does not run on this build image:\n{result.output_tail}")

    def _failed(self, detail: str) -> PythonDownloadFailed:
        return PythonDownloadFailed(
            requests=self.plan.wish.mistakes,
            python=f"Python {self.download.version} ({self.download.key})",
            detail=redact(detail),
            available=", ".join(self.plan.available) or None,
        )

    def _write_metadata(self, digest: str) -> None:
        metadata = {**self.layer.metadata, **dict(self.layer.notes), _DIGEST: digest}
        self.store.write_metadata(PYTHON_ARCHIVE, _TYPES, metadata)


def _last_causes(output: str) -> str:
    """Uv's chain of causes, without the line that says only that there is one."""
    causes = [" ".join(cause.split()) for cause in _CAUSE.split(output.strip())[1:]]
    return "\n".join(causes) or output.rpartition("error: ")[2].strip()

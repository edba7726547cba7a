"""Make the layers of what runs beside the application: our in-image package, and the helpers before each process."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from ml_buildpack.apply.bytecode import Validity, compile_modules, find_modules
from ml_buildpack.apply.layer_store import make_readable
from ml_buildpack.plan.layers import MANIFEST_FILE

# The flags of the helper's interpreter: isolated, without site-packages, without writing bytecode. It starts with
# every process of the image, so a slow start here is a slow start everywhere.
HELPER_FLAGS = "-ISB"
DRIVER_CHECK = "driver_check.py"
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")


def sources_digest(sources: Path) -> str:
    """A digest over our in-image package, by which its layer is kept."""
    digest = hashlib.sha256(HELPER_FLAGS.encode())
    files = (path for path in sources.rglob("*") if path.is_file() and path.suffix != ".pyc")
    for path in sorted(files):
        digest.update(f"{path.relative_to(sources).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make_server_layer(sources: Path, layer: Path, *, interpreter_path: str, manifest: str | None = None) -> None:
    """Copy the package to `site/model_server` and install its helper as the layer's one `exec.d` program.

    `manifest` is written beside them, where there is one.
    """
    package = layer / "site" / "model_server"
    shutil.copytree(sources, package, ignore=_IGNORED)
    _install_helper(sources / "exec_d.py", layer / "exec.d" / "size-to-container", interpreter_path)
    if manifest is not None:
        (layer / MANIFEST_FILE).write_text(manifest, encoding="utf-8")
    make_readable(layer)


def compile_server(layer: Path, *, python: str, env: Mapping[str, str], scratch: Path) -> None:
    """Write the bytecode of the package in its layer, for that interpreter. Raises: CommandFailed."""
    package = layer / "site"
    # The helper reads nothing of it: it stands alone, and runs as the launcher starts it.
    compile_modules(find_modules(package), python=python, env=env, scratch=scratch, validity=Validity.UNCHECKED)
    make_readable(package)


def check_digest(sources: Path) -> str:
    """A digest over the program that checks the driver."""
    return hashlib.sha256(HELPER_FLAGS.encode() + (sources / DRIVER_CHECK).read_bytes()).hexdigest()


def make_accelerator_layer(
    sources: Path, layer: Path, interpreter_path: str, needs: tuple[tuple[str, str], ...]
) -> None:
    """Install the check of the driver as the layer's one `exec.d` program, and beside it what it compares with."""
    _install_helper(sources / DRIVER_CHECK, layer / "exec.d" / "check-driver", interpreter_path)
    text = "".join(f"{name} {value}\n" for name, value in needs)
    (layer / "needs.txt").write_text(text, encoding="utf-8")
    make_readable(layer)


def _install_helper(source: Path, helper: Path, interpreter_path: str) -> None:
    helper.parent.mkdir()
    text = source.read_text(encoding="utf-8")
    helper.write_text(f"#!{interpreter_path} {HELPER_FLAGS}\n{text}", encoding="utf-8")
    helper.chmod(0o755)

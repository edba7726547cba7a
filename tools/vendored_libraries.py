"""The libraries the buildpack starts with, installed from `requirements/vendor.txt` and nothing else.

Knows pip and the shape of a wheel's installation; does not know the buildpack around it. Called by package_buildpack.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from bytecode import cache_tag, compile_folder
from new_folder import copy_tree, new_folder, remove

# Architectures by their name in buildpack.toml, with the tags their binaries may carry. Every build image with a Python
# that we accept has a newer glibc than 2.28.
PLATFORM_TAGS = {
    "amd64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64"),
}
# Never read on Linux, or about the installation instead of the library (RECORD, INSTALLER).
JUNK = (
    "**/__pycache__",
    "**/tests",
    "**/*.exe",
    "*.pth",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
)
# Says which lock and recipe a folder was made from.
STAMP = "LOCK.sha256"


def install_vendored(lock: Path, *, arch: str, pythons: tuple[Path, ...], cache: Path) -> Path:
    """The folder of installed libraries for `arch`, with bytecode for `pythons`; installed once per lock and recipe.

    Only wheels that any Python 3 can run are taken ("py3-none"), so tomli comes without its compiled variants and one
    folder serves every builder; uv's wheel is of that kind too, for one architecture.
    """
    tags = tuple(cache_tag(python) for python in pythons)
    key = _key(lock, arch, tags)
    folder = cache / f"vendor-{key[:16]}-{arch}"
    if folder.is_dir():
        return folder
    print(f"Installing the vendored libraries for {arch}", flush=True)
    with new_folder(folder) as fresh:
        _pip_install(lock, arch, fresh)
        _keep_what_runs(fresh)
        for python in pythons:
            compile_folder(fresh, python)
        Path(fresh, STAMP).write_text(f"{key}\n")
    return folder


def place_vendored(installed: Path, target: Path) -> None:
    """Make `target` a copy of `installed`, unless it is one already: the checkout itself then works as a buildpack."""
    stamp = target / STAMP
    if stamp.is_file() and stamp.read_text() == (installed / STAMP).read_text():
        return
    with new_folder(target) as fresh:
        copy_tree(installed, fresh)


def _key(lock: Path, arch: str, tags: tuple[str, ...]) -> str:
    digest = hashlib.sha256(f"{arch} {' '.join(tags)}\n".encode())
    for part in (lock, Path(__file__), Path(__file__).with_name("bytecode.py")):
        digest.update(part.read_bytes())
    return digest.hexdigest()


def _pip_install(lock: Path, arch: str, target: Path) -> None:
    platforms = [word for tag in PLATFORM_TAGS[arch] for word in ("--platform", tag)]
    kind = ("--only-binary", ":all:", "--implementation", "py", "--abi", "none", "--python-version", "3.10", *platforms)
    exact = ("--require-hashes", "--no-deps", "--no-compile", "--requirement", str(lock))
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--root-user-action", "ignore")
    done = subprocess.run(
        (sys.executable, "-m", "pip", "install", "--target", target, *kind, *exact, *quiet), check=False
    )
    if done.returncode:
        raise SystemExit(
            f"The libraries of {lock} could not be installed for {arch}; pip says above why.\n"
            "1. Is the package index reachable (PIP_INDEX_URL, SSL_CERT_FILE)?\n"
            "2. Does every pin have a wheel that is pure Python, or is it uv?",
        )


def _keep_what_runs(folder: Path) -> None:
    """Leave the libraries, their licences and the uv program; refuse what would run on one Python version only."""
    uv = folder / "bin" / "uv"
    uv.rename(folder / "uv-program")
    shutil.rmtree(uv.parent)
    uv.parent.mkdir()
    (folder / "uv-program").rename(uv)
    remove(folder, *JUNK)
    for path in folder.rglob("*.py"):
        path.chmod(0o644)
    compiled = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.so*"))
    if compiled:
        raise SystemExit(f"Vendored libraries must be pure Python, but these files are compiled: {', '.join(compiled)}")

"""Writes `dist/`: the buildpack as a folder that needs no network to start, and as the `.cnb` file of pack.

`make package` and `make vendor` call it. The folder holds what bin/detect and bin/build run, for one architecture, and
nothing else; the same checkout and Python give the same bytes. What is slow to make (the vendored libraries, a packaged
interpreter) is kept below `.build/` until its inputs change.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bytecode import compile_folder
from new_folder import copy_tree, new_folder
from portable_python import portable_python
from vendored_libraries import PLATFORM_TAGS, install_vendored, place_vendored

ROOT = Path(__file__).resolve().parent.parent
HOST_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
TARGET = '[[targets]]\nos = "linux"\narch = "{arch}"\n'


def main() -> None:
    """Package as the command line says, and print what was written."""
    asked = _arguments()
    python = portable_python(asked.python, cache=asked.cache) if asked.python else None
    # A packaged interpreter is always the one that runs; otherwise this one stands for the builder's.
    pythons = (python / "bin" / "python3",) if python else (Path(sys.executable), *asked.bytecode)
    vendored = install_vendored(
        ROOT / "requirements" / "vendor.txt", arch=asked.arch, pythons=pythons, cache=asked.cache
    )
    if asked.vendor_only:
        place_vendored(vendored, ROOT / "vendor")
        return
    folder = asked.output / "buildpack"
    with new_folder(folder) as fresh:
        _write_buildpack(fresh, vendored, asked.arch, pythons, python)
    _say_written(folder)
    if asked.pack:
        _say_written(_write_cnb(asked.pack, folder, asked.arch))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arch", choices=sorted(PLATFORM_TAGS), default=HOST_ARCH, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="default: dist/")
    parser.add_argument("--cache", type=Path, default=ROOT / ".build", help="default: .build/")
    parser.add_argument("--pack", type=Path, help="the pack program: writes the .cnb file too")
    parser.add_argument("--vendor-only", action="store_true", help="only fill vendor/ of this checkout")
    parser.add_argument(
        "--bytecode",
        type=_program,
        action="append",
        default=[],
        metavar="PYTHON",
        help="compile for this Python as well (repeatable), if the builder's may be another version",
    )
    parser.add_argument("--python", help="package an interpreter: a prefix, an archive, a version or URL#sha256=…")
    asked = parser.parse_args()
    if asked.python and asked.arch != HOST_ARCH:
        parser.error(f"an interpreter for {asked.arch} cannot be prepared on {HOST_ARCH}: it has to run")
    asked.output, asked.cache = asked.output.resolve(), asked.cache.resolve()
    return asked


def _program(name: str) -> Path:
    """An absolute path, by way of PATH where the name has no slash."""
    found = shutil.which(name)
    if found is None:
        raise argparse.ArgumentTypeError(f"{name} is not a program")
    return Path(found).absolute()


def _write_buildpack(folder: Path, vendored: Path, arch: str, pythons: tuple[Path, ...], python: Path | None) -> None:
    for name in ("LICENSE", "README.md"):
        if (ROOT / name).is_file():
            (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "buildpack.toml").write_text(_for_one_arch((ROOT / "buildpack.toml").read_text(), arch))
    copy_tree(ROOT / "bin", folder / "bin")
    (folder / "src").mkdir()
    for source in sorted((ROOT / "src").glob("*")):
        if source.is_dir() and source.name != "__pycache__":
            copy_tree(source, folder / "src" / source.name, leave_out=("__pycache__", ".*"))
    (folder / "src" / "__main__.py").write_bytes((ROOT / "src" / "__main__.py").read_bytes())
    for interpreter in pythons:
        compile_folder(folder / "src", interpreter)
    copy_tree(vendored, folder / "vendor")
    if python:
        copy_tree(python, folder / "python")


def _for_one_arch(text: str, arch: str) -> str:
    """buildpack.toml without the targets whose uv is not in this package: a platform then says so, before detect."""
    for other in sorted(set(PLATFORM_TAGS) - {arch}):
        block = TARGET.format(arch=other)
        if block not in text:
            raise SystemExit(f"buildpack.toml has no target written as\n{block}")
        text = text.replace(f"{block}\n", "")
    return text


def _version(folder: Path) -> str:
    lines = (folder / "buildpack.toml").read_text().splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version = "))


def _write_cnb(pack: Path, folder: Path, arch: str) -> Path:
    """`ml-buildpack-<version>-linux-<arch>.cnb` beside the folder, replaced in one step."""
    target = folder.parent / f"ml-buildpack-{_version(folder)}-linux-{arch}.cnb"
    with tempfile.TemporaryDirectory(prefix=".cnb-", dir=folder.parent) as scratch:
        file = Path(scratch, target.name)
        what = ("buildpack", "package", file, "--format", "file", "--path", folder, "--target", f"linux/{arch}")
        # pack keeps its settings below the home directory, and must not ask whether it may.
        subprocess.run((pack.resolve(), *what, "--quiet"), check=True, env={**os.environ, "PACK_HOME": scratch})
        file.rename(target)
    return target


def _say_written(path: Path) -> None:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and not file.is_symlink()]
    print(f"{path} ({sum(file.stat().st_size for file in files) / 1e6:.1f} MB, {len(files)} files)")


if __name__ == "__main__":
    main()

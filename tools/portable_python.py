"""A CPython that runs from wherever it is copied, for build images without Python and for the apps' `python` layer.

Knows how an installed CPython looks; does not know the buildpack. Called by package_buildpack.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from bytecode import compile_folder
from new_folder import copy_tree, new_folder, remove
from shared_libraries import bundle_shared_libraries

# What no app needs to run, and what tests, or installs, or draws windows. turtledemo and idlelib need tkinter.
LEFT_OUT = ("__pycache__", "test", "tests", "idlelib", "idle_test", "tkinter", "turtle*", "ensurepip", "site-packages")
# Test modules and Tk; readline and dbm link GPL libraries, which this Apache-licensed package must not carry along
# (nis, gone since Python 3.13, would bring Kerberos).
LEFT_OUT_MODULES = ("_test*", "_ctypes_test*", "xx*", "_xx*", "_tkinter*", "readline*", "_gdbm*", "_dbm*", "nis.*")
STATIC_LIBRARIES = ("lib/python3*/config-*/*.a", "lib/python3*/config-*/*.o")
# Programs whose change makes the interpreter again.
RECIPE = ("portable_python.py", "shared_libraries.py", "bytecode.py", "new_folder.py")
# Asked of the interpreter itself: where it runs from, and which prefix it was built for.
DESCRIBE = """
import importlib, json, sys, sysconfig
data = importlib.import_module(sysconfig._get_sysconfigdata_name())
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "built_for": data.build_time_vars["prefix"]}))
"""
# What must work in any container, and that no library came from where the interpreter was built.
CHECK = """
import bz2, ctypes, hashlib, lzma, sqlite3, ssl, sys, zlib
hashlib.sha256(b""), ssl.create_default_context(), sqlite3.connect(":memory:")
print("\\n".join(sorted({line.split()[-1] for line in open("/proc/self/maps") if ".so" in line})))
"""


def portable_python(source: str, *, cache: Path) -> Path:
    """The folder of a relocatable interpreter made from `source`: a prefix, an archive, a URL or a version.

    Made once per content. A URL ends in `#sha256=<that of the archive>`, as pip writes it, and is refused without.
    """
    with tempfile.TemporaryDirectory(prefix="python-") as temporary:
        scratch = Path(temporary)
        prefix = _find_prefix(_obtain(source, scratch), source)
        folder = cache / f"python-{_key(prefix)[:16]}"
        if not folder.is_dir():
            print(f"Making a portable interpreter from {source}", flush=True)
            with new_folder(folder) as fresh:
                _copy_interpreter(prefix, fresh)
                bundle_shared_libraries(fresh)
                compile_folder(fresh / "lib", fresh / "bin" / "python3")
                _check_elsewhere(fresh, scratch / "elsewhere")
    return folder


def _obtain(source: str, scratch: Path) -> Path:
    """A folder on this disk with the interpreter somewhere near its top."""
    if re.match(r"(https?|file)://", source):
        return _unpack(_download(source, scratch), scratch)
    if re.fullmatch(r"3\.\d+(\.\d+)?", source):
        command = ("uv", "python", "install", "--no-bin", "--install-dir", scratch / "uv", source)
        _run((sys.executable, "-m", *command), f"uv could not install Python {source}")
        return next(path for path in sorted((scratch / "uv").glob("cpython-*")) if not path.is_symlink())
    path = Path(source).expanduser().resolve()
    if path.is_file():
        return _unpack(path, scratch)
    if path.is_dir():
        return path
    raise SystemExit(f"--python {source}: neither a folder, an archive, a URL nor a version such as 3.12")


def _download(source: str, scratch: Path) -> Path:
    url, _, sha256 = source.partition("#sha256=")
    if not sha256:
        raise SystemExit(f"--python {url}: add the archive's digest to the address, as #sha256=…")
    archive = scratch / url.rpartition("/")[2]
    # The caller let nothing but http, https and file through.
    with urllib.request.urlopen(url) as response, archive.open("wb") as file:  # noqa: S310
        shutil.copyfileobj(response, file)
    actual = hashlib.sha256(archive.read_bytes()).hexdigest()
    if actual != sha256.lower():
        raise SystemExit(f"{url} has sha256 {actual}, expected {sha256}")
    return archive


def _unpack(archive: Path, scratch: Path) -> Path:
    folder = scratch / "unpacked"
    folder.mkdir()
    # tar, not tarfile, which knows zstd only from Python 3.14 on.
    _run(("tar", "-xf", archive, "-C", folder), f"{archive} could not be unpacked (.tar.zst needs the zstd program)")
    return folder


def _find_prefix(folder: Path, source: str) -> Path:
    """Archives hold `python/` (install_only) or `python/install/` (full); a prefix is its own."""
    for prefix in (folder, folder / "python", folder / "python" / "install"):
        if (prefix / "bin" / "python3").exists():
            return prefix
    raise SystemExit(f"--python {source}: no bin/python3 in it, nor in python/ or python/install/ below it")


def _key(prefix: Path) -> str:
    """Changes with the interpreter (its build, its place, its modules) and with this recipe."""
    described = (prefix / "bin" / "python3").resolve().read_bytes()
    modules = "\n".join(f"{path.name} {path.stat().st_size}" for path in sorted(prefix.glob("lib/**/*.so*")))
    recipe = b"".join(Path(__file__).with_name(name).read_bytes() for name in RECIPE)
    return hashlib.sha256(b"\0".join((described, str(prefix.name).encode(), modules.encode(), recipe))).hexdigest()


def _copy_interpreter(prefix: Path, target: Path) -> None:
    """Copy what an app or a build of an extension can need: interpreter, library, headers; not scripts, not tests."""
    described = json.loads(_run((prefix / "bin" / "python3", "-I", "-c", DESCRIBE), f"{prefix} does not run"))
    name = "python" + described["version"].rpartition(".")[0]
    (target / "bin").mkdir()
    (target / "lib").mkdir()
    shutil.copy2((prefix / "bin" / name).resolve(), target / "bin" / name)
    for link in ("python", "python3"):
        (target / "bin" / link).symlink_to(name)
    for library in sorted(prefix.glob("lib/libpython3*.so*")):
        shutil.copy2(library, target / "lib" / library.name, follow_symlinks=False)
    copy_tree(prefix / "lib" / name, target / "lib" / name, leave_out=LEFT_OUT)
    if (prefix / "include" / name).is_dir():
        copy_tree(prefix / "include" / name, target / "include" / name)
    remove(target, *STATIC_LIBRARIES, *(f"lib/{name}/lib-dynload/{module}" for module in LEFT_OUT_MODULES))
    # Where packages go; venv and pip expect it.
    (target / "lib" / name / "site-packages").mkdir()
    _forget_prefix(target / "lib" / name, described["built_for"])


def _forget_prefix(library: Path, built_for: str) -> None:
    """Replace the build machine's path in the recorded build settings: nothing reads it, and it would be a leak."""
    for path in (
        *library.glob("_sysconfigdata*.py"),
        *library.glob("config-*/Makefile"),
        *library.glob("config-*/*.py"),
    ):
        path.write_text(path.read_text().replace(built_for, "/install"))


def _check_elsewhere(folder: Path, copy: Path) -> None:
    """Run a copy from another path, with an empty environment, and refuse libraries from outside it."""
    copy_tree(folder, copy)
    loaded = _run((copy / "bin" / "python3", "-I", "-B", "-c", CHECK), "the interpreter does not work when copied")
    glibc = re.compile(r"/(ld-linux-[^/]*|lib(c|m|dl|pthread|rt|util|gcc_s))[.-][^/]*$")
    foreign = [path for path in loaded.split() if not path.startswith(f"{copy}/") and not glibc.search(path)]
    if foreign:
        raise SystemExit(
            f"The interpreter needs libraries of this machine, so it is not portable: {', '.join(foreign)}"
        )


def _run(command: tuple[str | Path, ...], trouble: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{trouble}:\n{done.stdout}{done.stderr}")
    return done.stdout

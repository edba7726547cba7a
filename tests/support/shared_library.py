"""Tiny shared libraries that the real loader loads: they hold nothing but their own name and what they need."""

from __future__ import annotations

import platform
import struct

# Source: elf(5).
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SYMENT, _DT_SONAME, _DT_RUNPATH = (
    0,
    1,
    5,
    6,
    10,
    11,
    14,
    29,
)
_MACHINES = {"x86_64": 62, "aarch64": 183}
_EHDR_SIZE, _PHDR_SIZE, _DYN_SIZE, _SYM_SIZE = 64, 56, 16, 24
_PT_LOAD, _PT_DYNAMIC, _READ_WRITE, _PAGE = 1, 2, 6, 0x1000


def shared_library(soname: str, *, needed: tuple[str, ...] = (), runpath: str = "") -> bytes:
    """A library for this machine, the same bytes each time."""
    names = [soname, *needed, *([runpath] if runpath else [])]
    text = b"\0" + b"".join(name.encode() + b"\0" for name in names)
    entries = [(_DT_SONAME, 1)]
    position = 1 + len(soname) + 1
    for name in names[1:]:
        is_runpath = bool(runpath) and name == runpath
        entries.append((_DT_RUNPATH if is_runpath else _DT_NEEDED, position))
        position += len(name) + 1
    dynamic_at = _EHDR_SIZE + 2 * _PHDR_SIZE
    symbols_at = dynamic_at + (len(entries) + 5) * _DYN_SIZE
    text_at = symbols_at + _SYM_SIZE
    entries += [(_DT_STRTAB, text_at), (_DT_SYMTAB, symbols_at), (_DT_STRSZ, len(text)), (_DT_SYMENT, _SYM_SIZE)]
    entries += [(_DT_NULL, 0)]
    dynamic = b"".join(struct.pack("<qQ", tag, value) for tag, value in entries)
    size = text_at + len(text)
    return b"".join(
        (
            b"\x7fELF\x02\x01\x01" + bytes(9),
            struct.pack("<HHIQQQIHHHHHH", 3, _MACHINES[platform.machine()], 1, 0, _EHDR_SIZE, 0, 0,
                        _EHDR_SIZE, _PHDR_SIZE, 2, 64, 0, 0),
            struct.pack("<IIQQQQQQ", _PT_LOAD, _READ_WRITE, 0, 0, 0, size, size, _PAGE),
            struct.pack("<IIQQQQQQ", _PT_DYNAMIC, _READ_WRITE, dynamic_at, dynamic_at, dynamic_at,
                        len(dynamic), len(dynamic), 8),
            dynamic,
            bytes(_SYM_SIZE),
            text,
        )
    )  # fmt: skip

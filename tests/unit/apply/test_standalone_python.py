"""The tree of a standalone interpreter: what is left out, what it says of its place, and its archive."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from ml_buildpack.apply.standalone_python import pack, settle, unpack
from support.projects import write_project

KEPT = (
    "bin/python3", "bin/python3.12", "bin/python3.12-config", "include/python3.12/Python.h", "lib/libpython3.12.so.1.0",
    "lib/pkgconfig/python3.pc", "lib/python3.12/_sysconfigdata__linux.py", "lib/python3.12/config-3.12/Makefile",
    "lib/python3.12/lib-dynload/_ssl.so", "lib/python3.12/os.py", "lib/python3.12/unittest/case.py",
)  # fmt: skip
LEFT_OUT = (
    "bin/idle3", "bin/pip3", "bin/pydoc3.12", "lib/libtcl8.6.so", "lib/libtk8.6.so", "lib/libpython3.12.a",
    "lib/python3.12/__pycache__/os.pyc", "lib/python3.12/config-3.12/libpython.a", "lib/python3.12/ensurepip/x.whl",
    "lib/python3.12/idlelib/run.py", "lib/python3.12/lib-dynload/_testcapi.so",
    "lib/python3.12/lib-dynload/_tkinter.so",
    "lib/python3.12/site-packages/pip/x.py", "lib/python3.12/sqlite3/test/t.py", "lib/python3.12/test/test_os.py",
    "lib/python3.12/tkinter/x.py", "lib/python3.12/turtle.py", "lib/tcl8.6/init.tcl", "lib/tk8.6/tk.tcl",
    "lib/thread2.8.9/x.tcl", "share/man/man1/python.1",
)  # fmt: skip


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A tree with all that archives have; `bin/python3` compiles nothing."""
    root = tmp_path / "layer"
    write_project(root, dict.fromkeys((*KEPT, *LEFT_OUT), "# was at /scratch/cpython here\n"))
    (root / "bin" / "python3").write_text("#!/bin/sh\n")
    (root / "bin" / "python3").chmod(0o700)
    (root / "bin" / "python").symlink_to("python3")
    return root


def files_of(root: Path) -> set[str]:
    """The relative paths of the files."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def test_what_no_application_needs_is_left_out(prefix: Path) -> None:
    """Test suites, windows and installers; the place for packages stays."""
    settle(prefix, was_at=Path("/scratch/cpython"), minor="3.12")

    assert {*KEPT, "bin/python"} == files_of(prefix)
    assert (prefix / "lib/python3.12/site-packages").is_dir()


def test_interpreter_says_where_it_is(prefix: Path) -> None:
    """Builds of extensions ask it; only files that are meant to know are changed."""
    settle(prefix, was_at=Path("/scratch/cpython"), minor="3.12")

    for path in KEPT[2], *KEPT[5:8]:
        assert f"# was at {prefix} here\n" == (prefix / path).read_text()
    assert "# was at /scratch/cpython here\n" == (prefix / "lib/python3.12/os.py").read_text()


def test_every_user_can_run_it(prefix: Path) -> None:
    """The image's user is not the build's."""
    settle(prefix, was_at=Path("/scratch/cpython"), minor="3.12")

    assert (0o755, 0o644) == tuple(
        stat.S_IMODE((prefix / path).stat().st_mode) for path in ("bin/python3", "lib/python3.12/os.py")
    )


def test_unpacked_tree_is_the_packed_one_and_packs_to_the_same_bytes(prefix: Path, tmp_path: Path) -> None:
    """Links, modes and empty directories included; times and owners do not count."""
    settle(prefix, was_at=Path("/scratch/cpython"), minor="3.12")
    first, second, copy = tmp_path / "1.tar.gz", tmp_path / "2.tar.gz", tmp_path / "copy"
    copy.mkdir()

    pack(prefix, first)
    unpack(first, copy)
    pack(copy, second)

    assert first.read_bytes() == second.read_bytes()
    assert files_of(prefix) == files_of(copy)
    assert (copy / "lib/python3.12/site-packages").is_dir()
    assert "python3" == (copy / "bin/python").readlink().name


def test_bytecode_is_by_hash_and_equal_each_time(tmp_path: Path) -> None:
    """The lifecycle changes every time, and sets of constants have an order of their own in each process."""
    found: list[bytes] = []
    for _ in range(2):
        root = tmp_path / "layer"
        source = "def f(x):\n    return x in {'a', 'b', 'c', 'd', 'e'}\n"
        write_project(root, {"lib/python3.12/module.py": source, "lib/python3.12/broken.py": "def"})
        (root / "bin").mkdir(exist_ok=True)
        (root / "bin/python3").unlink(missing_ok=True)
        (root / "bin/python3").symlink_to(sys.executable)
        settle(root, was_at=Path("/scratch"), minor="3.12")
        (compiled,) = (root / "lib/python3.12/__pycache__").glob("module.*.pyc")
        found.append(compiled.read_bytes())

    # Source: PEP 552: the word after the magic number has bit 0 for a hash, bit 1 for checking the source.
    assert 1 == int.from_bytes(found[0][4:8], "little")
    assert str(tmp_path / "layer/lib/python3.12/module.py").encode() in found[0]
    assert found[0] == found[1]

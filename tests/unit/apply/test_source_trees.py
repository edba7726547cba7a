"""Source trees of the project: whatever is done with them, they stay as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.apply.source_trees import LINKED_MIN_BYTES, copy_tree, left_as_found
from support.projects import write_project
from support.workplace import files_below


def make_marks(tree: Path) -> None:
    """What build backends leave behind."""
    write_project(tree, {"build/lib/a.py": "", "a.egg-info/PKG-INFO": "", "pkg/made.so": ""})
    (tree / "link").symlink_to(tree / "pkg")
    (tree / "build" / "lib").chmod(0o555)


def test_what_appeared_is_gone_afterwards(tmp_path: Path) -> None:
    """Directories, files in directories that were there, links; even where the block fails."""
    write_project(tmp_path, {"setup.py": "", "pkg/a.py": ""})
    before = files_below(tmp_path)

    def fail() -> None:
        with left_as_found(tmp_path, active=True):
            make_marks(tmp_path)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert before == files_below(tmp_path)


def test_nothing_is_looked_at_where_no_tree_is_used(tmp_path: Path) -> None:
    """It costs a walk of the whole project."""
    with left_as_found(tmp_path, active=False):
        make_marks(tmp_path)

    assert "build/lib/a.py" in files_below(tmp_path)


def test_copy_has_the_sources_without_what_tools_left(tmp_path: Path) -> None:
    """At the top; deeper down `build` and `dist` are packages like any other, and a wheel without them is broken."""
    sources = {
        "setup.py": "", "pkg/__init__.py": "", "pkg/build/__init__.py": "", "pkg/dist/data.txt": "",
        "pkg/venv/a.py": "",
    }  # fmt: skip
    left = {
        "build/lib/pkg/old.py": "", "dist/old.whl": "", "venv/bin/python": "", ".venv/bin/python": "", ".git/HEAD": "",
        "pkg.egg-info/PKG-INFO": "", "src/pkg.egg-info/PKG-INFO": "", "pkg/__pycache__/a.cpython-312.pyc": "",
        "pkg/old.pyc": "",
    }  # fmt: skip
    write_project(tmp_path / "source", {**sources, **left})

    copy = copy_tree(tmp_path / "source", tmp_path / "copy")

    assert sorted(sources) == [name for name in files_below(copy) if (copy / name).is_file()]


def test_copy_is_still_a_checkout(tmp_path: Path) -> None:
    """Packages that take their version from tags ask git for it."""
    write_project(tmp_path / "tree", {"setup.py": "", ".git/HEAD": "ref: refs/heads/main\n"})

    copy = copy_tree(tmp_path / "tree", tmp_path / "copy")

    assert "ref: refs/heads/main\n" == (copy / ".git" / "HEAD").read_text(encoding="utf-8")
    assert (copy / ".git").is_symlink()


def test_large_files_are_linked_and_not_written_twice(tmp_path: Path) -> None:
    """A model beside the code is no source; a build backend reads it through the link if it is one after all."""
    write_project(tmp_path / "tree", {"setup.py": "small", "model.bin": "x" * LINKED_MIN_BYTES})

    copy = copy_tree(tmp_path / "tree", tmp_path / "copy")

    assert [False, True] == [(copy / name).is_symlink() for name in ("setup.py", "model.bin")]
    assert (tmp_path / "tree" / "model.bin").stat() == (copy / "model.bin").stat()

"""One walk of the application directory: what is in it, what is left out, and where it stops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ml_buildpack.facts import project_files
from ml_buildpack.facts.project_files import ProjectFile, ProjectFiles, find_project_files


def write_files(root: Path, *paths: str) -> None:
    """Write small files, with the directories above them."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")


def paths_of(files: ProjectFiles) -> list[str]:
    """The paths, in their order."""
    return [file.path for file in files.files]


def test_files_have_relative_paths_and_sizes_sorted(tmp_path: Path) -> None:
    """The same directory gives the same value on every machine."""
    write_files(tmp_path, "b.py", "a/z.py", "a.py")
    (tmp_path / "model.joblib").write_bytes(b"12345")

    assert ProjectFiles(
        root=tmp_path,
        files=(
            ProjectFile(path="a.py", size_bytes=1),
            ProjectFile(path="a/z.py", size_bytes=1),
            ProjectFile(path="b.py", size_bytes=1),
            ProjectFile(path="model.joblib", size_bytes=5),
        ),
    ) == find_project_files(tmp_path)


def test_an_empty_directory_has_no_files(tmp_path: Path) -> None:
    """Nothing is not an error here: whoever needs a file says so."""
    assert ProjectFiles(root=tmp_path, files=()) == find_project_files(tmp_path)


@pytest.mark.parametrize("name", [".git", ".venv", "venv", "__pycache__", "node_modules", "site-packages"])
def test_what_was_copied_along_by_mistake_is_left_out(tmp_path: Path, name: str) -> None:
    """At the top and further down."""
    write_files(tmp_path, f"{name}/app.py", f"src/{name}/deep/app.py", "src/app.py")

    assert ["src/app.py"] == paths_of(find_project_files(tmp_path))


def test_a_file_with_the_name_of_a_skipped_directory_is_a_file(tmp_path: Path) -> None:
    """`env` may be a file of settings."""
    write_files(tmp_path, "env")

    assert ["env"] == paths_of(find_project_files(tmp_path))


def test_links_to_files_count_and_links_to_directories_do_not(tmp_path: Path) -> None:
    """A link that points upwards would never end; a dangling one is nothing to read."""
    write_files(tmp_path, "real/app.py")
    (tmp_path / "link.py").symlink_to("real/app.py")
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "gone.py").symlink_to("nowhere")

    assert ["link.py", "real/app.py"] == paths_of(find_project_files(tmp_path))


def test_pipes_are_no_files(tmp_path: Path) -> None:
    """Reading one would wait for ever."""
    os.mkfifo(tmp_path / "pipe.py")

    assert [] == paths_of(find_project_files(tmp_path))


def test_a_walk_stops_at_its_depth_and_says_so(tmp_path: Path) -> None:
    """What lies deeper is a data set's business."""
    deepest = "/".join("abcdefgh")
    write_files(tmp_path, f"{deepest}/in.py", f"{deepest}/i/out.py")

    files = find_project_files(tmp_path)

    assert ([f"{deepest}/in.py"], True) == (paths_of(files), files.truncated)


def test_a_walk_that_saw_everything_says_so(tmp_path: Path) -> None:
    """At the last depth that is looked into, nothing was left out."""
    write_files(tmp_path, "/".join("abcdefgh") + "/in.py")

    assert find_project_files(tmp_path).truncated is False


def test_a_walk_that_is_cut_short_keeps_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million images below `a/` must not hide the requirements file."""
    monkeypatch.setattr(project_files, "WALK_FILES_MAX", 4)
    write_files(tmp_path, *(f"a/data/{number}.png" for number in range(9)), "requirements.txt", "a/app.py")

    files = find_project_files(tmp_path)

    assert {"requirements.txt", "a/app.py"} < set(paths_of(files))
    assert (4, True) == (len(files.files), files.truncated)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_directory_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """Detection must not fail on somebody's private folder."""
    write_files(tmp_path, "private/app.py", "app.py")
    (tmp_path / "private").chmod(0)

    try:
        assert ["app.py"] == paths_of(find_project_files(tmp_path))
    finally:
        (tmp_path / "private").chmod(0o755)


def test_questions_are_answered_from_the_value(tmp_path: Path) -> None:
    """Membership, the top level, names and depths; nobody lists the directory again."""
    write_files(tmp_path, "app.py", "src/deep/main.py")

    files = find_project_files(tmp_path)

    assert "src/deep/main.py" in files
    assert "src/deep" not in files
    assert (ProjectFile(path="app.py", size_bytes=1),) == files.at_top()
    assert [("app.py", 0), ("main.py", 2)] == [(file.name, file.depth) for file in files.files]


def test_contents_are_read_up_to_a_limit(tmp_path: Path) -> None:
    """A model of gigabytes is known by its first bytes."""
    (tmp_path / "model").write_bytes(b"0123456789")

    files = find_project_files(tmp_path)

    assert (b"0123456789", b"0123") == (files.read_bytes("model"), files.read_bytes("model", limit_bytes=4))

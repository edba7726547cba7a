"""The directory of packages: named or found, and never taken for what it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.settings import read_settings
from ml_buildpack.facts.wheelhouse import Wheelhouse, find_wheelhouse
from support.projects import write_project

WHEEL, SDIST = "Flask-3.1-py3-none-any.whl", "some_thing-1.0.tar.gz"


def find(root: Path, files: dict[str, str | bytes], **env: str) -> Wheelhouse | None:
    """The wheelhouse of a project of those files."""
    project = write_project(root, files)
    return find_wheelhouse(project, read_settings(project, env))


@pytest.mark.parametrize("name", ["wheelhouse", "vendor"])
def test_directory_of_distributions_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    """Only what lies directly in it counts, by the names of packages; other files do no harm."""
    files: dict[str, str | bytes] = {
        f"{name}/{WHEEL}": "w", f"{name}/{SDIST}": "s", f"{name}/README": "", f"{name}/deep/x-1-py3-none-any.whl": "",
    }  # fmt: skip

    found = find(tmp_path, files)

    assert found is not None
    assert (name, frozenset({"flask", "some-thing"}), 2, None) == (
        found.path, found.packages, found.files, found.named_by,
    )  # fmt: skip
    assert (str(tmp_path / name), f"{name} (2 files)") == (found.directory, str(found))


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"vendor/lib.js": "", "vendor/data.tar.gz": ""}, id="something else is vendored"),
        pytest.param({"vendor/deep/x-1-py3-none-any.whl": ""}, id="deeper"),
        pytest.param({f"src/vendor/{WHEEL}": ""}, id="not at the top"),
        pytest.param({"vendor": ""}, id="a file"),
    ],
)
def test_other_directories_of_that_name_are_left_alone(tmp_path: Path, files: dict[str, str | bytes]) -> None:
    """Nobody said that they hold packages."""
    assert None is find(tmp_path, files)


def test_named_directory_wins_and_may_lie_outside(tmp_path: Path) -> None:
    """A platform may mount one."""
    outside = tmp_path / "mounted"
    write_project(outside, {WHEEL: ""})

    found = find(tmp_path / "app", {f"vendor/{WHEEL}": ""}, BP_WHEELHOUSE=str(outside))

    assert found is not None
    assert (str(outside), str(outside), "BP_WHEELHOUSE") == (found.path, found.directory, found.named_by)


@pytest.mark.parametrize(
    ("files", "detail"),
    [
        ({"x": ""}, "There is no such directory."),
        ({"wheels/x": ""}, "No wheel or source distribution lies directly in it."),
    ],
)
def test_named_directory_must_hold_packages(tmp_path: Path, files: dict[str, str | bytes], detail: str) -> None:
    """Else the build would go to an index that the user wanted left alone."""
    with pytest.raises(InvalidSettings) as raised:
        find(tmp_path, files, BP_WHEELHOUSE="wheels")

    assert (Mistake(where="BP_WHEELHOUSE", text="wheels", detail=detail),) == raised.value.mistakes


def test_digest_changes_with_the_files(tmp_path: Path) -> None:
    """A file that comes or becomes another makes the lock be resolved again; the directory's place does not."""
    versions: list[dict[str, str | bytes]] = [
        {f"vendor/{WHEEL}": "a"}, {f"vendor/{WHEEL}": "bb"}, {f"vendor/{WHEEL}": "a", f"vendor/{SDIST}": ""},
    ]  # fmt: skip
    digests = {found.sha256 for n, files in enumerate(versions) if (found := find(tmp_path / str(n), files))}
    moved = find(tmp_path / "moved", {f"wheelhouse/{WHEEL}": "a"})

    assert 3 == len(digests)
    assert moved is not None
    assert moved.sha256 in digests

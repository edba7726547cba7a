"""Files with logins: readable by nobody else, and out of the application."""

from __future__ import annotations

import os
from pathlib import Path

from ml_buildpack.apply.secret_files import remove_secret_files, write_secret


def test_secret_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask is; a second one takes the first one's place."""
    before = os.umask(0)
    try:
        write_secret(tmp_path / "file", "a longer text")
        path = write_secret(tmp_path / "file", "text")
    finally:
        os.umask(before)

    assert ("text", 0o600) == (path.read_text(), path.stat().st_mode & 0o777)


def test_only_named_files_are_removed(tmp_path: Path) -> None:
    """A directory of that name is somebody's own business."""
    (tmp_path / "netrc").write_text("")
    (tmp_path / "app.py").write_text("")
    (tmp_path / "pip.conf").mkdir()

    assert ("netrc",) == remove_secret_files(tmp_path, ("netrc", "pip.conf", "absent"))
    assert ["app.py", "pip.conf"] == sorted(path.name for path in tmp_path.iterdir())

"""A file system that is full at once. Only root can make one, and not inside every container."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, *, size: str = "64k") -> Iterator[Path]:
    """A directory with no more room than that, until the end of the block; without one the test is skipped."""
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(place))
    made = subprocess.run(mount, capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("this user cannot mount a file system")
    try:
        yield place
    finally:
        unmount = ("umount", str(place))
        subprocess.run(unmount, check=True)

"""For which Pythons a release has wheels, of the libraries that models name exactly. Data, newest release first. Pure.

Read off the names of the files on PyPI (2026-11). A release that is newer than the first row is taken to have the same
ones.
"""

from __future__ import annotations

from packaging.version import Version

# (from this release on, oldest minor version, newest minor version)
_ROWS: dict[str, tuple[tuple[str, int, int], ...]] = {
    "scikit-learn": (
        ("1.9.1", 11, 15), ("1.8", 11, 14), ("1.7.2", 10, 14), ("1.7", 10, 13), ("1.5.2", 9, 13), ("1.4", 9, 12),
        ("1.3.1", 8, 12),
        ("1.1.3", 8, 11), ("1.1", 8, 10), ("1.0.2", 7, 10), ("1.0", 7, 9), ("0.24", 6, 9), ("0.22", 6, 8),
        ("0.20", 5, 7),
    ),
    "tensorflow": (
        ("2.21", 10, 13), ("2.20", 9, 13), ("2.16", 9, 12), ("2.14", 9, 11), ("2.12", 8, 11), ("2.11.1", 8, 10),
        ("2.8", 7, 10),
    ),
    "catboost": (
        ("1.2.9", 8, 14), ("1.2.8", 8, 13), ("1.2.3", 7, 12), ("1.2", 7, 11), ("1.0.5", 6, 10),
    ),
}  # fmt: skip
_ROWS["tensorflow-cpu"] = _ROWS["tensorflow"]


def pythons_with_wheels(distribution: str, version: str) -> str | None:
    """The specifier of those Pythons, such as `>=3.10,<3.15`; None where every supported Python will do."""
    wanted = Version(version)
    row = next((row for row in _ROWS.get(distribution, ()) if wanted >= Version(row[0])), None)
    if row is None:
        return None
    _, oldest, newest = row
    return f">=3.{oldest},<3.{newest + 1}"

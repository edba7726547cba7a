"""Sizes and numbers in words."""

from __future__ import annotations

_UNITS = ("B", "KB", "MB", "GB", "TB")
_STEP = 1000


def render_bytes(count: int) -> str:
    """For example `286.4 MB`; decimal units, as registries and package indexes show them."""
    size = float(count)
    for unit in _UNITS[:-1]:
        # Rounded first, as it will be shown: never `1000.0 KB`.
        if round(size, 1) < _STEP:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _STEP
    return f"{size:.1f} {_UNITS[-1]}"


def count(number: int, noun: str) -> str:
    """For example `1 package`, `15 packages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

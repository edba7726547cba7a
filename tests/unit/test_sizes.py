"""Sizes in words, as registries and indexes show them."""

from __future__ import annotations

import pytest

from ml_buildpack.sizes import render_bytes


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (286_400_000, "286.4 MB"),
        (999_960, "1.0 MB"),
        (5_300_000_000, "5.3 GB"),
        (12_000_000_000_000_000, "12000.0 TB"),
    ],
)
def test_size_has_the_largest_unit_that_fits(count: int, expected: str) -> None:
    """In decimal units, with the unit of what is shown rather than of what was counted."""
    assert expected == render_bytes(count)

"""The end of support of each Python."""

from __future__ import annotations

from datetime import date

import pytest

from ml_buildpack.plan.python_lifetime import END_OF_LIFE, end_of_life, lifetime_warning


def test_later_versions_end_later() -> None:
    """A typing error in the table would break the order; 2.7 was kept longest."""
    dates = [END_OF_LIFE[f"3.{minor}"] for minor in range(len(END_OF_LIFE) - 1)]

    assert sorted(dates) == dates


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2027, 4, 30), None),
        (date(2027, 5, 1), "Python 3.11 gets its last security fixes in October 2027: plan the move to a newer one."),
        (date(2027, 10, 31), "Python 3.11 gets its last security fixes in October 2027: plan the move to a newer one."),
        (date(2027, 11, 1), "Python 3.11 gets no security fixes since October 2027: move to a newer one."),
    ],
)
def test_warning_comes_half_a_year_before_the_end(today: date, expected: str | None) -> None:
    """And stays."""
    assert expected == lifetime_warning("3.11.9", today)


def test_versions_that_nobody_knows_do_not_end() -> None:
    """A Python of the future is newer than this table."""
    assert (None, None) == (end_of_life("3.40.1"), lifetime_warning("3.40.1", date(2040, 1, 1)))

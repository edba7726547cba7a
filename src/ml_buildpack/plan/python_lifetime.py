"""How long each minor version of CPython gets security fixes. Data.

Source: https://devguide.python.org/versions/, and the release schedule PEP of each version; where that names a month
only, its last day stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

END_OF_LIFE: Mapping[str, date] = {
    "2.7": date(2020, 1, 1),
    "3.0": date(2009, 6, 27),
    "3.1": date(2012, 4, 9),
    "3.2": date(2016, 2, 20),
    "3.3": date(2017, 9, 29),
    "3.4": date(2019, 3, 18),
    "3.5": date(2020, 9, 30),
    "3.6": date(2021, 12, 23),
    "3.7": date(2023, 6, 27),
    "3.8": date(2024, 10, 7),
    "3.9": date(2025, 10, 31),
    "3.10": date(2026, 10, 31),
    "3.11": date(2027, 10, 31),
    "3.12": date(2028, 10, 31),
    "3.13": date(2029, 10, 31),
    "3.14": date(2030, 10, 31),
    "3.15": date(2031, 10, 31),
}
# Long enough to move a model to another Python, short enough not to be noise for years.
WARN_BEFORE = timedelta(days=183)


def end_of_life(version: str) -> date | None:
    """The last day with fixes for a release, by its minor version; None for one that the table does not know."""
    return END_OF_LIFE.get(".".join(version.split(".")[:2]))


def lifetime_warning(version: str, today: date) -> str | None:
    """What a user of that release should know about its end; None while that is far."""
    end = end_of_life(version)
    if end is None or today + WARN_BEFORE < end:
        return None
    minor = ".".join(version.split(".")[:2])
    if today <= end:
        return f"Python {minor} gets its last security fixes in {end:%B %Y}: plan the move to a newer one."
    return f"Python {minor} gets no security fixes since {end:%B %Y}: move to a newer one."

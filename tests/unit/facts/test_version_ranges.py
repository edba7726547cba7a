"""Alternatives of ranges as one specifier, or the knowledge that there is none."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from ml_buildpack.facts.version_ranges import join_alternatives

RELEASES = (
    "0", "0.9", "1", "1.2", "1.2.3", "1.3", "1.5", "1.5.1", "1.9", "1.10", "2", "2.0.1", "2.7.5", "3", "3.0.1", "3.4",
    "10",
)  # fmt: skip


@pytest.mark.parametrize(
    ("alternatives", "joined"),
    [
        pytest.param((">=1,<2",), ">=1,<2", id="one"),
        pytest.param((">=1,<2", ">=1,<2"), ">=1,<2", id="the same twice"),
        pytest.param((">=1,<2", ">=2,<3"), ">=1,<3", id="side by side"),
        pytest.param((">=1,<3", ">=2,<4"), ">=1,<4", id="overlapping"),
        pytest.param((">=1,<2", ">=3"), ">=1,!=2.*", id="a series between them"),
        pytest.param((">=1.2.3,<2.0.0", ">=3.0.0,<4.0.0"), ">=1.2.3,<4,!=2.*", id="a series between carets"),
        pytest.param((">=1,<1.5", ">=1.7,<2"), ">=1,<2,!=1.5.*,!=1.6.*", id="two series between them"),
        pytest.param((">=1,<2", ">=3.2"), ">=1,!=2.*,!=3.0.*,!=3.1.*", id="a gap that ends inside a series"),
        pytest.param(("<1.5", ">1.5"), "!=1.5", id="all but one"),
        pytest.param(("==1.2.*", "==1.3.*"), ">=1.2,<1.4", id="two series"),
        pytest.param(("~=1.2", ">=2"), ">=1.2", id="compatible release"),
        pytest.param(("<2", ">=2"), "", id="everything"),
        pytest.param(("", ">=2"), "", id="one of them is everything"),
        pytest.param(("<=1.5", "==1.5"), "<=1.5", id="a bound that is in it"),
    ],
)
def test_joined(alternatives: tuple[str, ...], joined: str) -> None:
    """The specifier allows a release exactly where one of the alternatives does."""
    assert joined == join_alternatives(alternatives)
    assert [any(release in SpecifierSet(one) for one in alternatives) for release in RELEASES] == [
        release in SpecifierSet(joined) for release in RELEASES
    ]


@pytest.mark.parametrize(
    "alternatives",
    [
        pytest.param(("==1.0", "==1.1"), id="two releases"),
        pytest.param((">=2.7,<2.8", ">=3.4"), id="an endless gap"),
        pytest.param(("<=1.5", ">=1.6"), id="a gap behind a release"),
        pytest.param(("!=1.5", ">=3"), id="an exclusion inside"),
        pytest.param((">=1.0rc1,<2", ">=3"), id="a pre-release as a bound"),
        pytest.param((">=1!1.0", ">=3"), id="an epoch"),
        pytest.param((">=2,<1", ">=3,<2"), id="nothing at all"),
    ],
)
def test_not_expressible(alternatives: tuple[str, ...]) -> None:
    """Better none than one that allows other releases."""
    assert join_alternatives(alternatives) is None

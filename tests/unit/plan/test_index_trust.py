"""Which indexes are asked in which order, and when a package may come from the first one alone."""

from __future__ import annotations

import pytest

from ml_buildpack.plan.index_trust import needs_first_index, open_last

PYPI, TEST_PYPI = "https://pypi.org/simple", "https://test.pypi.org/simple/"
TORCH = "https://download.pytorch.org/whl/cpu"
OWN, OTHER = "https://u:p@pypi.corp.test/simple", "http://other.corp.test:8080/simple"


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ([OWN, PYPI], [0, 1]),
        ([PYPI, OWN], [1, 0]),
        ([PYPI, TORCH, OWN, TEST_PYPI, OTHER], [1, 2, 4, 0, 3]),
        ([], []),
    ],
)
def test_open_indexes_are_asked_last(urls: list[str], expected: list[int]) -> None:
    """Whatever the user called the default one; else the order is the user's."""
    assert expected == open_last(urls)


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        pytest.param([], False, id="PyPI alone"),
        pytest.param([OWN], False, id="one mirror"),
        pytest.param([TORCH, PYPI], False, id="a maker's index and PyPI"),
        pytest.param([TORCH, OWN], False, id="a maker's index and a mirror"),
        pytest.param([OWN, PYPI], True, id="one's own and PyPI"),
        pytest.param([OWN, OTHER], True, id="two of one's own, one of which may be a mirror of PyPI"),
        pytest.param([OWN, TORCH, PYPI], True, id="all of them"),
    ],
)
def test_somebodys_own_index_beside_another_needs_the_first_index(urls: list[str], *, expected: bool) -> None:
    """There a name may be private on one index and free for everybody on the other."""
    assert expected == needs_first_index(urls)

"""Problems are collected, and said together."""

from __future__ import annotations

import pytest

from ml_buildpack.errors import NoRequirementsFound, PlatformContractBroken, UnsafeEnvironment
from ml_buildpack.problems import Problems, SeveralProblems


def _unsafe() -> int:
    raise UnsafeEnvironment(names=("PIP_TARGET",))


def _missing() -> int:
    raise NoRequirementsFound(present=("app.py",))


def test_answers_pass_and_nothing_is_raised() -> None:
    """The usual case costs nothing."""
    problems = Problems()

    assert 3 == problems.attempt(lambda: 3)
    problems.raise_if_any()
    assert [] == problems.errors


def test_one_problem_is_raised_as_itself() -> None:
    """So that whoever catches it sees its own type."""
    problems = Problems()
    assert problems.attempt(_unsafe) is None

    with pytest.raises(UnsafeEnvironment) as raised:
        problems.raise_if_any()

    assert ("PIP_TARGET",) == raised.value.names


def test_several_problems_are_raised_together_in_their_order() -> None:
    """The user repairs all of them before the next build."""
    problems = Problems()
    problems.attempt(_unsafe)
    problems.attempt(_missing)

    with pytest.raises(SeveralProblems) as raised:
        problems.raise_if_any()

    assert ["ML-ENV-002", "ML-REQ-001"] == [error.id for error in raised.value.errors]


def test_bug_is_not_collected() -> None:
    """Only what has a text of its own is a problem of the project; the rest is a bug and ends the build at once."""
    problems = Problems()

    with pytest.raises(ZeroDivisionError):
        problems.attempt(lambda: 1 // 0)


def test_error_tells_its_fields_in_logs() -> None:
    """Users read error_text; a test that fails shows this."""
    assert "ML-ENV-003 PlatformContractBroken(missing='CNB_LAYERS_DIR')" == str(
        PlatformContractBroken(missing="CNB_LAYERS_DIR")
    )

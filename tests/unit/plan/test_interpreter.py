"""Which Python an application runs on, among those that are there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin, PythonPlan, choose_interpreter
from ml_buildpack.plan.python_wish import PythonWish
from support.build_values import PYTHON_3_12

UPSTREAM = replace(PYTHON_3_12, version="3.13.1", origin=InterpreterOrigin.UPSTREAM)
PACKAGED = replace(PYTHON_3_12, version="3.11.9", origin=InterpreterOrigin.PACKAGED)
FOUND = (UPSTREAM, PYTHON_3_12, PACKAGED)


def wish_of(*specs: str) -> PythonWish:
    """A wish for that."""
    return PythonWish(
        requests=tuple(
            PythonRequest(spec=spec, origin=".python-version", line=1, text=spec.strip("=.*")) for spec in specs
        )
    )


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        pytest.param((), UPSTREAM, id="nothing asked for"),
        pytest.param(("==3.12.*",), PYTHON_3_12, id="a minor version"),
        pytest.param((">=3.11", "<3.12"), PACKAGED, id="all requests together"),
        pytest.param(("==3.11.9",), PACKAGED, id="a release"),
        pytest.param(("==3.10.*",), None, id="none of them"),
    ],
)
def test_first_that_satisfies_all_requests_is_chosen(specs: tuple[str, ...], expected: Interpreter | None) -> None:
    """They are in order of preference."""
    assert expected == choose_interpreter(FOUND, wish_of(*specs))


def test_release_candidate_satisfies_its_minor_version() -> None:
    """Whoever put it there wants it used."""
    candidate = replace(PYTHON_3_12, version="3.15.0rc1")

    assert candidate == choose_interpreter([candidate], wish_of("==3.15.*"))


def test_log_says_the_version_where_it_comes_from_and_who_asked() -> None:
    """As it stands in the log, and as paths in the image have it."""
    asked = PythonPlan(interpreter=PYTHON_3_12, wish=wish_of("==3.12.*"))
    unasked = PythonPlan(interpreter=PYTHON_3_12, wish=wish_of())

    assert (
        "Python 3.12.4 (the run image's own): .python-version asks for 3.12",
        "Python 3.12.4 (the run image's own)",
        "3.12",
    ) == (str(asked), str(unasked), PYTHON_3_12.minor)

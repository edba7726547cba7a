"""Which Python an application runs on, among those that are there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.build_values import PYTHON_3_12

from ml_buildpack.errors import Mistake, PythonNotAvailable
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin, choose_interpreter

UPSTREAM = replace(PYTHON_3_12, version="3.13.1", origin=InterpreterOrigin.UPSTREAM)
PACKAGED = replace(PYTHON_3_12, version="3.11.9", origin=InterpreterOrigin.PACKAGED)
FOUND = (UPSTREAM, PYTHON_3_12, PACKAGED)


def asks(spec: str) -> PythonRequest:
    """A request for that."""
    return PythonRequest(spec=spec, origin=".python-version", line=1, text=spec.strip("=.*"))


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        pytest.param((), UPSTREAM, id="nothing asked for"),
        pytest.param(("==3.12.*",), PYTHON_3_12, id="a minor version"),
        pytest.param((">=3.11", "<3.12"), PACKAGED, id="all requests together"),
        pytest.param(("==3.11.9",), PACKAGED, id="a release"),
    ],
)
def test_first_that_satisfies_all_requests_is_chosen(specs: tuple[str, ...], expected: Interpreter) -> None:
    """They are in order of preference."""
    assert expected == choose_interpreter(FOUND, [asks(spec) for spec in specs])


def test_release_candidate_satisfies_its_minor_version() -> None:
    """Whoever put it there wants it used."""
    candidate = replace(PYTHON_3_12, version="3.15.0rc1")

    assert candidate == choose_interpreter([candidate], [asks("==3.15.*")])


@pytest.mark.parametrize(("found", "available"), [(FOUND, "3.13.1, 3.12.4, 3.11.9"), ((), None)])
def test_refusal_names_who_asked_and_what_there_is(found: tuple[Interpreter, ...], available: str | None) -> None:
    """The user edits that line, or chooses one of these."""
    with pytest.raises(PythonNotAvailable) as raised:
        choose_interpreter(found, [asks("==3.9.*")])

    mistake = Mistake(where=".python-version", line=1, text="3.9", detail="asks for Python ==3.9.*")
    assert ((mistake,), available) == (raised.value.requests, raised.value.available)


def test_log_says_the_version_and_where_it_comes_from() -> None:
    """As it stands in the log, and as paths in the image have it."""
    assert ("Python 3.12.4 (the run image's own)", "3.12") == (str(PYTHON_3_12), PYTHON_3_12.minor)

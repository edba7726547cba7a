"""What all requests for a Python ask for together: who wins, what contradicts, and how it is said."""

from __future__ import annotations

from datetime import date

import pytest

from ml_buildpack.errors import Mistake, PythonRequestsConflict
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.plan.python_wish import PythonWish, ended_versions, weigh_requests

TODAY = date(2026, 1, 15)


def request(
    spec: str, origin: str = "a", text: str = "", *, line: int | None = 1, setting: bool = False
) -> PythonRequest:
    """A request from that place."""
    return PythonRequest(spec=spec, origin=origin, line=line, text=text or spec, from_setting=setting)


def wish_of(*specs: str) -> PythonWish:
    """The wish of files that ask for that."""
    return weigh_requests(request(spec, f"file-{number}") for number, spec in enumerate(specs))


def test_all_files_decide_together() -> None:
    """Each is satisfied, and the log names them in order, in the users' own words."""
    wish = weigh_requests(
        [
            request("==3.13.*", ".python-version", "3.13"),
            request("==3.13.2", "runtime.txt", "python-3.13.2"),
            request(">=3.11", "pyproject.toml", "^3.11"),
        ]
    )

    assert ".python-version asks for 3.13, runtime.txt for 3.13.2, pyproject.toml for ^3.11" == str(wish)
    assert [True, False, False] == [wish.allows(version) for version in ("3.13.2", "3.13.3", "3.12.1")]


def test_setting_wins_and_files_that_disagree_are_known() -> None:
    """They are noted, those that agree are not."""
    setting = request("==3.12.*", "BP_PYTHON_VERSION", line=None, setting=True)
    disagrees, agrees = request("==3.13.*", ".python-version"), request(">=3.11", "pyproject.toml")

    wish = weigh_requests([disagrees, setting, agrees])

    assert PythonWish(requests=(setting,), overruled=(disagrees, agrees)) == wish
    assert (disagrees,) == wish.disregarded("3.12.4")


def test_the_same_request_counts_once() -> None:
    """Several readers read pyproject.toml."""
    first, again = request(">=3.11", "pyproject.toml", line=3), request(">=3.11", "pyproject.toml", line=None)

    assert (first,) == weigh_requests([first, again]).requests


@pytest.mark.parametrize(
    "specs",
    [
        pytest.param(("==3.13.*", "<3.13"), id="a minor version outside a range"),
        pytest.param(("==3.12.4", "==3.12.5"), id="two releases"),
        pytest.param((">=3.12", "==3.13.1", "!=3.13.1"), id="three that exclude each other only together"),
        pytest.param((">3.12.4", "<3.12.5"), id="nothing in between"),
        pytest.param((">=3.12,<3.11",), id="one with nothing in its range"),
    ],
)
def test_contradiction_names_every_request(specs: tuple[str, ...]) -> None:
    """Nobody but the user knows which of them is wrong."""
    with pytest.raises(PythonRequestsConflict) as raised:
        wish_of(*specs)

    assert (
        tuple(
            Mistake(where=f"file-{number}", line=1, text=spec, detail=f"asks for Python {spec}")
            for number, spec in enumerate(specs)
        )
        == raised.value.requests
    )


@pytest.mark.parametrize(
    "specs",
    [
        pytest.param((), id="nothing"),
        pytest.param(("==2.7.*",), id="an old one"),
        pytest.param(("==3.14.0rc1",), id="a pre-release"),
        pytest.param(("==4.*",), id="one that may come"),
        pytest.param((">3.12.4", "<3.12.6"), id="one release in between"),
        pytest.param((">=2.7,!=3.0.*,!=3.1.*", "<3.3"), id="exclusions"),
        pytest.param(("~=3.11", "<3.12"), id="a compatible release"),
        pytest.param(("===3.12.4",), id="a version as text"),
    ],
)
def test_what_some_release_satisfies_is_no_contradiction(specs: tuple[str, ...]) -> None:
    """Whether it can be had is another question."""
    assert len(specs) == len(wish_of(*specs).requests)


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        pytest.param(("==3.8.*",), ("3.8",), id="one that has ended"),
        pytest.param(("==3.7.9",), ("3.7",), id="a release of it"),
        pytest.param((">=3.7", "<3.10"), ("3.9", "3.8", "3.7"), id="several that have ended"),
        pytest.param((">=3.8",), (), id="newer ones too"),
        pytest.param(("==3.12.*",), (), id="one that is supported"),
        pytest.param(("==3.30.*",), (), id="one that nobody knows"),
    ],
)
def test_versions_that_have_ended(specs: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Only where nothing else would do."""
    assert expected == ended_versions(wish_of(*specs), TODAY)

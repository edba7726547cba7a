"""Variables that would redirect an installation."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.unsafe_environment import UNSAFE_VARIABLES, find_unsafe_variables


@pytest.mark.parametrize("name", UNSAFE_VARIABLES)
def test_each_listed_variable_is_found(name: str) -> None:
    """Every one of them has a reason, and counts by itself."""
    assert (name,) == find_unsafe_variables({name: "/elsewhere", "PATH": "/bin"})


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        pytest.param({}, (), id="nothing set"),
        pytest.param({"VIRTUAL_ENV": "/v", "PIP_TARGET": "/t"}, ("PIP_TARGET", "VIRTUAL_ENV"), id="several, sorted"),
        pytest.param({"PIP_TARGET": " "}, (), id="empty is absent"),
        pytest.param({"PIP_USER": "false", "UV_SYSTEM_PYTHON": "0"}, (), id="a switch that is off"),
        pytest.param({"PIP_USER": "1"}, ("PIP_USER",), id="a switch that is on"),
        pytest.param({"PIP_TARGET": "0"}, ("PIP_TARGET",), id="a directory whose name looks like a switch"),
        pytest.param(
            {"PIP_INDEX_URL": "https://h", "UV_DEFAULT_INDEX": "https://h", "PIP_CONSTRAINT": "c", "PYTHONPATH": "src"},
            (),
            id="where files come from is the user's business",
        ),
    ],
)
def test_what_is_unsafe(env: dict[str, str], expected: tuple[str, ...]) -> None:
    """Only what redirects, and only where it is set to something."""
    assert expected == find_unsafe_variables(env)

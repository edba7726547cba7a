"""Arguments, as our launch.toml and the platforms that append to it give them."""

from __future__ import annotations

import pytest

from model_server.boot import CannotStart
from model_server.command_line import Interface, LaunchRequest, ModelsRequest, parse_arguments

OURS = ["web", "--interface", "wsgi", "--app", "main:app"]
USAGE = (
    "(usage: python -m model_server --interface {wsgi,asgi,aiohttp} --app MODULE:ATTRIBUTE [--app-dir DIRECTORY] "
    "[--factory] {web,models})"
)


def test_what_is_not_ours_goes_to_the_server_in_order() -> None:
    """Options with values apart, joined and short: all as the server would have had them."""
    extra = ["--workers", "2", "--threads=3", "-w", "4", "--preload"]

    assert LaunchRequest(
        interface=Interface.WSGI, app="main:app", factory=False, app_dir="", server_args=tuple(extra)
    ) == parse_arguments([*OURS, *extra])


def test_models_take_the_servers_options_alone() -> None:
    """What is served stands in the manifest."""
    assert ModelsRequest(server_args=("--workers", "2")) == parse_arguments(["models", "--workers", "2"])


def test_the_last_option_wins() -> None:
    """Platforms before API 0.10 append the user's arguments to ours."""
    appended = ["--app", "shop.api:make", "--factory", "--interface=asgi", "--app-dir", "a", "--app-dir", "src"]

    assert LaunchRequest(
        interface=Interface.ASGI, app="shop.api:make", factory=True, app_dir="src", server_args=()
    ) == parse_arguments([*OURS, *appended])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        pytest.param(
            [], f"the following arguments are required: process, --interface, --app {USAGE}", id="replaced by nothing"
        ),
        pytest.param(
            ["shell", *OURS[1:]],
            f"argument process: invalid choice: 'shell' (choose from 'web', 'models') {USAGE}",
            id="unknown process",
        ),
        pytest.param([*OURS, "--app", "main"], "--app must be module:attribute, and it is 'main'", id="no attribute"),
        pytest.param(
            [*OURS, "--app", "main:app()"], "--app must be module:attribute, and it is 'main:app()'", id="a call"
        ),
        pytest.param([*OURS, "--app", "a b:c"], "--app must be module:attribute, and it is 'a b:c'", id="a space"),
    ],
)
def test_arguments_that_mean_nothing(argv: list[str], said: str) -> None:
    """One sentence, for the exit code 3 of a container that can never start."""
    with pytest.raises(CannotStart) as raised:
        parse_arguments(argv)

    # Python 3.12 writes the choices without quotes.
    assert (said.replace("'", ""),) == tuple(problem.replace("'", "") for problem in raised.value.problems)

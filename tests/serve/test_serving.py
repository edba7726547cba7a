"""The web process answers, under every interface and every way to say what the app is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from support.running_server import Answer, RunningServer, until

if TYPE_CHECKING:
    from serve.conftest import AppKind, Serve


def test_an_app_answers_predictions_on_the_given_port(shared: RunningServer) -> None:
    """PORT is where the platform sends requests, so it is where they are answered."""
    answer = shared.ask("/predict", [1, 2, 3])

    assert Answer(status=200, body="6") == Answer(status=answer.status, body=answer.body.strip())


def test_a_factory_makes_the_app_and_the_last_option_wins(serve: Serve, kind: AppKind) -> None:
    """Old platforms append the user's arguments to ours, so a later --app must replace the first."""
    server = serve(kind, ("--app", "main:create_app", "--factory"))

    assert "6" == server.ask("/predict", [1, 2, 3]).body.strip()


def test_modules_below_src_are_found(serve: Serve, kind: AppKind) -> None:
    """A src layout needs no installation of the project."""
    files = {"main.py": "", "src/shop/__init__.py": "", "src/shop/api.py": kind.source}

    server = serve(kind, ("--app", "shop.api:app", "--app-dir", "src"), files=files)

    assert "6" == server.ask("/predict", [1, 2, 3]).body.strip()


def test_nothing_is_written_into_the_app_or_home(serve: Serve, kind: AppKind) -> None:
    """Images run with a read-only root and as a uid without a home."""
    server = serve(kind, env={"HOME": "/nonexistent"})
    server.ask("/predict", [1, 2, 3])

    assert 0 == server.terminate()
    assert ["main.py"] == [str(path.relative_to(server.app_dir)) for path in server.app_dir.rglob("*")]
    assert not Path("/nonexistent").exists()


def test_web_concurrency_is_the_number_of_workers(serve: Serve, kind: AppKind) -> None:
    """The size that exec.d chose, or the user, is what runs."""
    server = serve(kind, env={"WEB_CONCURRENCY": "2"})
    seen: set[str] = set()

    def has_seen_both() -> bool:
        seen.add(server.ask("/pid").body)
        return len(seen) > 1

    until(has_seen_both, "a second worker")
    for _ in range(20):
        seen.add(server.ask("/pid").body)

    assert 2 == len(seen)
    assert str(server.process.pid) not in seen


def test_the_first_process_becomes_the_server(shared: RunningServer, kind: AppKind) -> None:
    """No wrapper stands between PID 1's signals and the server."""
    logger = kind.access_logger.replace("access", "error")
    first_lines = [line for line in shared.stderr().splitlines() if "Starting gunicorn" in line or "Started" in line]

    assert [f"{logger} [{shared.process.pid}]"] == [" ".join(line.split(" ")[2:4]) for line in first_lines]


def test_an_error_in_a_request_is_a_500_and_the_server_goes_on(shared: RunningServer) -> None:
    """One bad request must not cost the next one."""
    assert 500 == shared.ask("/broken").status
    assert 200 == shared.ask("/predict", [1]).status
    until(lambda: "RuntimeError: on purpose\n" in shared.stderr(), "the traceback")


def test_uvicorns_own_variables_win(serve: Serve, asgi: AppKind) -> None:
    """Who sets a server's own variable means that server."""
    server = serve(asgi, env={"PORT": "1"}, listens_on="UVICORN_PORT")

    assert "6" == server.ask("/predict", [1, 2, 3]).body


def test_uvicorns_own_options_win(serve: Serve, asgi: AppKind) -> None:
    """What is not ours on the command line is the server's."""
    server = serve(asgi, ("--workers", "2", "--no-access-log"), env={"WEB_CONCURRENCY": "1"})
    server.ask("/pid")

    assert 0 == server.terminate()
    assert "" == server.stdout()
    assert 2 == server.stderr().count("Started server process")

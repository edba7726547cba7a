"""A server that can never start ends the container with exit code 3, and says why."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from support.running_server import RunningServer, started

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from pathlib import Path

    from serve.conftest import AppKind, Serve

UNIMPORTABLE = "import does_not_exist\napp = None\n"
LEAVING = 'import sys\nsys.exit("MODEL_PATH is not set")\n'
BROKEN_FACTORY = 'def app():\n    raise ValueError("no model")\n'
BROKEN_LIFESPAN = """
from contextlib import asynccontextmanager
from fastapi import FastAPI

@asynccontextmanager
async def lifespan(app):
    raise ValueError("no model")
    yield

app = FastAPI(lifespan=lifespan)
"""


@pytest.mark.parametrize(
    ("workers", "source", "args", "last_line"),
    [
        pytest.param("1", UNIMPORTABLE, (), "ModuleNotFoundError: No module named 'does_not_exist'", id="import"),
        pytest.param("3", LEAVING, (), "SystemExit: MODEL_PATH is not set", id="sys.exit in three workers"),
        pytest.param("2", BROKEN_FACTORY, ("--factory",), "ValueError: no model", id="factory in two workers"),
    ],
)
def test_an_app_that_cannot_be_loaded(
    serve: Serve, kind: AppKind, workers: str, source: str, args: tuple[str, ...], last_line: str
) -> None:
    """Workers that fail would else be started again for ever, and the container would look alive."""
    server = serve(kind, args, {"WEB_CONCURRENCY": workers}, files={"main.py": source}, answers=False)

    assert 3 == server.exit_code(), server.stderr()
    assert first_traceback(server) == first_traceback(server, without_frames_outside=str(server.app_dir))
    assert last_line == first_traceback(server)[-1]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_lifespan_that_fails(serve: Serve, asgi: AppKind, workers: str) -> None:
    """That is where ASGI apps load their model."""
    server = serve(asgi, env={"WEB_CONCURRENCY": workers}, files={"main.py": BROKEN_LIFESPAN}, answers=False)

    assert 3 == server.exit_code()
    assert "ValueError: no model\n" in server.stderr()


def test_a_missing_attribute(serve: Serve, kind: AppKind) -> None:
    """The traceback would have no line of the app, so there is none."""
    server = serve(kind, ("--app", "main:nope"), answers=False)

    assert 3 == server.exit_code()
    assert (
        "The app main:nope cannot be loaded\nAttributeError: module 'main' has no attribute 'nope'" in server.stderr()
    )


def test_json_keeps_a_traceback_on_one_line(serve: Serve, server_kind: AppKind) -> None:
    """LOG_FORMAT=json is for collectors, which read a traceback's lines as unrelated ones."""
    server = serve(server_kind, env={"LOG_FORMAT": "json"}, files={"main.py": UNIMPORTABLE}, answers=False)

    assert 3 == server.exit_code()
    lines = [json.loads(line) for line in server.stderr().splitlines()]
    (failure,) = (line for line in lines if line["level"] == "critical")
    del failure["time"], failure["pid"]
    assert {
        "level": "critical",
        "logger": server_kind.access_logger.replace("access", "error"),
        "message": "The app main:app cannot be loaded",
        "exception": "Traceback (most recent call last):\n"
        f'  File "{server.app_dir}/main.py", line 1, in <module>\n'
        "    import does_not_exist\n"
        "ModuleNotFoundError: No module named 'does_not_exist'",
    } == failure


def test_a_worker_that_is_aborted_while_it_loads(serve: Serve, wsgi: AppKind) -> None:
    """Workers that load for too long are aborted by gunicorn, and the next one would hang in the same place."""
    hanging = "import os, signal\nos.kill(os.getpid(), signal.SIGABRT)\n"
    server = serve(wsgi, files={"main.py": hanging}, answers=False)

    assert 3 == server.exit_code()
    assert "line 2, in <module>" in first_traceback(server)[1]


def test_a_worker_class_that_leaves_with_another_code(serve: Serve, wsgi: AppKind) -> None:
    """Whatever a worker ends with before it serves, it would end with again."""
    conf = "import sys\ndef post_fork(server, worker):\n    sys.exit(7)\n"
    server = serve(wsgi, files={"gunicorn.conf.py": conf}, answers=False)

    assert 3 == server.exit_code()
    assert "A worker ended before it could serve: exit code 7\n" in server.stderr()


@pytest.mark.parametrize(
    ("args", "env", "said"),
    [
        pytest.param(
            (), {"PORT": "http"}, "PORT must be a whole number from 1 to 65535, and it is 'http'\n", id="port"
        ),
        pytest.param(
            (),
            {"PORT": "70000", "WEB_CONCURRENCY": "auto"},
            "PORT must be a whole number from 1 to 65535, and it is '70000'\n"
            "model_server: WEB_CONCURRENCY must be a whole number from 1 to 1024, and it is 'auto'\n",
            id="everything at once",
        ),
        pytest.param(("--app", "main"), {}, "--app must be module:attribute, and it is 'main'\n", id="app"),
    ],
)
def test_settings_that_cannot_be_right(
    serve: Serve, server_kind: AppKind, args: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    """One clear line each, and no traceback."""
    server = serve(server_kind, args, env, answers=False)

    assert (3, f"model_server: {said}") == (server.exit_code(), server.stderr())


@pytest.mark.parametrize(("interface", "module"), [("wsgi", "gunicorn"), ("asgi", "uvicorn")])
def test_a_server_that_is_not_installed_is_named(tmp_path: Path, interface: str, module: str) -> None:
    """An image whose user removed the server says which one to add."""
    app_dir = tmp_path / "app"
    app_dir.mkdir()
    args = ("web", "--interface", interface, "--app", "main:app")
    bare = (sys.executable, "-S")

    with started(app_dir, args, interpreter=bare) as server:
        exit_code, said = server.exit_code(), server.stderr()

    assert 3 == exit_code
    assert (
        f"model_server: {module} is not installed in this image, and the {interface} app main:app needs it: "
        f"add {module} to the project's requirements and build the image again\n"
    ) == said


def first_traceback(server: RunningServer, *, without_frames_outside: str = "") -> list[str]:
    """The lines from the first `Traceback` to the exception, less the frames of files that are elsewhere."""
    lines = server.stderr().splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("Traceback"))
    end = next(number for number in range(begin + 1, len(lines)) if not lines[number].startswith(" "))
    frames = lines[begin : end + 1]
    return [line for line in frames if not line.startswith("  File ") or without_frames_outside in line]

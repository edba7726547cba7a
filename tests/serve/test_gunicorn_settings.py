"""gunicorn's settings, as gunicorn itself prints them: our defaults, and everything that wins over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from serve.conftest import AppKind, Serve

DEFAULTS = {
    "bind": "['0.0.0.0:9999']",
    "workers": "1",
    "threads": "4",
    # The setting; more than one thread makes the threaded worker of it.
    "worker_class": "sync",
    "timeout": "120",
    "graceful_timeout": "25",
    "keepalive": "75",
    "worker_tmp_dir": "/dev/shm",  # noqa: S108 (the value)
    "control_socket_disable": "True",
    "accesslog": "-",
    "errorlog": "-",
    "loglevel": "info",
    "reload": "False",
    "preload_app": "False",
    "forwarded_allow_ips": "['127.0.0.1', '::1']",
}


@pytest.mark.parametrize(
    ("args", "env", "conf", "changed"),
    [
        pytest.param((), {}, "", {}, id="defaults"),
        pytest.param(
            (),
            {"WEB_CONCURRENCY": "3", "MODEL_SERVER_THREADS": "1", "LOG_LEVEL": "WARN"},
            "",
            {"workers": "3", "threads": "1", "loglevel": "warning"},
            id="our variables",
        ),
        pytest.param(
            (),
            {"WEB_CONCURRENCY": "3"},
            "import os\nworkers = 5\nenvironment = 'production'\nkeepalive = 7\n",
            {"workers": "5", "keepalive": "7"},
            id="gunicorn.conf.py wins over us",
        ),
        pytest.param(
            (),
            {"GUNICORN_CMD_ARGS": "--workers 6 --bind 127.0.0.1:7777"},
            "workers = 5\nkeepalive = 7\n",
            {"workers": "6", "bind": "['127.0.0.1:7777']", "keepalive": "7"},
            id="GUNICORN_CMD_ARGS wins over gunicorn.conf.py",
        ),
        pytest.param(
            ("--workers", "8"),
            {"GUNICORN_CMD_ARGS": "--workers 6 --timeout 9"},
            "",
            {"workers": "8", "timeout": "9"},
            id="the command line wins over GUNICORN_CMD_ARGS",
        ),
        pytest.param(
            ("-c", "other.py"),
            {},
            "workers = 5\n",
            {"workers": "4", "keepalive": "11"},
            id="a named configuration takes the place of gunicorn.conf.py",
        ),
        pytest.param(
            (),
            {"GUNICORN_CMD_ARGS": "--config file:other.py"},
            "workers = 5\n",
            {"workers": "4", "keepalive": "11"},
            id="also when GUNICORN_CMD_ARGS names it",
        ),
    ],
)
def test_what_gunicorn_runs_with(
    serve: Serve,
    wsgi: AppKind,
    args: tuple[str, ...],
    env: Mapping[str, str],
    conf: str,
    changed: Mapping[str, str],
) -> None:
    """Each source of settings wins over the one before it, and what it does not name stays."""
    files = {"other.py": "workers = 4\nkeepalive = 11\n", **({"gunicorn.conf.py": conf} if conf else {})}

    server = serve(wsgi, (*args, "--print-config"), {"PORT": "9999", **env}, files=files, answers=False)

    assert 0 == server.exit_code(), server.stderr()
    lines = (line.split(" = ", 1) for line in server.stdout().splitlines() if " = " in line)
    printed = {name.strip(): value for name, value in lines}
    expected = {**DEFAULTS, **changed}
    assert expected == {name: printed.get(name) for name in expected}


def test_hooks_of_the_users_configuration_run(serve: Serve, wsgi: AppKind) -> None:
    """Also the one hook that we need ourselves."""
    conf = "def worker_exit(server, worker):\n    print('their worker_exit', flush=True)\n"
    server = serve(wsgi, files={"gunicorn.conf.py": conf})

    assert 0 == server.terminate()
    assert "their worker_exit\n" in server.stdout()


def test_a_broken_configuration_stops_the_start(serve: Serve, wsgi: AppKind) -> None:
    """Its settings may be what makes the app safe to run, so running without them is no answer."""
    server = serve(wsgi, files={"gunicorn.conf.py": "workers = unknown\n"}, answers=False)

    assert 3 == server.exit_code()
    assert server.stderr().endswith(
        "NameError: name 'unknown' is not defined\n"
        "model_server: gunicorn's configuration gunicorn.conf.py cannot be read\n"
    )

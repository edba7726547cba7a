"""gunicorn's configuration: our defaults, then the user's configuration file over them.

Loaded by gunicorn (`--config python:model_server.gunicorn_conf`), which ignores names that are no setting of its
version; so helper names here must not be those of settings. What wins, from last to first: these defaults, the user's
file (`--config`, else the one in GUNICORN_CMD_ARGS, else `./gunicorn.conf.py`), GUNICORN_CMD_ARGS, the command line.

Not set here: `forwarded_allow_ips`. Behind a proxy, set gunicorn's and uvicorn's FORWARDED_ALLOW_IPS to its addresses.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import sys
import traceback
import types
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from gunicorn.config import KNOWN_SETTINGS  # type: ignore[import-untyped]

from model_server import environment
from model_server.boot import EXIT_CANNOT_START, CannotStart, exit_cannot_start

_SHARED_MEMORY = "/dev/shm"  # noqa: S108


def _user_location() -> str | None:
    """Where the user's configuration is, by gunicorn's own precedence."""
    option = argparse.ArgumentParser(add_help=False)
    option.add_argument("-c", "--config")
    # Ours is the last --config of the command line; the user's is in front of it.
    on_command_line = option.parse_known_args(sys.argv[1:-2])[0].config
    in_variable = option.parse_known_args(shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")))[0].config
    in_directory = "gunicorn.conf.py" if Path("gunicorn.conf.py").exists() else None
    location = on_command_line or in_variable or in_directory
    return str(location) if location else None


def _user_settings(location: str | None) -> dict[str, Any]:
    """The names that the user's file defines. A file that fails ends the start: its settings may be what is safe."""
    if not location:
        return {}
    try:
        if location.startswith("python:"):
            return vars(importlib.import_module(location.removeprefix("python:")))
        loader = SourceFileLoader("__config__", location.removeprefix("file:"))
        module = types.ModuleType(loader.name)
        sys.modules[loader.name] = module
        loader.exec_module(module)
        return vars(module)
    except Exception:  # noqa: BLE001 (it is the user's program)
        traceback.print_exc()
        exit_cannot_start(CannotStart(f"gunicorn's configuration {location} cannot be read"))


_settings = environment.read_settings(os.environ)
_users = _user_settings(_user_location())

bind = f"0.0.0.0:{_settings.port}"
workers = _settings.workers
# More than one thread makes gunicorn choose its threaded worker.
threads = _settings.threads
if os.environ.get(environment.INTERFACE_VARIABLE) == "aiohttp":
    worker_class = "aiohttp.GunicornWebWorker"
pythonpath = os.environ.get(environment.APP_DIR_VARIABLE) or None

timeout = environment.WORKER_SILENCE_S
graceful_timeout = environment.GRACE_S
keepalive = environment.KEEP_ALIVE_S
# Workers touch a file to show that they live; on a disk that alone can block them. There is no disk at all where the
# root file system is read-only.
worker_tmp_dir = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else None
# Newer versions open one below $HOME, which may be read-only, and nobody in a container would talk to it.
control_socket_disable = True

accesslog = "-"
errorlog = "-"
loglevel = environment.log_level(os.environ)
logger_class = "model_server.gunicorn_log.json_logger"


# Holds one byte, which the first worker that cannot boot takes; reading a pipe is atomic across processes.
_verdict_read, _verdict_write = os.pipe()
os.set_blocking(_verdict_read, False)
os.write(_verdict_write, b"3")


def _take_verdict() -> bool:
    try:
        return bool(os.read(_verdict_read, 1))
    except BlockingIOError:
        return False


def worker_exit(arbiter: Any, worker: Any) -> None:  # noqa: ANN401 (gunicorn has no types)
    """Let exactly one worker that could not boot leave with 3, which stops the server.

    A second one makes gunicorn (seen in 20.1 and 27.0) stumble while it stops: a traceback, exit code 1, and no end of
    the other workers. And a worker that leaves with another code, as when it hung until it was aborted, would be
    started again for ever.
    """
    if "worker_exit" in _users:
        _users["worker_exit"](arbiter, worker)
    leaving = sys.exc_info()[1]
    code = leaving.code if isinstance(leaving, SystemExit) else None
    # The arbiter calls this hook too, for a worker that is gone.
    here = worker.pid == os.getpid()
    # A worker that was told to stop (not alive) while it booted leaves with 0, and that is fine.
    told_to_stop = not worker.alive and not code
    if not here or worker.booted or told_to_stop:
        return
    if code not in {EXIT_CANNOT_START, arbiter.APP_LOAD_ERROR}:
        worker.log.error("A worker ended before it could serve: exit code %r", code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CANNOT_START if _take_verdict() else 0)


# Settings alone: a name that the file uses for something else must not become one of this module's.
_theirs = {setting.name for setting in KNOWN_SETTINGS} & _users.keys() - {"worker_exit"}
globals().update({name: _users[name] for name in _theirs})

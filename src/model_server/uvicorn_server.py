"""uvicorn, in this process, by its own command line.

Why not `python -m uvicorn`: seen in versions up to 0.54, it leaves with 143 instead of 0 after a graceful stop where
it is not PID 1; with several workers it leaves with 0 when the app cannot be imported, or starts workers for ever; and
its access log knows neither duration nor length. Our values are click's "default map", which comes after the command
line and the UVICORN_* variables, and in which an older version skips what it does not know.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from model_server import environment
from model_server.asgi_entry import BOOT_FAILED_SIGNAL, SUPERVISOR_VARIABLE
from model_server.boot import EXIT_CANNOT_START, Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def serve(factory: str, server_args: Sequence[str]) -> NoReturn:
    """Serve the app that `module:function` makes, until told to stop.

    Exits with 0 then, and with 3 if a worker can never start.
    """
    os.environ[SUPERVISOR_VARIABLE] = str(os.getpid())
    # uvicorn replaces the first by its own handler, and raises the signal again for ours when all is finished.
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(BOOT_FAILED_SIGNAL, _give_up)
    import_module("uvicorn.main").main(
        [factory, "--factory", *server_args],
        prog_name="uvicorn",
        default_map=default_options(),
    )
    raise SystemExit(0)


def default_options() -> dict[str, str | int]:
    """Values for uvicorn's options, by parameter name. WEB_CONCURRENCY and FORWARDED_ALLOW_IPS it reads itself."""
    return {
        "host": "0.0.0.0",  # noqa: S104 (a container's only door)
        "port": environment.read_settings(os.environ).port,
        "app_dir": os.environ.get(environment.APP_DIR_VARIABLE, ""),
        "log_config": str(Path(__file__).with_name("uvicorn_logging.json")),
        "log_level": environment.log_level(os.environ),
        "timeout_keep_alive": environment.KEEP_ALIVE_S,
        "timeout_graceful_shutdown": environment.GRACE_S,
        "timeout_worker_healthcheck": environment.WORKER_ANSWER_S,
    }


def _stop(_signal_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(0)


def _give_up(signal_number: int, _frame: FrameType | None) -> NoReturn:
    """End all workers, because one can never start. Runs in the supervisor.

    Not by uvicorn's own stop: seen in 0.54, its supervisor waits for a whole health check when a worker ends in the
    moment in which it is asked.
    """
    # Once: the others fail for the same reason.
    signal.signal(signal_number, signal.SIG_IGN)
    for worker in multiprocessing.active_children():
        worker.terminate()
    raise SystemExit(EXIT_CANNOT_START)

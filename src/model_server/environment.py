"""The variables that this package reads, and their defaults. Nothing else in it looks at the user's environment.

Every variable is a default's override, so what is unset or empty means the default. Numbers that cannot be right stop
the start (`CannotStart`); LOG_LEVEL and LOG_FORMAT do not, because apps use these names for things of their own.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model_server.boot import CannotStart

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_PORT = 8080
DEFAULT_THREADS = 4
_HIGHEST_PORT = 65535
MIB = 1024 * 1024

# Kubernetes kills 30 s after SIGTERM: five seconds remain for closing, and for a preStop hook that takes its time.
GRACE_S = 25
# Longer than what load balancers keep idle connections (60 s at AWS and nginx), so it is never the server that closes
# one in the moment in which the balancer sends a request over it: that race is a 502 for somebody.
KEEP_ALIVE_S = 75
# How long a gunicorn worker may give no sign of life. Old versions count the time in which it loads the app, and with
# gunicorn's own 30 s they would kill workers that load a big model.
WORKER_SILENCE_S = 120
# How long a uvicorn worker may leave its supervisor's question unanswered: a thread answers it, but not while an
# import of a big shared library holds Python's lock. The supervisor sees no SIGTERM meanwhile, so no more than this.
WORKER_ANSWER_S = 30

# How `python -m model_server` tells the server's processes what to run. Not settings: set on every start.
APP_VARIABLE = "MODEL_SERVER_APP"
APP_DIR_VARIABLE = "MODEL_SERVER_APP_DIR"
FACTORY_VARIABLE = "MODEL_SERVER_FACTORY"
INTERFACE_VARIABLE = "MODEL_SERVER_INTERFACE"

_LOG_LEVELS = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "fatal": "critical",
    "critical": "critical",
}


class LogFormat(enum.Enum):
    """How log lines look. By default what machines read is JSON and what people read is text."""

    DEFAULT = ""
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True)
class ServerSettings:
    """The environment of a server, checked."""

    port: int
    workers: int
    threads: int
    """Python threads in a worker; only WSGI servers have them."""


@dataclass(frozen=True)
class RequestLimits:
    """What one request to the model server may be, and how many may wait."""

    body_bytes_max: int
    rows_max: int
    queue_max: int
    gathered_rows_max: int
    deadline_s: int


def read_limits(environ: Mapping[str, str]) -> RequestLimits:
    """Raises: CannotStart, with every problem at once."""
    problems: list[str] = []
    limits = RequestLimits(
        body_bytes_max=_number(environ, "MODEL_SERVER_MAX_BODY_BYTES", 64 * MIB, MIB * MIB, problems),
        rows_max=_number(environ, "MODEL_SERVER_MAX_ROWS", 100_000, 1_000_000_000, problems),
        queue_max=_number(environ, "MODEL_SERVER_MAX_QUEUE", 1024, 1_000_000, problems),
        gathered_rows_max=_number(environ, "MODEL_SERVER_MAX_GATHERED_ROWS", 1024, 1_000_000, problems),
        deadline_s=_number(environ, "MODEL_SERVER_TIMEOUT_S", 60, 86_400, problems),
    )
    if problems:
        raise CannotStart(*problems)
    return limits


def read_settings(environ: Mapping[str, str]) -> ServerSettings:
    """Raises: CannotStart, with every problem at once."""
    problems: list[str] = []
    settings = ServerSettings(
        port=_number(environ, "PORT", DEFAULT_PORT, _HIGHEST_PORT, problems),
        workers=_number(environ, "WEB_CONCURRENCY", 1, 1024, problems),
        threads=_number(environ, "MODEL_SERVER_THREADS", DEFAULT_THREADS, 1024, problems),
    )
    if problems:
        raise CannotStart(*problems)
    return settings


def manifest_path(environ: Mapping[str, str]) -> Path:
    """Where the manifest lies. Raises: CannotStart."""
    named = environ.get("MODEL_SERVER_MANIFEST", "").strip()
    if not named:
        raise CannotStart("MODEL_SERVER_MANIFEST is not set: this image was not built with a model")
    return Path(named)


def _number(environ: Mapping[str, str], name: str, default: int, highest: int, problems: list[str]) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    # Not isdigit alone: it holds for superscripts, which int refuses.
    if text.isascii() and text.isdigit() and 1 <= int(text) <= highest:
        return int(text)
    problems.append(f"{name} must be a whole number from 1 to {highest}, and it is {text!r}")
    return default


def log_level(environ: Mapping[str, str]) -> str:
    """The level's name as both servers spell it; `info` for a word that is none."""
    return _LOG_LEVELS.get(environ.get("LOG_LEVEL", "").strip().lower(), "info")


def log_format(environ: Mapping[str, str]) -> LogFormat:
    """`LOG_FORMAT`; the default for a word that is neither format."""
    word = environ.get("LOG_FORMAT", "").strip().lower()
    return LogFormat(word) if word in {"json", "text"} else LogFormat.DEFAULT

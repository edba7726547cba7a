"""How log lines look: the same from every server. Knows `logging` and no server.

Access lines go to stdout, one JSON object each, because collectors read them. Everything else goes to stderr, as text
by default, because a traceback is read by the person whose app does not start; `LOG_FORMAT=json` makes it one JSON
object per line too, with the traceback in `exception`, and `LOG_FORMAT=text` makes both text.
`LOG_LEVEL` holds for both: an access line has the level `info`.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from dataclasses import asdict, dataclass

from model_server.environment import LogFormat, log_format

ACCESS_ATTRIBUTE = "model_server_access"
"""Name of the log record's attribute that holds an `Access`."""

# The first of these that a request has is its `request_id`.
REQUEST_ID_HEADERS = ("x-request-id", "x-correlation-id")


@dataclass(frozen=True)
class Access:
    """One answered request. Text is as the client sent it; encoding it safely is the formatter's work."""

    client: str | None
    """Address of the peer, or of who it forwards for if the server trusts it to say so."""
    method: str
    path: str
    """Still percent-encoded, without the query."""
    query: str
    protocol: str
    status: int
    bytes: int
    """Length of the body that was sent."""
    duration_ms: float
    user_agent: str | None
    request_id: str | None


class AccessFormatter(logging.Formatter):
    """Formats records that carry an `Access`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON, or of text if that is what LOG_FORMAT asks for."""
        access: Access = getattr(record, ACCESS_ATTRIBUTE)
        if log_format(os.environ) is LogFormat.TEXT:
            return f"{_time(record)} {_level(record).upper()} {record.name} {_access_text(access)}"
        # ASCII only: no terminal, collector or encoding can be confused by what a client sends.
        return json.dumps({**_head(record), **asdict(access)})


class CompleteAccess(logging.Filter):
    """Lets records with an `Access` pass: the servers' own access records know neither bytes nor duration."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is one of ours."""
        return hasattr(record, ACCESS_ATTRIBUTE)


class ErrorFormatter(logging.Formatter):
    """Formats everything that is not an access line."""

    def format(self, record: logging.LogRecord) -> str:
        """Text with a readable traceback, or one line of JSON if that is what LOG_FORMAT asks for."""
        if log_format(os.environ) is not LogFormat.JSON:
            head = f"{_time(record)} {_level(record).upper()} {record.name} [{record.process}]"
            lines = [f"{head} {record.getMessage().rstrip()}"]
            return "\n".join([*lines, *self._exception(record).values()])
        fields = {"message": record.getMessage().rstrip(), "pid": record.process, **self._exception(record)}
        return json.dumps({**_head(record), **fields})

    def _exception(self, record: logging.LogRecord) -> dict[str, str]:
        has_exception = record.exc_info and record.exc_info[0]
        return {"exception": self.formatException(record.exc_info)} if has_exception and record.exc_info else {}


def _head(record: logging.LogRecord) -> dict[str, str]:
    return {"time": _time(record), "level": _level(record), "logger": record.name}


def _level(record: logging.LogRecord) -> str:
    return record.levelname.lower()


def _time(record: logging.LogRecord) -> str:
    moment = dt.datetime.fromtimestamp(record.created, dt.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _access_text(access: Access) -> str:
    target = f"{access.path}?{access.query}" if access.query else access.path
    # json.dumps quotes: what clients send must not be able to begin a line of its own.
    request = json.dumps(f"{access.method} {target} {access.protocol}")
    agent = json.dumps(access.user_agent or "-")
    return f"{access.client or '-'} {request} {access.status} {access.bytes} {access.duration_ms}ms {agent}"

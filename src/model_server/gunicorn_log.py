"""gunicorn's loggers with our formats. Imported by gunicorn only, as the setting `logger_class`."""

from __future__ import annotations

import logging
import os
from typing import Any

from gunicorn.config import AccessLogFormat  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.instrument.statsd import Statsd  # type: ignore[import-untyped]

from model_server import environment
from model_server.log_lines import ACCESS_ATTRIBUTE, REQUEST_ID_HEADERS, Access, AccessFormatter, ErrorFormatter


class AtomsFormatter(AccessFormatter):
    """Formats gunicorn's own access records, whose arguments are its "atoms"."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; see `AccessFormatter`."""
        if isinstance(record.args, dict):
            setattr(record, ACCESS_ATTRIBUTE, access_from_atoms(record.args))
        return super().format(record)


class _OurFormats:
    """Mixed into a gunicorn logger: what the user configured stays, and the rest looks like our lines."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 (gunicorn has no types)
        super().setup(cfg)  # type: ignore[misc]
        if cfg.logconfig or cfg.logconfig_dict or getattr(cfg, "logconfig_json", None):
            return
        _set_formatter(self.error_log, ErrorFormatter())  # type: ignore[attr-defined]
        if cfg.access_log_format == AccessLogFormat.default:
            _set_formatter(self.access_log, AtomsFormatter())  # type: ignore[attr-defined]
        # gunicorn would log every request at any level.
        access_level = environment.log_level(os.environ).upper()
        self.access_log.setLevel(access_level)  # type: ignore[attr-defined]


class JsonLogger(_OurFormats, Logger):  # type: ignore[misc]
    """gunicorn's ordinary logger with our formats."""


class JsonStatsd(_OurFormats, Statsd):  # type: ignore[misc]
    """The one that also counts, with our formats."""


def json_logger(cfg: Any) -> Any:  # noqa: ANN401 (gunicorn has no types)
    """The logger for a configuration. gunicorn chooses between the two itself only as long as nobody names a class."""
    return JsonStatsd(cfg) if cfg.statsd_host else JsonLogger(cfg)


def access_from_atoms(atoms: dict[str, Any]) -> Access:
    """What a request was. Source: gunicorn.glogging.Logger.atoms."""

    def text(name: str) -> str | None:
        value = dict.get(atoms, name)
        # gunicorn puts a backslash before every quote; as it does so to every one, this is exactly the inverse.
        return None if value is None else str(value).replace('\\"', '"')

    return Access(
        client=text("h") or None,
        method=text("m") or "",
        path=(text("{raw_uri}e") or "").partition("?")[0],
        query=text("q") or "",
        protocol=text("H") or "",
        status=int(text("s") or 0),
        bytes=int(dict.get(atoms, "B") or 0),
        duration_ms=int(dict.get(atoms, "D") or 0) / 1000,
        user_agent=text("{user-agent}i"),
        request_id=next((value for name in REQUEST_ID_HEADERS if (value := text(f"{{{name}}}i"))), None),
    )


def _set_formatter(logger: logging.Logger, formatter: logging.Formatter) -> None:
    for handler in logger.handlers:
        # Not syslog's handler, whose format is a setting of its own.
        if getattr(handler, "_gunicorn", False) and isinstance(handler, logging.StreamHandler):
            handler.setFormatter(formatter)

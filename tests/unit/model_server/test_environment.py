"""Settings from the environment: defaults, what overrides them, and what cannot be right."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from model_server.boot import CannotStart
from model_server.environment import LogFormat, ServerSettings, log_format, log_level, read_settings


@pytest.mark.parametrize(
    ("environ", "settings"),
    [
        pytest.param({}, ServerSettings(port=8080, workers=1, threads=4), id="defaults"),
        pytest.param(
            {"PORT": "", "WEB_CONCURRENCY": " "}, ServerSettings(port=8080, workers=1, threads=4), id="empty is unset"
        ),
        pytest.param(
            {"PORT": " 5000 ", "WEB_CONCURRENCY": "3", "MODEL_SERVER_THREADS": "1"},
            ServerSettings(port=5000, workers=3, threads=1),
            id="set",
        ),
    ],
)
def test_settings(environ: Mapping[str, str], settings: ServerSettings) -> None:
    """Every variable has a default that works."""
    assert settings == read_settings(environ)


@pytest.mark.parametrize("value", ["0", "65536", "-1", "80.0", "0x50", "²", "eighty"])
def test_a_port_that_is_none(value: str) -> None:
    """The sentence names the variable, its range and what was found."""
    with pytest.raises(CannotStart) as raised:
        read_settings({"PORT": value})

    assert (f"PORT must be a whole number from 1 to 65535, and it is {value!r}",) == raised.value.problems


@pytest.mark.parametrize(
    ("value", "level"),
    [("", "info"), ("DEBUG", "debug"), ("warn", "warning"), ("fatal", "critical"), ("NOTICE", "info"), ("20", "info")],
)
def test_log_levels_are_read_leniently(value: str, level: str) -> None:
    """The app may use the variable for words of its own."""
    assert level == log_level({"LOG_LEVEL": value})


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", LogFormat.DEFAULT), ("JSON", LogFormat.JSON), ("text", LogFormat.TEXT), ("%(message)s", LogFormat.DEFAULT)],
)
def test_log_formats_are_read_leniently(value: str, expected: LogFormat) -> None:
    """The same."""
    assert expected is log_format({"LOG_FORMAT": value})

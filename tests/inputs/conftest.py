"""The marker of the tests that compare a reader with the tool whose files it reads."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker."""
    config.addinivalue_line("markers", "network: asks a package index, so it needs a network")

"""The function that gunicorn's workers call for a WSGI app."""

from __future__ import annotations

import logging
from typing import Any

from model_server.user_app import load_app


def application() -> Any:  # noqa: ANN401 (a WSGI callable)
    """The user's app. Exits with 3 if it cannot be loaded, whatever the reason."""
    return load_app(logging.getLogger("gunicorn.error"))

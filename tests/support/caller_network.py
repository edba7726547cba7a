"""How the machine that runs the tests reaches package indexes, handed on to builds as a user would hand it on."""

from __future__ import annotations

import os
from pathlib import Path

_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def index_env() -> dict[str, str]:
    """Variables for the platform's directory: the index, where the caller has one of their own."""
    return {name: os.environ[name] for name in _INDEXES if name in os.environ}


def proxy_env() -> dict[str, str]:
    """Variables of the build container, which the lifecycle lets through."""
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}


def certificate_bindings() -> dict[str, dict[str, str]]:
    """The caller's certificate authorities as a binding, where SSL_CERT_FILE names them."""
    path = Path(os.environ.get("SSL_CERT_FILE", ""))
    return {"ca": {"type": "ca-certificates", "ca.pem": path.read_text()}} if path.is_file() else {}

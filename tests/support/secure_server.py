"""Certificates for servers on loopback, and the authority that signed them; made once, valid for a hundred years."""

from __future__ import annotations

from pathlib import Path

_CERTIFICATES = Path(__file__).parent / "certificates"
# The certificate for 127.0.0.1 and localhost, with its key.
SERVER = _CERTIFICATES / "server.pem"
AUTHORITY = _CERTIFICATES / "authority.pem"

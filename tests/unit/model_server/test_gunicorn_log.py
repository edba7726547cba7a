"""What is made of gunicorn's atoms."""

from __future__ import annotations

import pytest
from gunicorn.glogging import SafeAtoms  # type: ignore[import-untyped]

from model_server.gunicorn_log import access_from_atoms
from model_server.log_lines import Access

ATOMS = {
    "h": "10.0.0.1",
    "m": "GET",
    "U": "/a b",
    "q": "x=1",
    "H": "HTTP/1.1",
    "s": "404",
    "B": 12,
    "D": 1250,
    "{raw_uri}e": "/a%20b?x=1",
}


@pytest.mark.parametrize("sent", ['"', '\\"', '\\\\"x\\', "plain"])
def test_values_come_back_as_they_were_sent(sent: str) -> None:
    """Gunicorn escapes quotes, and only quotes, so JSON would escape them twice."""
    atoms = SafeAtoms({**ATOMS, "{user-agent}i": sent, "{x-request-id}i": sent})

    assert Access(
        client="10.0.0.1",
        method="GET",
        path="/a%20b",
        query="x=1",
        protocol="HTTP/1.1",
        status=404,
        bytes=12,
        duration_ms=1.25,
        user_agent=sent,
        request_id=sent,
    ) == access_from_atoms(atoms)


def test_what_a_request_lacks_is_null() -> None:
    """Gunicorn's own word for it, a dash, could be a value."""
    access = access_from_atoms(SafeAtoms({**ATOMS, "h": "", "B": None}))

    assert (None, None, None, 0) == (access.client, access.user_agent, access.request_id, access.bytes)

"""Which production server a project needs installed."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.facts.web_app import Interface, WebEntry
from ml_buildpack.plan.server import ServerPlan, plan_server


def entry(interface: Interface) -> WebEntry:
    """An application of that interface."""
    return WebEntry(module="app", attribute="app", interface=interface, framework="any", path="app.py", line=1)


@pytest.mark.parametrize(
    ("interface", "needs"),
    [
        (Interface.WSGI, ("gunicorn",)),
        (Interface.ASGI, ("uvicorn", "uvloop", "httptools")),
        (Interface.AIOHTTP, ("gunicorn",)),
    ],
)
def test_every_interface_has_its_server(interface: Interface, needs: tuple[str, ...]) -> None:
    """Without versions, so that a pin of the user's wins."""
    found = entry(interface)

    assert ServerPlan(entry=found, commands=(), needs=needs) == plan_server(found, ())


@pytest.mark.parametrize(
    ("command", "needs"),
    [
        ("gunicorn app:app", ("gunicorn",)),
        ("exec gunicorn app:app -b :$PORT", ("gunicorn",)),
        ("DEBUG=1 gunicorn app:app", ("gunicorn",)),
        ("env DEBUG=1 uvicorn app:app", ("uvicorn",)),
        ("python -m uvicorn main:app --port $PORT", ("uvicorn",)),
        ("python3 -m gunicorn app:app", ("gunicorn",)),
        ("waitress-serve app:app", ("waitress",)),
        ("python app.py gunicorn", ()),
        ("python", ()),
        ("DEBUG=1", ()),
        ("echo it's", ()),
    ],
)
def test_server_that_a_command_starts_is_installed(command: str, needs: tuple[str, ...]) -> None:
    """A Procfile may call a server that the requirements do not list."""
    line = ProcfileLine(type="web", command=command, line=1)

    assert ServerPlan(entry=None, commands=(line,), needs=needs) == plan_server(None, (line,))


def test_entry_brings_its_own_server_beside_other_commands() -> None:
    """A worker's command says nothing about the server."""
    line = ProcfileLine(type="worker", command="hypercorn app:app", line=1)

    assert ("gunicorn",) == plan_server(entry(Interface.WSGI), (line,)).needs

"""Which production server a project needs installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import ModuleNameTaken
from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.facts.web_app import Interface, WebEntry
from ml_buildpack.plan.server import SERVED_FORMATS, ServerPlan, plan_server, refuse_taken_names
from ml_buildpack.problems import Problems
from model_server.models import loading
from support.projects import write_project


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


@pytest.mark.parametrize(
    ("interface", "paths", "taken"),
    [
        pytest.param(Interface.WSGI, ("gunicorn.py", "uvicorn.py"), ["gunicorn.py"], id="the server that it needs"),
        pytest.param(Interface.ASGI, ("gunicorn.py", "uvicorn/__init__.py"), ["uvicorn/__init__.py"], id="a package"),
        pytest.param(Interface.AIOHTTP, ("model_server.py",), ["model_server.py"], id="ours"),
        pytest.param(Interface.WSGI, ("src/model_server.py", "gunicorn/conf.py", "model_server.toml"), [], id="others"),
    ],
)
def test_module_that_would_run_instead_of_a_program_is_refused(
    tmp_path: Path, interface: Interface, paths: tuple[str, ...], taken: list[str]
) -> None:
    """Only those at the top, where `python -m` looks first; a folder alone hides nothing."""
    problems = Problems()
    files = write_project(tmp_path, dict.fromkeys(paths, ""))
    problems.attempt(lambda: refuse_taken_names(entry(interface), files))

    found = [error for error in problems.errors if isinstance(error, ModuleNameTaken)]
    assert taken == [mistake.where for error in found for mistake in error.mistakes]


def test_what_a_build_serves_has_a_loader_in_the_image() -> None:
    """The two programs share no module, so this alone keeps an image from ending with exit code 3."""
    assert {found.value for found in SERVED_FORMATS} == set(loading._LOADERS)

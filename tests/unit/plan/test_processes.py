"""The image's processes: which shell there is, which comes first, and that signals reach them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ml_buildpack.cnb.launch import Process
from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.facts.web_app import Interface, WebEntry
from ml_buildpack.plan.processes import plan_processes
from ml_buildpack.plan.server import ServerPlan, plan_server

ENTRY = WebEntry(module="main", attribute="app", interface=Interface.ASGI, framework="fastapi", path="main.py", line=3)
FACTORY = WebEntry(
    module="shop.web",
    attribute="create_app",
    interface=Interface.WSGI,
    framework="flask",
    path="src/shop/web.py",
    line=9,
    factory=True,
    app_dir="src",
)
SERVE = ("python", "-m", "model_server", "web")


def commands(*lines: tuple[str, str]) -> ServerPlan:
    """The plan of a project that names those processes itself."""
    return plan_server(None, tuple(ProcfileLine(type=name, command=text, line=1) for name, text in lines))


def command_of(text: str) -> tuple[str, ...]:
    """How the image runs that line of a Procfile."""
    (process,) = plan_processes(commands(("web", text)))
    return process.command


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (ENTRY, (*SERVE, "--interface", "asgi", "--app", "main:app")),
        (
            FACTORY,
            (*SERVE, "--interface", "wsgi", "--app", "shop.web:create_app", "--factory", "--app-dir", "src"),
        ),
    ],
)
def test_entry_is_served_by_our_server(entry: WebEntry, expected: tuple[str, ...]) -> None:
    """Everything is in `command`: users and platforms replace or extend `args`."""
    assert (Process(type="web", command=expected, default=True),) == plan_processes(plan_server(entry, ()))


def test_web_comes_first_and_is_the_default() -> None:
    """Whatever the alphabet says."""
    server = commands(("a", "python a.py"), ("web", "python web.py"), ("worker", "python worker.py"))

    expected = (
        Process(type="web", command=("python", "web.py"), default=True),
        Process(type="a", command=("python", "a.py")),
        Process(type="worker", command=("python", "worker.py")),
    )
    assert expected == plan_processes(server)


def test_entry_is_the_default_before_the_projects_own_processes() -> None:
    """A Procfile with only a worker does not take the web process away."""
    server = plan_server(ENTRY, (ProcfileLine(type="a", command="python a.py", line=1),))

    assert [("web", True), ("a", False)] == [(process.type, process.default) for process in plan_processes(server)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("gunicorn app:app", ("gunicorn", "app:app"), id="plain"),
        pytest.param("run --title 'a b' \"c d\"", ("run", "--title", "a b", "c d"), id="quotes"),
        pytest.param("run --bind=0.0.0.0:80 a:b", ("run", "--bind=0.0.0.0:80", "a:b"), id="equals in an option"),
        pytest.param("run 'it is'", ("run", "it is"), id="quoted space"),
    ],
)
def test_simple_command_needs_no_shell(text: str, expected: tuple[str, ...]) -> None:
    """The process is the application itself, and the run image needs no shell for it."""
    assert expected == command_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gunicorn app:app --bind 0.0.0.0:$PORT", "exec gunicorn app:app --bind 0.0.0.0:$PORT"),
        ("gunicorn app:app -b :${PORT:-8080}", "exec gunicorn app:app -b :${PORT:-8080}"),
        ("exec gunicorn app:app -b :$PORT", "exec gunicorn app:app -b :$PORT"),
        ("python app.py 2>&1", "exec python app.py 2>&1"),
        ("python app.py > /dev/null", "exec python app.py > /dev/null"),
        ("DEBUG=1 python app.py", "exec env DEBUG=1 python app.py"),
        ("NAME='a b' PORT=$PORT python app.py", "exec env NAME='a b' PORT=$PORT python app.py"),
        ("python migrate.py && gunicorn app:app", "python migrate.py && gunicorn app:app"),
        ("python migrate.py; gunicorn app:app", "python migrate.py; gunicorn app:app"),
        ("python app.py | tee log", "python app.py | tee log"),
        ("python app.py & wait", "python app.py & wait"),
        ("run --title 'costs $5'", "exec run --title 'costs $5'"),
    ],
)
def test_command_with_variables_runs_in_a_shell_that_it_replaces(text: str, expected: str) -> None:
    """`exec` makes it receive SIGTERM itself; several commands need the shell to stay."""
    assert ("sh", "-c", expected) == command_of(text)


@pytest.mark.parametrize(
    "text",
    ["./show $PORT 'a b'", "GREETING='a b' ./show $PORT \"$0\"", "exec ./show $PORT", "./show $PORT 2>&1"],
)
def test_shell_gives_its_place_to_the_command(tmp_path: Path, text: str) -> None:
    """Proven with a real shell: the program has the process id that was started, and the variables."""
    program = tmp_path / "show"
    program.write_text('#!/bin/sh\necho "$$ $1 $GREETING"\n')
    program.chmod(0o755)
    process = subprocess.Popen(
        command_of(text), cwd=tmp_path, env={"PATH": "/bin:/usr/bin", "PORT": "80"}, stdout=subprocess.PIPE, text=True
    )
    output, _ = process.communicate(timeout=10)

    greeting = "a b" if "GREETING" in text else ""
    assert (0, f"{process.pid} 80 {greeting}\n") == (process.returncode, output)

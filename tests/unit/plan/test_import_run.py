"""What is imported for each way to serve, and what kind of failure an import had."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.facts.web_app import Interface, WebEntry
from ml_buildpack.plan.import_run import (
    Died,
    ImportCause,
    ImportFailure,
    ImportPlan,
    Raised,
    Stopped,
    cause_of,
    describe_failure,
    plan_imports,
)
from ml_buildpack.plan.server import ServerPlan


def served(interface: Interface) -> ImportPlan:
    """What is imported for an entry of that interface."""
    entry = WebEntry(
        module="service.main", attribute="make", interface=interface, framework="x", path="src/service/main.py", line=3,
        factory=True, app_dir="src",
    )  # fmt: skip
    plan = plan_imports(ServerPlan(entry=entry, commands=(), needs=()))
    assert plan is not None
    return plan


def commanded(command: str, process: str = "web") -> ImportPlan | None:
    """What is imported for a process of that command."""
    line = ProcfileLine(type=process, command=command, line=1)
    return plan_imports(ServerPlan(entry=None, commands=(line,), needs=()))


@pytest.mark.parametrize(
    ("interface", "module"),
    [
        (Interface.WSGI, "gunicorn.workers.gthread"),
        (Interface.ASGI, "uvicorn.protocols.http.httptools_impl"),
        (Interface.AIOHTTP, "model_server.aiohttp_entry"),
    ],
)
def test_entry_is_imported_with_its_server(interface: Interface, module: str) -> None:
    """What a server loads by name is not imported with its package."""
    plan = served(interface)

    assert ("service.main:make", True, "src") == (plan.application, plan.factory, plan.app_dir)
    assert module in plan.modules
    assert "model_server.__main__" in plan.modules


@pytest.mark.parametrize(
    ("command", "application", "factory", "module"),
    [
        ("gunicorn app:server --bind :$PORT", "app:server", False, "gunicorn.glogging"),
        ("uvicorn --factory service.api:create --port $PORT", "service.api:create", True, "uvicorn.server"),
        ("gunicorn 'app:make()'", "app:make", True, "gunicorn.arbiter"),
        ("python -m service.worker", "", False, "service.worker"),
    ],
)
def test_command_is_imported_as_far_as_it_names_modules(
    command: str,
    application: str,
    *,
    factory: bool,
    module: str,
) -> None:
    """It is not run, so nothing else of it is known."""
    plan = commanded(command)

    assert plan is not None
    assert (application, factory) == (plan.application, plan.factory)
    assert module in plan.modules


@pytest.mark.parametrize("command", ["python app.py", "./start.sh --port $PORT", "streamlit run 'app.py", "-m"])
def test_command_that_names_no_module_imports_nothing(command: str) -> None:
    """A script may begin to serve as it is imported."""
    assert commanded(command) is None


def test_only_the_web_process_is_imported() -> None:
    """A training job may take hours to import."""
    assert commanded("python -m train", process="train") is None


@pytest.mark.parametrize(
    ("failure", "cause", "words"),
    [
        (
            Raised(type="ModuleNotFoundError", message="No module named 'x'", missing_module="x", at="a.py:2"),
            ImportCause.MISSING_MODULE,
            "a module is missing: ModuleNotFoundError: No module named 'x' (a.py:2)",
        ),
        (
            Raised(type="ImportError", message="libGL.so.1: cannot open shared object file: No such file\nmore"),
            ImportCause.MISSING_LIBRARY,
            "a shared library is missing: ImportError: libGL.so.1: cannot open shared object file: No such file",
        ),
        (
            Raised(type="KeyError", message="'DATABASE_URL'", at="app.py:9"),
            ImportCause.OTHER,
            "it failed: KeyError: 'DATABASE_URL' (app.py:9)",
        ),
        (Stopped(limit="120 seconds"), ImportCause.LIMIT, "it took more than the build allows: 120 seconds"),
        (Died(exit_code=-11, output_tail=""), ImportCause.OTHER, "it failed: signal 11 ended it"),
        (Died(exit_code=3, output_tail=""), ImportCause.OTHER, "it failed: it ended with the exit code 3"),
    ],
)
def test_each_failure_has_a_cause_and_a_sentence(failure: ImportFailure, cause: ImportCause, words: str) -> None:
    """With the evidence, on one line."""
    assert (cause, words) == (cause_of(failure), describe_failure(failure))

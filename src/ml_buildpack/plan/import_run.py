"""One import of the application, as values: what shall be imported, and what came of it. Pure.

What the run found is told apart from what follows from it, so that a stricter policy needs no other facts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from ml_buildpack.facts.web_app import Interface
from ml_buildpack.plan.processes import WEB
from ml_buildpack.plan.server import ServerPlan

_WSGI_SERVER = (
    "gunicorn.app.wsgiapp", "gunicorn.arbiter", "gunicorn.glogging", "gunicorn.http", "gunicorn.workers.sync",
    "gunicorn.workers.gthread", "model_server.__main__", "model_server.gunicorn_conf", "model_server.gunicorn_log",
)  # fmt: skip
# What each server loads before its first request, which is more than importing its package does. A name that a
# release lacks is passed over.
_SERVER_MODULES = {
    Interface.WSGI: (*_WSGI_SERVER, "model_server.wsgi_entry"),
    Interface.AIOHTTP: (*_WSGI_SERVER, "aiohttp.worker", "model_server.aiohttp_entry"),
    Interface.ASGI: (
        "uvicorn.main", "uvicorn.server", "uvicorn.config", "uvicorn.logging", "uvicorn.lifespan.on",
        "uvicorn.loops.auto", "uvicorn.loops.uvloop", "uvicorn.protocols.http.auto",
        "uvicorn.protocols.http.httptools_impl", "uvicorn.protocols.websockets.auto",
        "uvicorn.supervisors.multiprocess", "model_server.__main__", "model_server.uvicorn_server",
        "model_server.asgi_entry", "anyio._backends._asyncio",
    ),
}  # fmt: skip
_TARGET = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.\w+)*):(?P<attribute>[A-Za-z_]\w*)(?P<call>\(\))?")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
# A shared library that the loader did not find: `libGL.so.1: cannot open shared object file: No such file …`.
_MISSING_LIBRARY = re.compile(r"(?P<library>[\w.+-]+\.so[\w.]*): cannot open shared object file")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportPlan:
    """What is imported once: `application` is `module:attribute` or "", `modules` are imported where they are there."""

    application: str = ""
    factory: bool = False
    app_dir: str = ""
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Raised:
    """The application raised. `at` is the last line of its own code on the way, as `path:line`."""

    type: str
    message: str
    missing_module: str | None = None
    at: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """The import was ended by one of its limits, which is named with its amount: `120 seconds`."""

    limit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Died:
    """The process ended in the middle of it: with an exit code, negative for a signal."""

    exit_code: int
    output_tail: str


ImportFailure = Raised | Stopped | Died


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRun:
    """What one import took. `files` are all modules that were loaded, sorted; `network` says how it was kept off."""

    files: tuple[str, ...] = ()
    seconds: float = 0.0
    resident_bytes: int = 0
    network: str = "none"
    failure: ImportFailure | None = None


class ImportCause(Enum):
    """What kind of thing an import failed for."""

    MISSING_MODULE = "a module is missing"
    MISSING_LIBRARY = "a shared library is missing"
    LIMIT = "it took more than the build allows"
    OTHER = "it failed"


def plan_imports(server: ServerPlan) -> ImportPlan | None:
    """What the `web` process loads; None where nobody can tell without running it."""
    entry = server.entry
    if entry is not None:
        return ImportPlan(
            application=entry.target,
            factory=entry.factory,
            app_dir=entry.app_dir,
            modules=_SERVER_MODULES[entry.interface],
        )
    command = next((line.command for line in server.commands if line.type == WEB), None)
    return _plan_command(command) if command is not None else None


def _plan_command(command: str) -> ImportPlan | None:
    """Only what the command names: `module:attribute`, a server, `-m module`. A script may serve as it is imported."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    targets = [match for word in words if (match := _TARGET.fullmatch(word))]
    modules = tuple(dict.fromkeys(_modules_named(words)))
    if not targets and not modules:
        return None
    target = targets[0] if targets else None
    return ImportPlan(
        application=f"{target['module']}:{target['attribute']}" if target else "",
        factory=bool(target and target["call"]) or "--factory" in words,
        modules=modules,
    )


def _modules_named(words: list[str]) -> Iterator[str]:
    for word, following in pairwise(words):
        if word == "-m" and _MODULE.fullmatch(following):
            yield following
    for interface, name in ((Interface.WSGI, "gunicorn"), (Interface.ASGI, "uvicorn")):
        if name in words:
            yield from (module for module in _SERVER_MODULES[interface] if module.startswith(f"{name}."))


def cause_of(failure: ImportFailure) -> ImportCause:
    """The kind of a failure; what is a fault of the image and what of its surroundings is decided by it."""
    match failure:
        case Stopped():
            return ImportCause.LIMIT
        case Raised(missing_module=str()):
            return ImportCause.MISSING_MODULE
        case Raised(message=message) if _MISSING_LIBRARY.search(message):
            return ImportCause.MISSING_LIBRARY
        case Raised() | Died():
            return ImportCause.OTHER


def describe_failure(failure: ImportFailure) -> str:
    """One sentence for the log: the kind, and the evidence."""
    cause = cause_of(failure).value
    match failure:
        case Stopped(limit=limit):
            return f"{cause}: {limit}"
        case Raised(type=name, message=message, at=at):
            first_line = message.strip().partition("\n")[0]
            return f"{cause}: {name}: {first_line}" + (f" ({at})" if at else "")
        case Died(exit_code=code) if code < 0:
            return f"{cause}: signal {-code} ended it"
        case Died(exit_code=code):
            return f"{cause}: it ended with the exit code {code}"

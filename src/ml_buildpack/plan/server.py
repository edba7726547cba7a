"""Which production server runs the web entry, and what it needs installed. Pure.

The needs carry no versions: they join the user's own resolution, so a pin of the user's always wins.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import dropwhile

from ml_buildpack.errors import Mistake, ModuleNameTaken
from ml_buildpack.facts.models.artifact import ModelFormat
from ml_buildpack.facts.procfile import ProcfileLine
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.web_app import Interface, WebEntry
from ml_buildpack.plan.models import ServedModel

# uvloop and httptools are what makes uvicorn quick; the rest of `uvicorn[standard]` serves development.
_NEEDS = {
    Interface.WSGI: ("gunicorn",),
    Interface.ASGI: ("uvicorn", "uvloop", "httptools"),
    Interface.AIOHTTP: ("gunicorn",),
}
# The package of the `server` layer, which starts every entry.
_STARTED_BY = "model_server"
# Servers that a Procfile may call by name without listing them in the requirements.
_KNOWN_SERVERS = frozenset({"gunicorn", "uvicorn", "hypercorn", "granian", "waitress-serve"})
_DISTRIBUTIONS = {"waitress-serve": "waitress"}
# What `model_server` has a loader for. A format joins as soon as its loader is there; nothing else changes then.
SERVED_FORMATS = frozenset(
    {
        ModelFormat.SKLEARN,
        ModelFormat.XGBOOST,
        ModelFormat.LIGHTGBM,
        ModelFormat.CATBOOST,
        ModelFormat.ONNX,
        ModelFormat.STATSMODELS,
        ModelFormat.CUSTOM,
    }
)
# A small ASGI application of our own, and the fastest reader of JSON.
_MODEL_SERVER_NEEDS = ("uvicorn", "uvloop", "httptools", "orjson")
_ASSIGNMENT = re.compile(r"\w+=")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerPlan:
    """What serves the application. `entry` is None where the user's own command does, or the model server.

    `models` are served where there is no application.
    """

    entry: WebEntry | None
    commands: tuple[ProcfileLine, ...]
    needs: tuple[str, ...]
    models: tuple[ServedModel, ...] = ()


def plan_server(entry: WebEntry | None, commands: tuple[ProcfileLine, ...]) -> ServerPlan:
    """The server for an entry, or for the user's own commands."""
    needs = _NEEDS[entry.interface] if entry is not None else _servers_called(commands)
    return ServerPlan(entry=entry, commands=commands, needs=needs)


def refuse_taken_names(entry: WebEntry, files: ProjectFiles) -> None:
    """Nothing, unless a module at the top of the project hides a program that starts it. Raises: ModuleNameTaken.

    `python -m` looks into the working directory first.
    """
    mistakes = tuple(
        Mistake(where=path, detail=f"The program `{name}` of the image starts the application.")
        for name in (_STARTED_BY, _NEEDS[entry.interface][0])
        for path in (f"{name}.py", f"{name}/__init__.py")
        if path in files
    )
    if mistakes:
        raise ModuleNameTaken(mistakes=mistakes)


def plan_model_server(models: tuple[ServedModel, ...], commands: tuple[ProcfileLine, ...]) -> ServerPlan:
    """The model server for these models. What loading them needs is not in `needs`: it comes from the models."""
    return ServerPlan(entry=None, commands=commands, needs=_MODEL_SERVER_NEEDS, models=models)


def _servers_called(commands: tuple[ProcfileLine, ...]) -> tuple[str, ...]:
    called = {_program(line.command) for line in commands}
    return tuple(sorted(_DISTRIBUTIONS.get(name, name) for name in called & _KNOWN_SERVERS))


def _program(command: str) -> str:
    """The name of the program or module that the command starts; empty where a shell alone could tell."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    words = list(dropwhile(lambda word: word in {"exec", "env"} or _ASSIGNMENT.match(word), words))
    if words[:2] in (["python", "-m"], ["python3", "-m"]):
        words = words[2:]
    return words[0] if words else ""

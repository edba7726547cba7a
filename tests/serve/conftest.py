"""Apps of every interface, and the means to run them as the launch process does."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from support.running_server import RunningServer, started, wait_until_it_answers

FLASK = """
import os, time
from flask import Flask, jsonify, request
app = Flask(__name__)

@app.post("/predict")
def predict(): return jsonify(sum(request.json))

@app.get("/slow")
def slow():
    time.sleep(0.6)
    return "finished"

@app.get("/pid")
def pid(): return str(os.getpid())

@app.get("/broken")
def broken(): raise RuntimeError("on purpose")

def create_app(): return app
"""
FASTAPI = """
import asyncio, os
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
app = FastAPI()

@app.post("/predict")
async def predict(values: list[int]): return sum(values)

@app.get("/slow", response_class=PlainTextResponse)
async def slow():
    await asyncio.sleep(0.6)
    return "finished"

@app.get("/pid", response_class=PlainTextResponse)
async def pid(): return str(os.getpid())

@app.get("/broken")
async def broken(): raise RuntimeError("on purpose")

def create_app(): return app
"""
AIOHTTP = """
import asyncio, os
from aiohttp import web

async def predict(request): return web.json_response(sum(await request.json()))

async def slow(request):
    await asyncio.sleep(0.6)
    return web.Response(text="finished")

async def pid(request): return web.Response(text=str(os.getpid()))

async def broken(request): raise RuntimeError("on purpose")

async def create_app():
    app = web.Application()
    app.add_routes([web.post("/predict", predict), web.get("/slow", slow), web.get("/pid", pid)])
    app.add_routes([web.get("/broken", broken)])
    return app

app = web.Application()
app.add_routes([web.post("/predict", predict), web.get("/slow", slow), web.get("/pid", pid)])
app.add_routes([web.get("/broken", broken)])
"""


@dataclass(frozen=True, kw_only=True)
class AppKind:
    """An interface, and an app that speaks it."""

    interface: str
    source: str
    access_logger: str
    args: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "args", ("web", "--interface", self.interface, "--app", "main:app"))


WSGI = AppKind(interface="wsgi", source=FLASK, access_logger="gunicorn.access")
ASGI = AppKind(interface="asgi", source=FASTAPI, access_logger="uvicorn.access")
AIO = AppKind(interface="aiohttp", source=AIOHTTP, access_logger="gunicorn.access")
without_aiohttp = pytest.mark.skipif(importlib.util.find_spec("aiohttp") is None, reason="aiohttp is not installed")


@pytest.fixture(params=[WSGI, ASGI, pytest.param(AIO, marks=without_aiohttp)], ids=lambda kind: str(kind.interface))
def kind(request: pytest.FixtureRequest) -> AppKind:
    """Each interface in turn."""
    found: AppKind = request.param
    return found


@pytest.fixture(params=[WSGI, ASGI], ids=lambda kind: str(kind.interface))
def server_kind(request: pytest.FixtureRequest) -> AppKind:
    """One interface per server: what does not depend on the kind of gunicorn's worker."""
    found: AppKind = request.param
    return found


@pytest.fixture
def wsgi() -> AppKind:
    """The Flask app, served by gunicorn."""
    return WSGI


@pytest.fixture
def asgi() -> AppKind:
    """The FastAPI app, served by uvicorn."""
    return ASGI


@pytest.fixture(scope="session")
def shared_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[AppKind], RunningServer]]:
    """One server per kind with default settings, started when it is first asked for."""
    with ExitStack() as stack:
        servers: dict[str, RunningServer] = {}

        def server_of(kind: AppKind) -> RunningServer:
            if kind.interface not in servers:
                app_dir = tmp_path_factory.mktemp(kind.interface) / "app"
                app_dir.mkdir()
                (app_dir / "main.py").write_text(kind.source)
                servers[kind.interface] = stack.enter_context(started(app_dir, kind.args))
                wait_until_it_answers(servers[kind.interface])
            return servers[kind.interface]

        yield server_of


@pytest.fixture
def shared(shared_servers: Callable[[AppKind], RunningServer], kind: AppKind) -> RunningServer:
    """The server of this kind that other tests ask too: for tests that change nothing and look at no other's lines."""
    return shared_servers(kind)


class Serve(Protocol):
    """Starts `python -m model_server` in a directory with these files, `main.py` of an app kind if there are none."""

    def __call__(
        self,
        kind: AppKind,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        *,
        files: Mapping[str, str] | None = None,
        listens_on: str = "PORT",
        answers: bool = True,
    ) -> RunningServer:
        """The server, after its first answer unless `answers=False`."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Servers that end with the test. `answers=False` does not wait, for one that never listens."""
    with ExitStack() as stack:

        def start(
            kind: AppKind,
            args: Sequence[str] = (),
            env: Mapping[str, str] | None = None,
            *,
            files: Mapping[str, str] | None = None,
            listens_on: str = "PORT",
            answers: bool = True,
        ) -> RunningServer:
            app_dir = tmp_path / "app"
            for name, text in {"main.py": kind.source, **(files or {})}.items():
                (app_dir / name).parent.mkdir(parents=True, exist_ok=True)
                (app_dir / name).write_text(text)
            server = stack.enter_context(started(app_dir, (*kind.args, *args), env, listens_on=listens_on))
            if answers:
                wait_until_it_answers(server)
            return server

        yield start

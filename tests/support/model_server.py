"""A model server over a model of a few lines, whose answers can be told without it, and the means to ask it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.running_server import PATIENCE_S, RunningServer, started, until

COLUMNS = ("sl", "sw", "pl", "pw")
# The class of a row is how many of 2.5 and 4.9 its third value exceeds. Other things are asked for by values that no
# flower has.
FLOWERS = """
import os, sys, time
import numpy as np

class Flowers:
    n_features_in_ = 4

    def predict(self, table):
        table = np.asarray(table)
        if np.isnan(table).any(): raise ValueError("missing")
        wanted = table[:, 0].min()
        if wanted == -1: raise ValueError("a length below zero")
        if wanted == -2: raise RuntimeError("secret of the model")
        if wanted == -3: sys.exit("secret of the model")
        if table[:, 0].max() > 1000: time.sleep((table[:, 0].max() - 1000) / 1000)
        return (table[:, 2] > 2.5).astype("i8") + (table[:, 2] > 4.9)

    def predict_proba(self, table):
        return np.eye(3)[self.predict(table)]

class NamedFlowers(Flowers):
    feature_names_in_ = np.array(["sl", "sw", "pl", "pw"], dtype=object)

class SlowlyLoaded(Flowers):
    def __init__(self):
        while not os.path.exists("go"): time.sleep(0.01)

class Broken:
    def __init__(self): raise RuntimeError("no weights\\nin this file")
"""
SETOSA, VERSICOLOR, VIRGINICA = [5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 4.2, 1.5], [6.7, 3.0, 5.2, 2.3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A response, read to its end, with its headers by their names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 (any JSON)
        """The body as JSON; strict, as no reader of every language takes NaN."""
        return json.loads(self.body, parse_constant=_refuse)


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


def pickled(cls: str) -> bytes:
    """A pickle that makes an object of that class of `flowers`."""
    return f"cflowers\n{cls}\n)R.".encode()


def manifest(**models: Mapping[str, object]) -> str:
    """The manifest of these models, by name, each with what differs from a pickled object at NAME.pkl."""
    entries = [
        {"name": name, "version": "1", "format": "custom", "variant": "pickle", "path": f"{name}.pkl", **fields}
        for name, fields in models.items()
    ]
    return json.dumps({"schema": 1, "models": entries})


@contextmanager
def model_server(
    directory: Path, files: Mapping[str, str | bytes], env: Mapping[str, str] | None = None, *, ready: bool = True
) -> Iterator[RunningServer]:
    """`python -m model_server models` over these files, ready unless `ready=False`. `manifest.json` is the manifest."""
    app_dir = directory / "app"
    app_dir.mkdir(parents=True)
    for name, content in {"flowers.py": FLOWERS, **files}.items():
        (app_dir / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    variables = {"MODEL_SERVER_MANIFEST": str(app_dir / "manifest.json"), "WEB_CONCURRENCY": "1", **(env or {})}
    with started(app_dir, ("models",), variables) as server:
        if ready:
            wait_until_ready(server)
        yield server


def wait_until_ready(server: RunningServer) -> None:
    """Wait for readiness. Raises: AssertionError with the server's words."""

    def is_ready() -> bool:
        assert server.process.poll() is None, f"exit code {server.process.returncode}\n{server.stderr()}"
        try:
            return get(server, "/v2/health/ready").status == 200
        except OSError:
            return False

    until(is_ready, "readiness")


def get(server: RunningServer, path: str, method: str = "GET") -> Reply:
    """Ask without a body."""
    return ask(server, method, path, None, {})


def post(server: RunningServer, path: str, value: object, media_type: str | None = "application/json") -> Reply:
    """Send a value as JSON, or bytes and text as they are."""
    body = (
        value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    )
    return ask(server, "POST", path, body, {} if media_type is None else {"Content-Type": media_type})


def ask(server: RunningServer, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Reply(status=response.status, headers=found, body=response.read())
    finally:
        connection.close()


def tensor(rows: object, shape: list[int], datatype: str = "FP64", **more: object) -> dict[str, Any]:
    """A request with one input."""
    return {"inputs": [{"name": "x", "shape": shape, "datatype": datatype, "data": rows}], **more}

"""A container of a built image, started as a cluster would start it, and asked over HTTP.

testcontainers starts it, names its port and removes it. Knows nothing of pack or of what the image serves.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import requests
from testcontainers.core.container import DockerContainer

READY_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 20
DEFAULT_PORT = 8080


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the container may use; None is no limit."""

    cpus: float | None = None
    memory: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HalfRequest:
    """A request that the server waits for the end of."""

    connection: HTTPConnection
    rest: bytes

    def finish(self) -> tuple[int, Any]:
        """Send the rest; the status and the JSON answer."""
        with closing(self.connection):
            self.connection.send(self.rest)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A container that answers. `url` has no slash at its end."""

    container: DockerContainer
    url: str

    def post(self, path: str, document: object) -> tuple[int, Any]:
        """The status and the JSON answer to a JSON document."""
        with session() as http:
            answer = http.post(f"{self.url}{path}", json=document, timeout=ANSWER_TIMEOUT_S)
        return answer.status_code, answer.json()

    def send(self, path: str, body: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """The status and the text of the answer to a POST of these very bytes."""
        with session() as http:
            answer = http.post(f"{self.url}{path}", data=body, headers=dict(headers), timeout=ANSWER_TIMEOUT_S)
        return answer.status_code, answer.text

    def get(self, path: str) -> tuple[int, str]:
        """The status and the text of an answer."""
        with session() as http:
            answer = http.get(f"{self.url}{path}", timeout=ANSWER_TIMEOUT_S)
        return answer.status_code, answer.text

    def get_json(self, path: str) -> tuple[int, Any]:
        """The status and the document of a JSON answer."""
        status, text = self.get(path)
        return status, json.loads(text)

    def begin_post(self, path: str, document: object) -> HalfRequest:
        """A request of which the server has everything but the last bytes."""
        body = json.dumps(document).encode()
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=ANSWER_TIMEOUT_S)
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:-1])
        return HalfRequest(connection=connection, rest=body[-1:])

    def stdout(self) -> tuple[str, ...]:
        """The lines that a log collector reads."""
        return tuple(self.container.get_logs()[0].decode().splitlines())

    def stderr(self) -> tuple[str, ...]:
        """The lines that a person reads."""
        return tuple(self.container.get_logs()[1].decode().splitlines())

    def access_lines(self, *, query: str, count: int) -> list[dict[str, Any]]:
        """The access log of requests with that query, once it has as many; every line of it must be a JSON object."""
        end_s = time.monotonic() + ANSWER_TIMEOUT_S
        while True:
            found = [line for line in map(json.loads, self.stdout()) if line["query"] == query]
            # A line is written after its answer, and reaches the engine later still.
            if len(found) >= count or time.monotonic() > end_s:
                return found
            time.sleep(0.05)

    def stop(self, grace_s: int) -> tuple[int, float]:
        """Send SIGTERM; the exit code and the seconds until the end. SIGKILL, after the grace, would give 137."""
        wrapped = self.container.get_wrapped_container()
        began_s = time.monotonic()
        wrapped.stop(timeout=grace_s)
        took_s = time.monotonic() - began_s
        return int(wrapped.wait()["StatusCode"]), took_s


@contextmanager
def serve(
    image: str,
    *,
    ready_path: str = "/",
    user: str | None = None,
    port: int = DEFAULT_PORT,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Iterator[Served]:
    """Run the image read-only, without capabilities, with a tmpfs on /tmp, and wait until it answers."""
    options: dict[str, Any] = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    if user is not None:
        options["user"] = user
    if limits is not None and limits.cpus is not None:
        options["nano_cpus"] = int(limits.cpus * 1e9)
    if limits is not None and limits.memory is not None:
        options["mem_limit"] = limits.memory
    container = DockerContainer(image).with_exposed_ports(port).with_tmpfs_mount("/tmp")  # noqa: S108
    container.with_envs(**dict(env or {})).with_kwargs(**options)
    with container:
        url = f"http://{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
        served = Served(container=container, url=url)
        wait_until_ready(served, ready_path)
        yield served


def wait_until_ready(served: Served, path: str) -> None:
    """Return at the first answer, whatever its status; fail with the container's log where none comes."""
    wrapped = served.container.get_wrapped_container()
    end_s = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < end_s and wrapped.status != "exited":
        if answers(served, path):
            return
        time.sleep(0.1)
        wrapped.reload()
    raise AssertionError(f"The container gave no answer. Its log:\n{wrapped.logs().decode()}")


def answers(served: Served, path: str) -> bool:
    """Whether anything comes back. The engine accepts connections before the server does, and closes them."""
    try:
        served.get(path)
    except requests.RequestException:
        return False
    return True


def session() -> requests.Session:
    """An HTTP client that speaks straight to the container, whatever proxy the environment names."""
    http = requests.Session()
    http.trust_env = False
    return http

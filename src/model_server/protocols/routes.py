"""Which handler a path and a method belong to. 404 and 405 are decided here, before a body is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from model_server.protocols import description, invocations, probes, v1, v2
from model_server.protocols.exchange import Refusal, Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from model_server.protocols.exchange import Request, Response
    from model_server.protocols.prediction import Predictor

    Handler = Callable[[Request, Predictor, Target], Awaitable[Response]]


_NO_TARGET = Target()
_FIXED: dict[str, tuple[str, Handler]] = {
    "/": ("GET", description.page),
    "/docs": ("GET", description.page),
    "/openapi.json": ("GET", description.openapi),
    "/v2": ("GET", v2.server_metadata),
    "/v2/health/live": ("GET", v2.health_live),
    "/v2/health/ready": ("GET", v2.health_ready),
    "/v1/models": ("GET", v1.listing),
    "/invocations": ("POST", invocations.invoke),
    "/ping": ("GET", invocations.ping),
    "/health": ("GET", invocations.ping),
    "/version": ("GET", invocations.version),
    "/livez": ("GET", probes.live),
    "/readyz": ("GET", probes.ready),
    "/startupz": ("GET", probes.ready),
    "/metrics": ("GET", probes.metrics),
}
_V2_MODEL = re.compile(r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?(?P<verb>/ready|/infer)?")
_V2_VERBS: dict[str | None, tuple[str, Handler]] = {
    None: ("GET", v2.model_metadata),
    "/ready": ("GET", v2.model_ready),
    "/infer": ("POST", v2.infer),
}
_V1_MODEL = re.compile(r"/v1/models/(?P<model>[^/:]+)(?:/versions/(?P<version>[^/:]+))?(?P<verb>:predict)?")
_V1_VERBS: dict[str | None, tuple[str, Handler]] = {None: ("GET", v1.status), ":predict": ("POST", v1.predict)}


def find_handler(method: str, path: str) -> tuple[Handler, Target]:
    """The handler, and the model that the path names. Raises: Refusal (404, 405)."""
    allowed, handler, target = _find(path.rstrip("/") or "/")
    # What can be read can be asked for its headers alone.
    if method != allowed and not (method == "HEAD" and allowed == "GET"):
        names = "GET, HEAD" if allowed == "GET" else allowed
        raise Refusal(405, f"{path} answers {names}, and not {method}", (("allow", names),))
    return handler, target


def _find(path: str) -> tuple[str, Handler, Target]:
    if path in _FIXED:
        return (*_FIXED[path], _NO_TARGET)
    for pattern, verbs in ((_V2_MODEL, _V2_VERBS), (_V1_MODEL, _V1_VERBS)):
        found = pattern.fullmatch(path)
        if found is not None:
            return (*verbs[found["verb"]], Target(model=found["model"], version=found["version"]))
    raise Refusal(404, f"there is nothing at {path}")

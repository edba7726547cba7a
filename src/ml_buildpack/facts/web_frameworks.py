"""What the web frameworks call their applications, and which interface each speaks.

Tables only: they know no syntax tree and no file. Called by `web_values`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Interface(Enum):
    """How a server talks to an application."""

    WSGI = "wsgi"
    ASGI = "asgi"
    # aiohttp applications speak neither; gunicorn serves them through a worker class that aiohttp brings.
    AIOHTTP = "aiohttp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Framework:
    """A framework's name, and the interface of the objects that it makes; None where no server can use them."""

    name: str
    interface: Interface | None


_ASGI, _WSGI = Interface.ASGI, Interface.WSGI

# By the top package and the last name, because projects import the same class by many paths: `fastapi.FastAPI`,
# `fastapi.applications.FastAPI`. Subclasses that other distributions publish stand next to what they extend.
_MAKERS: dict[tuple[str, str], Framework] = {
    ("fastapi", "FastAPI"): Framework(name="fastapi", interface=_ASGI),
    ("gradio", "mount_gradio_app"): Framework(name="fastapi", interface=_ASGI),
    ("starlette", "Starlette"): Framework(name="starlette", interface=_ASGI),
    ("litestar", "Litestar"): Framework(name="litestar", interface=_ASGI),
    ("quart", "Quart"): Framework(name="quart", interface=_ASGI),
    ("sanic", "Sanic"): Framework(name="sanic", interface=_ASGI),
    ("socketio", "ASGIApp"): Framework(name="socketio", interface=_ASGI),
    ("socketio", "WSGIApp"): Framework(name="socketio", interface=_WSGI),
    ("flask", "Flask"): Framework(name="flask", interface=_WSGI),
    ("apiflask", "APIFlask"): Framework(name="flask", interface=_WSGI),
    ("flask_openapi3", "OpenAPI"): Framework(name="flask", interface=_WSGI),
    ("django", "get_wsgi_application"): Framework(name="django", interface=_WSGI),
    ("django", "get_asgi_application"): Framework(name="django", interface=_ASGI),
    ("channels", "ProtocolTypeRouter"): Framework(name="django", interface=_ASGI),
    ("falcon", "App"): Framework(name="falcon", interface=_WSGI),
    ("falcon", "API"): Framework(name="falcon", interface=_WSGI),
    ("bottle", "Bottle"): Framework(name="bottle", interface=_WSGI),
    ("bottle", "default_app"): Framework(name="bottle", interface=_WSGI),
    ("bottle", "app"): Framework(name="bottle", interface=_WSGI),
    ("aiohttp", "Application"): Framework(name="aiohttp", interface=Interface.AIOHTTP),
    # Since version 3; version 2 was WSGI, and is served through its `.app`.
    ("connexion", "App"): Framework(name="connexion", interface=_ASGI),
    ("connexion", "AsyncApp"): Framework(name="connexion", interface=_ASGI),
    ("connexion", "FlaskApp"): Framework(name="connexion", interface=_ASGI),
    ("dash", "Dash"): Framework(name="dash", interface=None),
}
# Where two classes of one package share their last name.
_MAKERS_BY_FULL_NAME: dict[str, Framework] = {
    "falcon.asgi.App": Framework(name="falcon", interface=_ASGI),
}
FRAMEWORK_PACKAGES = frozenset(package for package, _ in _MAKERS)

# An application inside another object, by framework and attribute.
_INSIDE: dict[tuple[str, str], Framework] = {
    ("dash", "server"): Framework(name="dash", interface=_WSGI),
    ("connexion", "app"): Framework(name="connexion", interface=_WSGI),
}

# Calls that take an application and give one that stands in front of it. None: with the interface of the inner one.
# Any other name that ends in "Middleware" counts as well, which is how the ASGI and the WSGI world name them.
_WRAPPERS: dict[str, Interface | None] = {
    "WSGIMiddleware": _ASGI,
    "WsgiToAsgi": _ASGI,
    "ASGIMiddleware": _WSGI,
    "ASGIApp": _ASGI,
    "WSGIApp": _WSGI,
    "ProxyFix": None,
    "WhiteNoise": None,
    "mount_gradio_app": None,
}
_WRAPPER_SUFFIX = "Middleware"

# Calls that hang applications below another one, and how many of their first arguments are not such parts.
MOUNTING_CALLS = {"mount": 0, "Mount": 0, "add_subapp": 0, "DispatcherMiddleware": 1}

# The names under which documentation and tutorials keep an application.
USUAL_NAMES = frozenset({"app", "application", "api", "server"})

# Decorators that register a handler with Bottle's default application.
BOTTLE_ROUTES = frozenset(f"bottle.{name}" for name in ("route", "get", "post", "put", "delete", "patch"))
BOTTLE_DEFAULT_APPLICATIONS = frozenset({"bottle.default_app", "bottle.app"})

# The parameters of an application that is a plain function. Sources: PEP 3333; ASGI specification 3.0, "Applications".
PLAIN_APPLICATIONS: dict[tuple[str, ...], Framework] = {
    ("environ", "start_response"): Framework(name="wsgi", interface=_WSGI),
    ("scope", "receive", "send"): Framework(name="asgi", interface=_ASGI),
}

# A file with none of these words holds no application. "GIApp" stands for the wrappers of socketio, "ottle" for Bottle
# under both spellings, "gi_app" for Django's functions.
_TELLING_WORDS = (
    b"FastAPI", b"Flask", b"Starlette", b"Litestar", b"Quart", b"Sanic", b"OpenAPI", b"GIApp", b"gi_app", b"falcon",
    b"ottle", b"connexion", b"Dash", b"web.Application", b"aiohttp.web", b"start_response", b"receive, send",
)  # fmt: skip
# A factory, which may come from elsewhere.
_TELLING_ENDING = re.compile(rb"_app\b")


def is_telling(source: bytes) -> bool:
    """Whether a source may hold an application: cheap, so that only few files of a project need to be parsed."""
    return any(word in source for word in _TELLING_WORDS) or _TELLING_ENDING.search(source) is not None


def framework_of(qualified_name: str) -> Framework | None:
    """The framework whose application a call of that name makes."""
    parts = qualified_name.split(".")
    return _MAKERS_BY_FULL_NAME.get(qualified_name) or _MAKERS.get((parts[0], parts[-1]))


def framework_inside(framework: str, attribute: str) -> Framework | None:
    """What `object.attribute` is, where the object is of that framework and keeps an application there."""
    return _INSIDE.get((framework, attribute))


def is_wrapper(name: str) -> bool:
    """Whether a call of that name, without its packages, puts something in front of the application it is given."""
    return name in _WRAPPERS or name.endswith(_WRAPPER_SUFFIX)


def wrapped_interface(wrapper: str, inner: Interface | None) -> Interface | None:
    """The interface of what the wrapper makes of an application with the interface `inner`."""
    return _WRAPPERS.get(wrapper) or inner

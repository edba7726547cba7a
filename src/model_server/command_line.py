"""The arguments of `python -m model_server`, as a value. Knows no server and no environment.

The last option wins, because platforms append the user's arguments to ours; what is not ours is the server's.
"""

from __future__ import annotations

import argparse
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from model_server.boot import CannotStart

if TYPE_CHECKING:
    from collections.abc import Sequence

_APP = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


# The processes that this package can be.
WEB = "web"
MODELS = "models"


class Interface(enum.Enum):
    """What the app speaks, and so which server runs it."""

    WSGI = "wsgi"
    ASGI = "asgi"
    AIOHTTP = "aiohttp"


@dataclass(frozen=True)
class LaunchRequest:
    """What to serve, and with which further options of the server."""

    interface: Interface
    app: str
    """`module:attribute`."""
    factory: bool
    """Whether the attribute is a function that makes the app."""
    app_dir: str
    """Searched for modules before the working directory; empty for the working directory alone."""
    server_args: tuple[str, ...]


@dataclass(frozen=True)
class ModelsRequest:
    """To serve the models of the manifest."""

    server_args: tuple[str, ...]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CannotStart(f"{message} (usage: {' '.join(self.format_usage().split()[1:])})")


def parse_arguments(argv: Sequence[str]) -> LaunchRequest | ModelsRequest:
    """Raises: CannotStart."""
    if list(argv[:1]) == [MODELS]:
        return ModelsRequest(server_args=tuple(argv[1:]))
    parser = _Parser(prog="python -m model_server", add_help=False, allow_abbrev=False)
    parser.add_argument("process", choices=(WEB, MODELS))
    parser.add_argument("--interface", required=True, choices=[interface.value for interface in Interface])
    parser.add_argument("--app", required=True, metavar="MODULE:ATTRIBUTE")
    parser.add_argument("--app-dir", default="", metavar="DIRECTORY")
    parser.add_argument("--factory", action="store_true")
    options, server_args = parser.parse_known_args(list(argv))
    if not _APP.fullmatch(options.app):
        raise CannotStart(f"--app must be module:attribute, and it is {options.app!r}")
    return LaunchRequest(
        interface=Interface(options.interface),
        app=options.app,
        factory=options.factory,
        app_dir=options.app_dir,
        server_args=tuple(server_args),
    )

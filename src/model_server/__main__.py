"""`python -m model_server web …` and `… models`: becomes the server that is needed, so that PID 1 is the server itself.

WSGI and aiohttp apps: the process is replaced by gunicorn. ASGI apps, and models without an app: uvicorn runs in this
very process, which lets it exit with the right code; `uvicorn_server` says why. Exit code 3: this container can never
start.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from model_server import environment
from model_server.boot import CannotStart, exit_cannot_start, require_installed
from model_server.command_line import Interface, LaunchRequest, ModelsRequest, parse_arguments


def main() -> NoReturn:
    """Start the server."""
    try:
        request = parse_arguments(sys.argv[1:])
        settings = environment.read_settings(os.environ)
        os.environ["PORT"] = str(settings.port)
        # An empty one is "not set" to us and a ValueError to the servers.
        if not os.environ.get("WEB_CONCURRENCY", "").strip():
            os.environ.pop("WEB_CONCURRENCY", None)
        if isinstance(request, ModelsRequest):
            start_models(request)
        os.environ.update(server_environment(request))
        start(request)
    except CannotStart as verdict:
        exit_cannot_start(verdict)


def start_models(request: ModelsRequest) -> NoReturn:
    """Become the server of the manifest's models. Raises: CannotStart if it can never serve them."""
    for module in ("uvicorn", "numpy"):
        require_installed(module, purpose="the model server")
    # Imported here: images with an app of their own have no reason to contain NumPy.
    from model_server.models.loading import refuse_unknown_formats  # noqa: PLC0415
    from model_server.models.manifest import read_manifest  # noqa: PLC0415
    from model_server.uvicorn_server import serve  # noqa: PLC0415

    # All that can be said without loading a model is said before a server is there.
    environment.read_limits(os.environ)
    refuse_unknown_formats(read_manifest(environment.manifest_path(os.environ)))
    serve("model_server.models_entry:application", request.server_args)


def start(request: LaunchRequest) -> NoReturn:
    """Become the server. Raises: CannotStart if it is not installed."""
    purpose = f"the {request.interface.value} app {request.app}"
    if request.interface is Interface.ASGI:
        require_installed("uvicorn", purpose=purpose)
        # Imported here: the others' environments have no reason to contain uvicorn.
        from model_server.uvicorn_server import serve  # noqa: PLC0415

        serve("model_server.asgi_entry:application", request.server_args)
    require_installed("gunicorn", purpose=purpose)
    if request.interface is Interface.AIOHTTP:
        require_installed("aiohttp", purpose=purpose)
    os.execv(sys.executable, (sys.executable, *gunicorn_arguments(request)))  # noqa: S606 (no shell is the point)


def server_environment(request: LaunchRequest) -> dict[str, str]:
    """What the server's processes have to know."""
    return {
        environment.APP_VARIABLE: request.app,
        environment.FACTORY_VARIABLE: "1" if request.factory else "",
        # Absolute: the server's configuration may change the directory before it is used.
        environment.APP_DIR_VARIABLE: os.path.abspath(request.app_dir) if request.app_dir else "",  # noqa: PTH100
        environment.INTERFACE_VARIABLE: request.interface.value,
    }


def gunicorn_arguments(request: LaunchRequest) -> tuple[str, ...]:
    """The interpreter's arguments. `--config` comes last, so it is always ours, and ours reads the user's."""
    # gunicorn calls what has parentheses; aiohttp's worker awaits a function.
    wsgi = request.interface is Interface.WSGI
    app = "model_server.wsgi_entry:application()" if wsgi else "model_server.aiohttp_entry:runner"
    return ("-m", "gunicorn", app, *request.server_args, "--config", "python:model_server.gunicorn_conf")


# uvicorn starts its workers by importing this module again.
if __name__ == "__main__":
    main()

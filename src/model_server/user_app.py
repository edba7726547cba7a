"""The user's app: imported, and made if it has a factory; or logged as what it failed with, and the process ended.

Called in the server's workers, under every server, so that each shows the same few lines: the app's part of the
traceback, without the server's. Importing an app runs it, so everything can happen, `sys.exit` included.
"""

from __future__ import annotations

import importlib
import operator
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from model_server.boot import EXIT_CANNOT_START, Stopped
from model_server.environment import APP_VARIABLE, FACTORY_VARIABLE

if TYPE_CHECKING:
    import logging
    from types import TracebackType

# Where a traceback stops being about the app: this package, and the import system.
_NOT_THE_APP = (str(Path(__file__).parent), str(Path(importlib.__file__ or "").parent), "<frozen importlib")


def load_app(log: logging.Logger) -> Any:  # noqa: ANN401 (whatever the app's author made)
    """The app that the launch named. Raises: SystemExit(3), with the reason in `log`."""
    try:
        loaded = load_object(os.environ[APP_VARIABLE])
        return loaded() if os.environ.get(FACTORY_VARIABLE) else loaded
    except (Stopped, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 (see above)
        exit_unloadable(error, log)


def exit_unloadable(error: BaseException, log: logging.Logger) -> NoReturn:
    """Log what the app failed with, and end this process in the way that its supervisor understands."""
    shown = (type(error), error, app_traceback(error.__traceback__))
    log.critical("The app %s cannot be loaded", os.environ[APP_VARIABLE], exc_info=shown)
    raise SystemExit(EXIT_CANNOT_START) from None


def load_object(reference: str) -> Any:  # noqa: ANN401 (whatever the app's author assigned)
    """The object that `module:attribute` (or `module:attribute.attribute`) names. Raises whatever importing it does."""
    module_name, _, attributes = reference.partition(":")
    return operator.attrgetter(attributes)(importlib.import_module(module_name))


def app_traceback(traceback: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins in the app's own code; `None` if it never got there."""
    while traceback and traceback.tb_frame.f_code.co_filename.startswith(_NOT_THE_APP):
        traceback = traceback.tb_next
    return traceback

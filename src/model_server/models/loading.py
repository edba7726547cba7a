"""A loader for each format, and the one line that is said where there is none or it fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from model_server.boot import CannotStart
from model_server.models.boosters import load_catboost, load_lightgbm, load_xgboost
from model_server.models.onnx_model import load_onnx
from model_server.models.sklearn_model import load_estimator
from model_server.models.statsmodels_model import load_statsmodels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from model_server.models.loaded_model import LoadedModel
    from model_server.models.manifest import ModelEntry

_LOADERS: dict[str, Callable[[ModelEntry, Path], LoadedModel]] = {
    "sklearn": load_estimator,
    # A pickled object of another library, or of the project's own code, that has `predict`.
    "custom": load_estimator,
    "xgboost": load_xgboost,
    "lightgbm": load_lightgbm,
    "catboost": load_catboost,
    "onnx": load_onnx,
    "statsmodels": load_statsmodels,
}
_log = logging.getLogger("uvicorn.error")


def refuse_unknown_formats(entries: tuple[ModelEntry, ...]) -> None:
    """Nothing, unless a model can never be served. Raises: CannotStart, with a line for each."""
    problems = [
        f"the model {entry.name} ({entry.path}) has the format {entry.format}, which this server cannot load; "
        f"it loads {', '.join(sorted(_LOADERS))}"
        for entry in entries
        if entry.format not in _LOADERS
    ]
    if problems:
        raise CannotStart(*problems)


def load_model(entry: ModelEntry, app_dir: Path) -> LoadedModel:
    """The model. Loading may run anything, because a pickle is a program. Raises: CannotStart, with one line."""
    path = app_dir / entry.path
    if not path.exists():
        raise CannotStart(f"the model {entry.name} is not there: {path} does not exist in this image")
    try:
        return _LOADERS[entry.format](entry, path)
    except CannotStart:
        raise
    except Exception as error:
        _log.debug("the model %s cannot be loaded", entry.name, exc_info=True)
        raise CannotStart(f"the model {entry.name} ({entry.path}) cannot be loaded: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """The type and the first words of an exception."""
    words = " ".join(str(error).split())
    shown = words if len(words) <= 300 else f"{words[:300]} …"  # noqa: PLR2004 (a line that a terminal can show)
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__

"""JSON, by orjson where it is installed. NaN and infinities are no JSON: not read, and written as `null`."""

from __future__ import annotations

import importlib
import importlib.util
import json
from typing import Any, NoReturn

import numpy as np

orjson: Any = importlib.import_module("orjson") if importlib.util.find_spec("orjson") else None


class InvalidJson(ValueError):
    """The text is not JSON; the message says where."""


def read(text: bytes) -> Any:  # noqa: ANN401 (any JSON)
    """The value. Raises: InvalidJson."""
    try:
        if orjson is not None:
            return orjson.loads(text)
        return json.loads(text.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(str(error)) from error


def write(value: object) -> bytes:
    """The value, with arrays of NumPy as lists."""
    if orjson is not None:
        return bytes(orjson.dumps(value, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY))
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            boxed = value.astype(object)
            boxed[~np.isfinite(value)] = None
            return boxed.tolist()
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value).__name__)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")

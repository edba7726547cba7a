"""Which models this image serves: the manifest that the build wrote. Reads one file, imports nothing of a model.

The build has a writer of its own; `schema` is what the two agree on. Keys that are not known here are ignored.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model_server.boot import CannotStart
from model_server.models.signature import DTYPES, Signature, Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = 1
# What can stand in a path of the API and in a label of a metric without quoting.
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class ModelEntry:
    """One model, as the build found it."""

    name: str
    version: str
    format: str
    variant: str
    path: str
    """Relative to the application's directory; a file or a directory."""
    trained_with: Mapping[str, str]
    signature: Signature | None
    """None where the artefact does not say what it takes."""
    example: str | None
    """Path of an input example."""


class _Malformed(Exception):
    """What is wrong with the document, as half a sentence."""


def read_manifest(path: Path) -> tuple[ModelEntry, ...]:
    """The models, at least one. Raises: CannotStart, with one line."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return _entries(document)
    except OSError as error:
        raise CannotStart(f"the manifest of the models, {path}, cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CannotStart(f"the manifest of the models, {path}, is not JSON: {error}") from error
    except _Malformed as error:
        raise CannotStart(f"the manifest of the models, {path}, {error}") from error


def _entries(document: object) -> tuple[ModelEntry, ...]:
    if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
        raise _Malformed("has no `schema`: it was not written by this buildpack")
    if document["schema"] != SCHEMA:
        raise _Malformed(f"has schema {document['schema']}, and this server reads {SCHEMA}: build the image again")
    models = document.get("models")
    if not isinstance(models, list) or not models:
        raise _Malformed("names no model")
    entries = tuple(_entry(model, f"models[{position}]") for position, model in enumerate(models))
    names = [(entry.name, entry.version) for entry in entries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _Malformed(f"names the model {twice[0]}, version {twice[1]}, twice")
    return entries


def _entry(model: object, where: str) -> ModelEntry:
    if not isinstance(model, dict):
        raise _Malformed(f"has a `{where}` that is not an object")
    trained_with = model.get("trained_with")
    return ModelEntry(
        name=_name(model, "name", where),
        version=_name(model, "version", where),
        format=_text(model, "format", where),
        variant=_text(model, "variant", where),
        path=_text(model, "path", where),
        trained_with={str(key): str(value) for key, value in (trained_with or {}).items()},
        signature=_signature(model.get("signature"), where),
        example=model.get("example") if isinstance(model.get("example"), str) else None,
    )


def _text(model: dict[str, Any], key: str, where: str) -> str:
    value = model.get(key)
    if not isinstance(value, str) or not value:
        raise _Malformed(f"has no `{where}.{key}`")
    return value


def _name(model: dict[str, Any], key: str, where: str) -> str:
    name = _text(model, key, where)
    if not _NAME.fullmatch(name):
        raise _Malformed(f"has a `{where}.{key}` that is not made of letters, digits, `.`, `_` and `-`: {name!r}")
    return name


def _signature(signature: object, where: str) -> Signature | None:
    if signature is None:
        return None
    if not isinstance(signature, dict):
        raise _Malformed(f"has a `{where}.signature` that is not an object")
    return Signature(
        inputs=_tensors(signature.get("inputs"), f"{where}.signature.inputs"),
        outputs=_tensors(signature.get("outputs"), f"{where}.signature.outputs"),
    )


def _tensors(tensors: object, where: str) -> tuple[Tensor, ...]:
    if not isinstance(tensors, list):
        return ()
    return tuple(_tensor(tensor, f"{where}[{position}]") for position, tensor in enumerate(tensors))


def _tensor(tensor: object, where: str) -> Tensor:
    if not isinstance(tensor, dict):
        raise _Malformed(f"has a `{where}` that is not an object")
    datatype, shape = tensor.get("datatype"), tensor.get("shape")
    if datatype not in DTYPES:
        raise _Malformed(f"has a `{where}.datatype` that is none: {datatype!r}")
    if not isinstance(shape, list) or not all(isinstance(length, int) for length in shape):
        raise _Malformed(f"has a `{where}.shape` that is not a list of whole numbers")
    name = tensor.get("name")
    return Tensor(name=name if isinstance(name, str) else "", datatype=str(datatype), shape=tuple(shape))

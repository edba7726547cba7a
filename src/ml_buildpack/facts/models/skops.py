"""skops: an archive whose schema names every class. Called by `recognition`. Source: skops 0.13, `io/_persist.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.json_text import parse_json, text_of, version_of
from ml_buildpack.facts.models.libraries import find_dangers, imported_modules
from ml_buildpack.facts.models.pickle_values import Global
from ml_buildpack.facts.models.stored import StoredFile, open_zip, read_member

SUFFIXES = frozenset({".skops"})
SCHEMA = "schema.json"
_NODES_MAX = 200_000
_STATES = ("content", "content")


def read_skops(file: StoredFile) -> Recognised | None:
    """The estimator; None where the archive has no schema. Raises: DamagedError."""
    with open_zip(file) as archive:
        data = read_member(archive, SCHEMA)
    if data is None:
        return None
    schema = parse_json(data)
    names = tuple(dict.fromkeys(_classes(schema)))
    state = _state(schema)
    versions = {
        "scikit-learn": text_of(state, "_sklearn_version", "content"),
        "skops": version_of(schema, "_skops_version"),
    }
    return Recognised(
        path=file.path,
        format=ModelFormat.SKLEARN,
        variant="skops",
        trained_with={name: version.strip("\"'") for name, version in versions.items() if version is not None},
        facts={
            "class": f"{schema.get('__module__')}.{schema.get('__class__')}",
            "protocol": str(schema.get("protocol")),
        },
        signature=_signature(state, names),
        imports=imported_modules(names),
        dangers=find_dangers(names),
    )


def _classes(schema: dict[str, Any]) -> Iterator[Global]:
    """Every class, without recursion: a schema may be as deep as its author likes."""
    waiting: list[Any] = [schema]
    for _ in range(_NODES_MAX):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            module, name = node.get("__module__"), node.get("__class__")
            if isinstance(module, str) and isinstance(name, str):
                yield Global(module, name)
            waiting.extend(value for value in node.values() if isinstance(value, (dict, list)))


def _state(schema: dict[str, Any]) -> dict[str, Any]:
    """The attributes of the outermost object."""
    value: Any = schema
    for key in _STATES:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _signature(state: dict[str, Any], names: tuple[Global, ...]) -> Signature | None:
    if any(name.module.startswith(("sklearn.compose", "sklearn.feature_extraction")) for name in names):
        return None
    count = text_of(state, "n_features_in_", "content")
    if count is None or not count.isdigit():
        return None
    return Signature(inputs=(Tensor(name="input", datatype="FP64", shape=(-1, int(count))),))

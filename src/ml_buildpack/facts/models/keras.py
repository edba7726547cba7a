"""Keras: the archive of Keras 3, and HDF5 of any Keras, by the attributes in it. Called by `recognition`.

Source: keras 3.12, `saving/saving_lib.py`, `legacy/saving/legacy_h5_format.py`; HDF5 file format 3.0.
"""

from __future__ import annotations

import re
from typing import Any

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.json_text import parse_json, text_of, version_of
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DamagedError, StoredFile, open_zip, read_member

SUFFIXES = frozenset({".keras", ".h5", ".hdf5"})
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_METADATA, _CONFIG = "metadata.json", "config.json"
# The attributes of the root stand before the weights, which h5py writes behind them.
_HDF5_BYTES = 4 << 20
_VERSION = re.compile(rb"(?<![\d.])(\d+\.\d+\.\d+)(?:-tf)?(?![\d.])")
# A value stands with its name, or in the heap that follows.
_NEAR_BYTES = 1 << 16
_DATATYPES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "int32": "INT32", "int64": "INT64",
              "uint8": "UINT8", "bool": "BOOL", "string": "BYTES"}  # fmt: skip
_NO_CODE = "weights of Keras without the layers that they belong to"
_SAVE = 'Save the whole model:\n    model.save("model.keras")'


def read_keras(file: StoredFile) -> Recognised | None:
    """The model of a .keras archive; None where it has no metadata of Keras. Raises: DamagedError."""
    with open_zip(file) as archive:
        metadata, config = read_member(archive, _METADATA), read_member(archive, _CONFIG)
    if metadata is None or config is None:
        return None
    version = version_of(parse_json(metadata), "keras_version")
    if version is None:
        return None
    document = parse_json(config)
    return Recognised(
        path=file.path,
        format=ModelFormat.KERAS,
        variant="keras",
        trained_with={"keras": version},
        signature=_signature(document),
        imports=_custom_modules(document),
    )


def read_hdf5(file: StoredFile) -> Recognised | None:
    """The model of an HDF5 file; None where Keras did not write it. Raises: RefusedError for weights alone."""
    if not file.head.startswith(HDF5_MAGIC):
        if file.suffix in SUFFIXES:
            raise DamagedError("It does not begin like an HDF5 file.")
        return None
    data = file.files.read_bytes(file.path, _HDF5_BYTES)
    if b"model_config" not in data:
        if b"layer_names" in data or b"keras_version" in data or file.path.endswith(".weights.h5"):
            raise RefusedError(Refusal(what=_NO_CODE, fix=_SAVE, needs_code=True))
        return None
    at = data.find(b"keras_version")
    version = _VERSION.search(data, at, at + _NEAR_BYTES) if at >= 0 else None
    return Recognised(
        path=file.path,
        format=ModelFormat.KERAS,
        variant="h5",
        trained_with={"keras": version.group(1).decode()} if version is not None else {},
    )


def _layers(document: dict[str, Any]) -> list[Any]:
    config = document.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    return layers if isinstance(layers, list) else []


def _custom_modules(document: dict[str, Any]) -> tuple[str, ...]:
    """The modules of layers that are not Keras' own; those that were registered name a package that is no module."""
    found = set()
    for layer in [document, *_layers(document)]:
        module = layer.get("module") if isinstance(layer, dict) else None
        top = module.partition(".")[0] if isinstance(module, str) else ""
        if isinstance(layer, dict) and top not in {"keras", ""}:
            found.add(top)
        elif isinstance(layer, dict) and isinstance(layer.get("registered_name"), str) and module is None:
            found.add("__main__")
    return tuple(sorted(found))


def _signature(document: dict[str, Any]) -> Signature | None:
    inputs = tuple(
        tensor for layer in _layers(document) if isinstance(layer, dict) and (tensor := _input(layer)) is not None
    )
    return Signature(inputs=inputs) if inputs else None


def _input(layer: dict[str, Any]) -> Tensor | None:
    if layer.get("class_name") != "InputLayer" or not isinstance(layer.get("config"), dict):
        return None
    config = layer["config"]
    shape = config.get("batch_shape")
    if not isinstance(shape, list):
        return None
    return Tensor(
        name=text_of(config, "name") or "input",
        datatype=_DATATYPES.get(str(config.get("dtype")), "FP32"),
        shape=tuple(size if isinstance(size, int) else -1 for size in shape),
    )

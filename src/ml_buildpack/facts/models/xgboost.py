"""XGBoost's own files: JSON, UBJSON, and the old binary, which only old releases read. Called by `recognition`.

Source: xgboost 3.2, "Introduction to Model IO" and `doc/model.schema`.
"""

from __future__ import annotations

import json
import re
import struct
from typing import Any

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DamagedError, StoredFile
from ml_buildpack.facts.models.ubjson import Ubjson

SUFFIXES = frozenset({".json", ".ubj", ".bst", ".xgb", ".model", ".deprecated"})
_JSON_START = re.compile(rb'\s*\{\s*"learner"\s*:')
_UBJ_START = re.compile(rb"\{(?:L\x00{7}|[iU])\x07learner\{|\{L\x00{7}\x07learner\{", re.DOTALL)
_BINARY_MAGIC = b"binf"
_BASE_SCORE_HALF = struct.pack("<f", 0.5)
# What stands around the trees, at the two ends of the file; the trees between them may be gigabytes.
_END_BYTES = 1 << 18
_VERSION = re.compile(rb'"version"\s*:\s*\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]')
_NUMBER = re.compile(rb'"(num_feature|num_class)"\s*:\s*"(\d+)"')
_OBJECTIVE = re.compile(rb'"objective"\s*:\s*\{[^{}]{0,400}"name"\s*:\s*"([\w:.-]+)"')
_LIST = re.compile(rb'"(feature_names|feature_types)"\s*:\s*(\[[^\[\]]*\])')
# Type codes of columns: quantities are floats, indicators and categories whole numbers.
_DATATYPES = {"int": "INT64", "i": "INT64", "c": "INT64"}


def read_xgboost(file: StoredFile) -> Recognised | None:
    """The booster; None where the bytes are not XGBoost's. Raises: DamagedError; RefusedError for the old binary."""
    if _JSON_START.match(file.head):
        return _recognised(file, "json", _read_json(file))
    if _UBJ_START.match(file.head):
        document = Ubjson(data=file.mapped()).value()
        return _recognised(file, "ubj", _flat(document))
    if file.head.startswith(_BINARY_MAGIC) or (
        file.suffix in {".bst", ".xgb", ".model"} and file.head.startswith(_BASE_SCORE_HALF)
    ):
        raise RefusedError(
            Refusal(
                what="XGBoost's old binary format, which no release since 3.1 reads",
                fix=(
                    "Load it where it was trained, or with xgboost 2.1.4, and save it again as model.ubj:\n"
                    '    booster = xgboost.Booster(model_file="OLD")\n    booster.save_model("model.ubj")'
                ),
            )
        )
    return None


def _read_json(file: StoredFile) -> dict[str, Any]:
    start = file.files.read_bytes(file.path, _END_BYTES)
    end = file.read_tail(_END_BYTES) if file.size_bytes > _END_BYTES else start
    version = _VERSION.search(end)
    if version is None:
        raise DamagedError("It has no version at its end, as XGBoost writes it: it may be cut off.")
    found: dict[str, Any] = {"version": [int(number) for number in version.groups()]}
    found |= {key.decode(): int(number) for key, number in _NUMBER.findall(end)}
    for key, text in _LIST.findall(start):
        found[key.decode()] = _read_list(text)
    objective = _OBJECTIVE.search(end)
    if objective is not None:
        found["objective"] = objective.group(1).decode()
    return found


def _read_list(text: bytes) -> list[Any]:
    try:
        found: list[Any] = json.loads(text)
    except ValueError as error:
        raise DamagedError(f"Its list of columns is not JSON: {str(error)[:80]}.") from error
    return found


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """The same fields from the whole document."""
    learner = document.get("learner")
    if not isinstance(learner, dict):
        raise DamagedError("It has no learner.")
    parameters = learner.get("learner_model_param") or {}
    objective = learner.get("objective") or {}
    found: dict[str, Any] = {key: learner.get(key) or [] for key in ("feature_names", "feature_types")}
    found["version"] = document.get("version") or []
    found["objective"] = objective.get("name", "")
    found["num_feature"] = int(parameters.get("num_feature") or 0)
    return found


def _recognised(file: StoredFile, variant: str, found: dict[str, Any]) -> Recognised:
    version = ".".join(str(number) for number in found.get("version") or ())
    return Recognised(
        path=file.path,
        format=ModelFormat.XGBOOST,
        variant=variant,
        trained_with={"xgboost": version} if version else {},
        facts={"objective": str(found.get("objective") or "")},
        signature=_signature(found),
    )


def _signature(found: dict[str, Any]) -> Signature | None:
    names, types = found.get("feature_names") or [], found.get("feature_types") or []
    if names and all(isinstance(name, str) for name in names):
        kinds = [*types, *[""] * len(names)]
        return Signature(
            inputs=tuple(
                Tensor(name=name, datatype=_DATATYPES.get(str(kind), "FP32"), shape=(-1,))
                for name, kind in zip(names, kinds, strict=False)
            )
        )
    count = found.get("num_feature") or 0
    return Signature(inputs=(Tensor(name="input", datatype="FP32", shape=(-1, count)),)) if count else None

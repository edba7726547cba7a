"""A model that was recognised, as values: what it is, what it was trained with, what goes in and comes out.

Knows no file format; the readers of the families make these. Called by everything in `facts.models` and by `plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ml_buildpack.facts.python_request import PythonRequest


class ModelFormat(Enum):
    """What loads the model. The values are those of the manifest, so they never change."""

    SKLEARN = "sklearn"
    XGBOOST = "xgboost"
    LIGHTGBM = "lightgbm"
    CATBOOST = "catboost"
    ONNX = "onnx"
    KERAS = "keras"
    TENSORFLOW = "tensorflow"
    TORCHSCRIPT = "torchscript"
    TORCH_EXPORT = "torch-export"
    TRANSFORMERS = "transformers"
    SENTENCE_TRANSFORMERS = "sentence-transformers"
    SPACY = "spacy"
    STATSMODELS = "statsmodels"
    PYFUNC = "mlflow-pyfunc"
    YOLO = "yolo"
    GGUF = "gguf"
    CUSTOM = "custom"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """An input or output. `datatype` is one of the Open Inference Protocol, a dimension of -1 any number."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What goes in and what comes out, as far as the file says it."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Danger:
    """A name that a pickle reaches for and that no honest model needs."""

    module: str
    name: str

    def __str__(self) -> str:
        """For example `posix.system`."""
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """One model, as its bytes describe it.

    `trained_with` holds versions by distribution, and `python` where it is known. `imports` are the top-level modules
    that loading imports. `is_helper`: it transforms inputs and predicts nothing, like a scaler. `is_partial`: the file
    was too large to be read to its end, so something may be missing here. `source` is the setting or description that
    names the model, where one does.
    """

    path: str
    format: ModelFormat
    variant: str
    trained_with: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    task: str | None = None
    signature: Signature | None = None
    example: str | None = None
    imports: tuple[str, ...] = ()
    dangers: tuple[Danger, ...] = ()
    python_requests: tuple[PythonRequest, ...] = ()
    name: str | None = None
    version: str | None = None
    is_directory: bool = False
    is_helper: bool = False
    is_partial: bool = False

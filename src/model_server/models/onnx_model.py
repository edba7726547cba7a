"""ONNX models, by onnxruntime on the CPU."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from model_server.boot import CannotStart
from model_server.models.loaded_model import LoadedModel
from model_server.models.signature import ANY, Tensor
from model_server.models.table_inputs import Rows, TableInputs
from model_server.models.tensor_inputs import TensorInputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from model_server.models.manifest import ModelEntry

_DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}


def load_onnx(entry: ModelEntry, path: Path) -> LoadedModel:
    """A session, and the graph's own inputs and outputs. Raises whatever loading does, and CannotStart."""
    import onnxruntime  # noqa: PLC0415 (there where a model needs it)

    options = onnxruntime.SessionOptions()
    # exec.d divides the container's CPUs among the workers; without it onnxruntime takes all that the node has.
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tensors = tuple(_tensor(found, entry) for found in session.get_inputs())
    columns = len(tensors) > 1 and all(tensor.is_column for tensor in tensors)
    outputs = tuple(found.name for found in session.get_outputs())
    return LoadedModel(
        inputs=TableInputs(columns=tensors) if columns else TensorInputs(tensors=tensors),
        call=_Session(session, tensors),
        outputs=outputs,
        default_outputs=outputs,
    )


class _Session:
    def __init__(self, session: Any, tensors: tuple[Tensor, ...]) -> None:  # noqa: ANN401 (an InferenceSession)
        self._session = session
        self._tensors = tensors

    def __call__(self, rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        """Only what is asked for is computed."""
        # Columns of one type came as a matrix.
        slots = rows if len(rows) == len(self._tensors) else tuple(rows[0].T)
        fed = {
            tensor.name: slot.reshape(-1, 1) if tensor.shape == (ANY, 1) else slot
            for tensor, slot in zip(self._tensors, slots)  # noqa: B905 (a slot for each)
        }
        found = self._session.run(list(outputs), fed)
        return {name: _matrix(value) for name, value in zip(outputs, found)}  # noqa: B905 (what was asked for)


def _matrix(value: Any) -> Any:  # noqa: ANN401 (an array, or what the operator ZipMap makes)
    """A list of objects, class by class, as a matrix in the order of the classes."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return np.array([list(row.values()) for row in value], dtype=np.float32)
    return value


def _tensor(found: Any, entry: ModelEntry) -> Tensor:  # noqa: ANN401 (onnxruntime.NodeArg)
    if found.type not in _DATATYPES:
        raise CannotStart(f"{entry.path} takes {found.name!r} as {found.type}, which no request can carry")
    shape = tuple(length if isinstance(length, int) else ANY for length in found.shape)
    return Tensor(name=found.name, datatype=_DATATYPES[found.type], shape=shape)

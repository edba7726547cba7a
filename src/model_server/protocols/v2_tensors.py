"""Tensors of the Open Inference Protocol, in JSON and in the binary extension, from and to arrays.

Sources: Open Inference Protocol v2, "Tensor Data"; Triton, "Binary Tensor Data Extension".
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model_server.models.conversion import read_json
from model_server.models.refusals import BadInput
from model_server.models.signature import DTYPES, datatype_of
from model_server.protocols.exchange import Refusal

if TYPE_CHECKING:
    from model_server.models.conversion import Array

BINARY_HEADER = "inference-header-content-length"
OCTETS = "application/octet-stream"
_LENGTH = struct.Struct("<I")


@dataclass
class Buffers:
    """What follows the JSON of a binary request, taken from the front in the order of the inputs."""

    data: memoryview

    def take(self, size: int, where: str) -> memoryview:
        """The next `size` bytes. Raises: Refusal (400)."""
        if size > len(self.data):
            raise Refusal(400, f"{where} says {size} bytes, and {len(self.data)} are left in the body")
        taken, self.data = self.data[:size], self.data[size:]
        return taken


def split_body(body: bytes, header_length: str | None) -> tuple[bytes, Buffers]:
    """The JSON and what follows it. Raises: Refusal (400)."""
    if header_length is None:
        return body, Buffers(memoryview(b""))
    if not (header_length.isascii() and header_length.isdecimal()) or int(header_length) > len(body):
        raise Refusal(400, f"Inference-Header-Content-Length is {header_length!r}, and the body has {len(body)} bytes")
    length = int(header_length)
    return body[:length], Buffers(memoryview(body)[length:])


def read_tensors(inputs: object, buffers: Buffers) -> dict[str, Array]:
    """The request's inputs by name. Raises: Refusal (400), BadInput."""
    if not isinstance(inputs, list) or not inputs:
        raise Refusal(400, "`inputs` must be a list with at least one tensor")
    found: dict[str, Array] = {}
    for position, tensor in enumerate(inputs):
        if not isinstance(tensor, dict):
            raise Refusal(400, f"`inputs[{position}]` must be an object")
        name = tensor.get("name")
        if not isinstance(name, str):
            raise Refusal(400, f"`inputs[{position}].name` must be a string")
        if name in found:
            raise Refusal(400, f"the input {name!r} is there twice")
        found[name] = _read_tensor(tensor, f"the input {name!r}", buffers)
    if len(buffers.data):
        raise Refusal(400, f"{len(buffers.data)} bytes of the body belong to no input")
    return found


def _read_tensor(tensor: dict[str, Any], where: str, buffers: Buffers) -> Array:
    datatype, shape = tensor.get("datatype"), tensor.get("shape")
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise Refusal(400, f"{where} has the datatype {datatype!r}; it must be one of {', '.join(DTYPES)}")
    if not isinstance(shape, list) or not all(type(length) is int and length >= 0 for length in shape):
        raise Refusal(400, f"{where} must have a `shape`, a list of whole numbers")
    parameters = tensor.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None:
        if type(size) is not int or size < 0 or "data" in tensor:
            raise Refusal(400, f"{where} must have either `data` or a `binary_data_size` that is a whole number")
        return _read_binary(buffers.take(size, where), datatype, tuple(shape), where)
    if "data" not in tensor:
        raise Refusal(400, f"{where} has no `data`")
    return _shaped(read_json(tensor["data"], datatype, where), tuple(shape), where)


def _shaped(found: Array, shape: tuple[int, ...], where: str) -> Array:
    """Nested as the shape says, or flat."""
    if found.shape == shape or (found.ndim == 1 and found.size == math.prod(shape)):
        shaped: Array = found.reshape(shape)
        return shaped
    raise BadInput(f"{where} has the shape {list(shape)}, and its data has {list(found.shape)}")


def _read_binary(data: memoryview, datatype: str, shape: tuple[int, ...], where: str) -> Array:
    count = math.prod(shape)
    if datatype == "BYTES":
        return np.array(_read_strings(data, count, where), dtype=object).reshape(shape)
    dtype = np.dtype(DTYPES[datatype])
    if len(data) != count * dtype.itemsize:
        raise Refusal(400, f"{where} has {len(data)} bytes, and its shape and datatype need {count * dtype.itemsize}")
    # A copy: models may write to what they are given, and the body cannot be written to.
    found: Array = np.frombuffer(data, dtype=dtype).reshape(shape).copy()
    return found


def _read_strings(data: memoryview, count: int, where: str) -> list[str]:
    found: list[str] = []
    position = 0
    while position < len(data) and len(found) <= count:
        if position + _LENGTH.size > len(data):
            raise Refusal(400, f"{where} ends within the length of a string")
        (length,) = _LENGTH.unpack_from(data, position)
        start, position = position + _LENGTH.size, position + _LENGTH.size + length
        if position > len(data):
            raise Refusal(400, f"{where} ends within a string")
        try:
            found.append(bytes(data[start:position]).decode())
        except UnicodeDecodeError:
            raise Refusal(400, f"{where} has a string that is not UTF-8") from None
    if len(found) != count:
        raise Refusal(400, f"{where} must have {count} strings, and has {len(found)}")
    return found


def write_tensor(name: str, array: Array, *, binary: bool) -> tuple[dict[str, Any], bytes]:
    """The tensor's JSON, and its bytes if it is binary."""
    datatype = datatype_of(array.dtype.kind, array.dtype.itemsize)
    head: dict[str, Any] = {"name": name, "shape": list(array.shape), "datatype": datatype}
    if not binary:
        return {**head, "data": np.ascontiguousarray(array).reshape(-1)}, b""
    data = _write_strings(array) if datatype == "BYTES" else np.ascontiguousarray(array, DTYPES[datatype]).tobytes()
    return {**head, "parameters": {"binary_data_size": len(data)}}, data


def _write_strings(array: Array) -> bytes:
    encoded = [str(value).encode() for value in array.flat]
    return b"".join(part for text in encoded for part in (_LENGTH.pack(len(text)), text))

"""ONNX: which operators it needs, what goes in and what comes out, from the protocol buffer itself.

Only what lies around the weights is read. Called by `recognition`. Source: onnx 1.19, `onnx.proto3`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.protobuf import Message
from ml_buildpack.facts.models.stored import DamagedError, StoredFile

SUFFIXES = frozenset({".onnx"})
# ModelProto: ir_version, producer_name, producer_version, graph, opset_import.
_IR, _PRODUCER, _PRODUCER_VERSION, _GRAPH, _OPSETS = 1, 2, 3, 7, 8
# GraphProto: initializer, input, output.
_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12
# TensorProto.DataType → the datatypes of the Open Inference Protocol.
DATATYPES = {1: "FP32", 2: "UINT8", 3: "INT8", 4: "UINT16", 5: "INT16", 6: "INT32", 7: "INT64", 8: "BYTES", 9: "BOOL",
             10: "FP16", 11: "FP64", 12: "UINT32", 13: "UINT64", 16: "BF16"}  # fmt: skip
_NODES_MAX = 200_000


def read_onnx(file: StoredFile) -> Recognised | None:
    """The model; None where the bytes are not ONNX. Raises: DamagedError."""
    if not file.head.startswith(b"\x08"):
        if file.suffix in SUFFIXES:
            raise DamagedError("It is called .onnx, and does not begin like one.")
        return None
    # A mapping, so that weights of gigabytes are passed over without being read.
    return _recognised(file, _summarise(Message(file.mapped())))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Summary:
    ir: int | None
    producer: str
    opsets: tuple[tuple[str, int], ...]
    signature: Signature


def _summarise(model: Message) -> _Summary:
    ir: int | None = None
    producer = ["", ""]
    opsets: dict[str, int] = {}
    graph: Message | None = None
    for number, value in model.fields():
        if number == _IR and isinstance(value, int):
            ir = value
        elif isinstance(value, int):
            continue
        elif number in {_PRODUCER, _PRODUCER_VERSION}:
            producer[number - _PRODUCER] = bytes(value[:100]).decode("utf-8", "replace")
        elif number == _OPSETS:
            opset = Message(value)
            opsets[opset.text(1) or "ai.onnx"] = opset.integer(2) or 0
        elif number == _GRAPH:
            graph = Message(value)
    if graph is None or not opsets:
        raise DamagedError("It has no graph, or does not say which operators it needs.")
    signature = _signature(graph)
    return _Summary(
        ir=ir, producer=" ".join(producer).strip(), opsets=tuple(sorted(opsets.items())), signature=signature
    )


def _signature(graph: Message) -> Signature:
    initializers: set[str] = set()
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []
    for count, (number, value) in enumerate(graph.fields()):
        if count > _NODES_MAX:
            break
        if isinstance(value, int):
            continue
        if number == _INITIALIZER:
            initializers.add(Message(value).text(8))
        elif number == _INPUT:
            inputs += _tensors(Message(value))
        elif number == _OUTPUT:
            outputs += _tensors(Message(value))
    # Before version 4 of the format, weights had to be among the inputs.
    return Signature(
        inputs=tuple(tensor for tensor in inputs if tensor.name not in initializers), outputs=tuple(outputs)
    )


def _tensors(info: Message) -> Iterator[Tensor]:
    """ValueInfoProto; nothing for sequences and maps, which the protocol does not have."""
    type_ = info.first(2)
    tensor = type_.first(1) if type_ is not None else None
    if tensor is None:
        return
    shape = tensor.first(2)
    dimensions = tuple(_dimension(item) for item in shape.all(1)) if shape is not None else ()
    yield Tensor(name=info.text(1), datatype=DATATYPES.get(tensor.integer(1) or 0, "BYTES"), shape=dimensions)


def _dimension(dimension: Message) -> int:
    size = dimension.integer(1)
    return size if size is not None and size > 0 else -1


def _recognised(file: StoredFile, summary: _Summary) -> Recognised:
    facts = {f"opset {domain}": str(version) for domain, version in summary.opsets}
    facts |= {"ir": str(summary.ir)} if summary.ir is not None else {}
    facts |= {"producer": summary.producer} if summary.producer else {}
    return Recognised(path=file.path, format=ModelFormat.ONNX, variant="onnx", facts=facts, signature=summary.signature)

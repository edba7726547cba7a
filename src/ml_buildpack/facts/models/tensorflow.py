"""TensorFlow's SavedModel, a directory. Called by `directories`.

Source: TensorFlow 2.20, `saved_model.proto`, `meta_graph.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.protobuf import Message
from ml_buildpack.facts.models.stored import DamagedError, StoredFile

SAVED_MODEL = "saved_model.pb"
# SavedModel.meta_graphs; MetaGraphDef: meta_info_def, signature_def; MetaInfoDef: tags, tensorflow_version.
_META_GRAPHS, _META_INFO, _SIGNATURES, _TAGS, _VERSION = 2, 1, 5, 4, 5
_SERVING = "serving_default"
# DataType of `types.proto` → Open Inference Protocol.
_DATATYPES = {1: "FP32", 2: "FP64", 3: "INT32", 4: "UINT8", 5: "INT16", 6: "INT8", 7: "BYTES", 9: "INT64", 10: "BOOL",
              14: "BF16", 17: "UINT16", 19: "FP16", 22: "UINT32", 23: "UINT64"}  # fmt: skip


def read_saved_model(file: StoredFile) -> Recognised:
    """The model of the directory that the file lies in. Raises: DamagedError."""
    graph = _serving_graph(Message(file.mapped()))
    info = graph.first(_META_INFO)
    version = info.text(_VERSION) if info is not None else ""
    signature = _signature(graph)
    directory = file.path.rpartition("/")[0]
    # Keras leaves this beside what it saves; TensorFlow alone does not.
    keras = f"{directory}/keras_metadata.pb".removeprefix("/") in file.files
    return Recognised(
        path=directory or ".",
        format=ModelFormat.TENSORFLOW,
        variant="saved-model",
        trained_with={"tensorflow": version} if version[:1].isdigit() else {},
        facts={"keras": "metadata"} if keras else {},
        signature=signature,
        is_directory=True,
    )


def _serving_graph(model: Message) -> Message:
    graphs = tuple(model.all(_META_GRAPHS))
    for graph in graphs:
        info = graph.first(_META_INFO)
        if info is not None and any(bytes(tag.data) == b"serve" for tag in info.all(_TAGS)):
            return graph
    if not graphs:
        raise DamagedError("It holds no graph.")
    return graphs[0]


def _signature(graph: Message) -> Signature | None:
    """`serving_default`, or the only signature there is besides TensorFlow's own."""
    signatures = {entry.text(1): entry.first(2) for entry in graph.all(_SIGNATURES)}
    own = [found for name, found in signatures.items() if not name.startswith("__")]
    chosen = signatures.get(_SERVING) or (own[0] if len(own) == 1 else None)
    if chosen is None:
        return None
    return Signature(inputs=tuple(_tensors(chosen, 1)), outputs=tuple(_tensors(chosen, 2)))


def _tensors(signature: Message, number: int) -> Iterator[Tensor]:
    """The entries of a map from names to TensorInfo, sorted: maps have no order."""
    entries = {entry.text(1): entry.first(2) for entry in signature.all(number)}
    for name, info in sorted(entries.items()):
        if info is None:
            continue
        shape = info.first(3)
        sizes = tuple(dimension.integer(1) or 0 for dimension in shape.all(2)) if shape is not None else ()
        yield Tensor(name=name, datatype=_DATATYPES.get(info.integer(2) or 0, "BYTES"), shape=sizes)

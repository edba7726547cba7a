"""PyTorch's archives: TorchScript, torch.export, YOLO's weights, and what cannot be served without its code.

Called by `recognition`. Source: torch 2.9, `serialization.py`, `torch/csrc/jit/serialization`, `export/pt2_archive`.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised, Signature, Tensor
from ml_buildpack.facts.models.json_text import parse_json, version_of
from ml_buildpack.facts.models.libraries import find_dangers, imported_modules
from ml_buildpack.facts.models.pickle_scan import PickleScan, scan_pickle
from ml_buildpack.facts.models.pickle_values import Instance
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DamagedError, StoredFile, open_zip, stream_member

SUFFIXES = frozenset({".pt", ".pth", ".pt2", ".ts", ".bin", ".ckpt", ".torchscript"})
_LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_EXPORT_MODELS = re.compile(r"(?:.*/)?(?:models/[^/]+\.json|serialized_exported_program\.json)")
_EXPORT_MARK = re.compile(r"(?:.*/)?archive_format")
_SCALARS = {
    1: "UINT8",
    2: "INT8",
    3: "INT16",
    4: "INT32",
    5: "INT64",
    6: "FP16",
    7: "FP32",
    8: "FP64",
    12: "BOOL",
    13: "BF16",
}
_EXPORT = (
    "Write a predict.py beside it with load(model_dir) and predict(model, inputs), or save the module with its code:\n"
    '    torch.jit.script(module.eval()).save("model.pt")'
)
STATE_DICT = Refusal(
    what="a state dict: the weights of a PyTorch module, without the code that computes with them",
    fix=_EXPORT,
    needs_code=True,
)
_MODULE = Refusal(
    what="a pickled PyTorch module, which is tied to the files of code that it was saved beside",
    fix=_EXPORT,
    needs_code=True,
)


def read_torch(file: StoredFile) -> Recognised | None:
    """The model of a zip archive; None where PyTorch did not write it. Raises: DamagedError, RefusedError."""
    with open_zip(file) as archive:
        names = archive.namelist()
        exported = next((name for name in names if _EXPORT_MODELS.fullmatch(name)), None)
        if exported is not None or any(_EXPORT_MARK.fullmatch(name) for name in names):
            return _read_export(file, archive, exported)
        pickled = next((name for name in names if name.endswith("/data.pkl") or name == "data.pkl"), None)
        if pickled is None:
            return None
        root = pickled.removesuffix("data.pkl")
        if any(name.startswith(f"{root}code/") for name in names) and f"{root}constants.pkl" in names:
            return Recognised(path=file.path, format=ModelFormat.TORCHSCRIPT, variant="torchscript")
        with stream_member(archive, pickled) as source:
            return _read_pickled(file, scan_pickle(source))


def read_legacy_torch(file: StoredFile) -> None:
    """Nothing, unless the file is of the format before torch 1.6. Raises: RefusedError."""
    if file.head.startswith(_LEGACY):
        raise RefusedError(
            Refusal(what="PyTorch's format from before version 1.6, weights or a module", fix=_EXPORT, needs_code=True)
        )


def _read_pickled(file: StoredFile, scan: PickleScan) -> Recognised:
    modules = imported_modules(scan.globals)
    root: Mapping[object, object] = scan.root if isinstance(scan.root, dict) else {}
    dangers = find_dangers(scan.globals)
    if "ultralytics" in modules:
        return _read_yolo(file, root, modules)
    if dangers:
        return Recognised(path=file.path, format=ModelFormat.CUSTOM, variant="pickle", imports=modules, dangers=dangers)
    if isinstance(scan.root, Instance) and scan.root.path != "collections.OrderedDict":
        raise RefusedError(_MODULE)
    raise RefusedError(STATE_DICT)


def _read_yolo(file: StoredFile, root: Mapping[object, object], modules: tuple[str, ...]) -> Recognised:
    version, arguments = root.get("version"), root.get("train_args")
    task = arguments.get("task") if isinstance(arguments, dict) else None
    return Recognised(
        path=file.path,
        format=ModelFormat.YOLO,
        variant="pt",
        trained_with={"ultralytics": version} if isinstance(version, str) and version[:1].isdigit() else {},
        task=task if isinstance(task, str) else None,
        imports=modules,
    )


def _read_export(file: StoredFile, archive: zipfile.ZipFile, exported: str | None) -> Recognised:
    if exported is None:
        raise DamagedError("It has no description of its program, as torch.export writes it.")
    # The tables of a large program are many megabytes; only their ends would tell the inputs.
    info = archive.getinfo(exported)
    document = {} if info.file_size > 1 << 23 else parse_json(archive.read(info))
    version = version_of(document, "torch_version")
    return Recognised(
        path=file.path,
        format=ModelFormat.TORCH_EXPORT,
        variant="pt2",
        trained_with={"torch": version.partition("+")[0]} if version is not None else {},
        signature=_export_signature(document),
    )


def _export_signature(document: dict[str, object]) -> Signature | None:
    """The user's inputs, in order, with the sizes of the example; symbolic sizes are any."""
    module = document.get("graph_module")
    try:
        specs = module["signature"]["input_specs"]  # type: ignore[index]  # whatever is missing ends in None
        values = module["graph"]["tensor_values"]  # type: ignore[index]
        names = [spec["user_input"]["arg"]["as_tensor"]["name"] for spec in specs if "user_input" in spec]
        inputs = tuple(_export_tensor(name, values[name]) for name in names)
    except (KeyError, TypeError, AttributeError):
        return None
    return Signature(inputs=inputs) if inputs else None


def _export_tensor(name: str, value: dict[str, object]) -> Tensor:
    sizes = value["sizes"]
    shape = tuple(size.get("as_int", -1) for size in sizes)  # type: ignore[attr-defined]
    return Tensor(name=name, datatype=_SCALARS.get(int(str(value["dtype"])), "FP32"), shape=shape)

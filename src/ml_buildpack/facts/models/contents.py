"""Which model a single file is: by its first bytes, and by its name only where the bytes leave it open.

Called by `recognition`, and by the readers of directories that point at a file.
"""

from __future__ import annotations

from collections.abc import Callable

from ml_buildpack.facts.models import catboost, gguf, keras, lightgbm, onnx, pickled, safetensors, skops, torch, xgboost
from ml_buildpack.facts.models.artifact import Recognised
from ml_buildpack.facts.models.foreign import find_foreign, is_mojo
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DamagedError, StoredFile, open_zip, stored_file
from ml_buildpack.facts.project_files import ProjectFiles

Reader = Callable[[StoredFile], Recognised | None]
# A file of such a name that no reader knows is a mistake, not a file of something else.
OF_MODELS_ALONE = frozenset({".cbm", ".gguf", ".keras", ".onnx", ".pt2", ".skops", ".ubj", ".safetensors"})
FOREIGN_SUFFIXES = frozenset({".pmml", ".mojo", ".mar", ".pdmodel", ".pdiparams", ".xml"})
SUFFIXES = (
    pickled.SUFFIXES | xgboost.SUFFIXES | lightgbm.SUFFIXES | catboost.SUFFIXES | onnx.SUFFIXES | keras.SUFFIXES
    | torch.SUFFIXES | safetensors.SUFFIXES | gguf.SUFFIXES | skops.SUFFIXES | FOREIGN_SUFFIXES
)  # fmt: skip
_ZIP = b"PK\x03\x04"
_ZIP_SUFFIXES = torch.SUFFIXES | skops.SUFFIXES | {".keras", ".mojo", ".zip", ".pkl"}
# By their first bytes, which are nobody else's.
_BY_CONTENT: tuple[Reader, ...] = (
    gguf.read_gguf,
    lightgbm.read_lightgbm,
    xgboost.read_xgboost,
    catboost.read_catboost,
)
_WEIGHTS = Refusal(
    what="weights without the code that computes with them",
    fix=(
        "Put the files that were saved beside it into the same directory (config.json, and the tokenizer's), or a"
        " predict.py with load(model_dir) and predict(model, inputs)."
    ),
    needs_code=True,
)


def read_file(files: ProjectFiles, path: str, size_bytes: int) -> Recognised | None:
    """The model in that file; None where it holds something else. Raises: DamagedError, RefusedError, OSError."""
    file = stored_file(files, path, size_bytes)
    foreign = find_foreign(file)
    if foreign is not None:
        raise RefusedError(foreign)
    found = _read_known(file)
    if found is None and file.suffix in OF_MODELS_ALONE:
        raise DamagedError(f"Its first bytes are not those of a {file.suffix} file.")
    return found


def _read_known(file: StoredFile) -> Recognised | None:
    if file.head.startswith(_ZIP):
        return _read_zip(file) if file.suffix in _ZIP_SUFFIXES else None
    if file.suffix in safetensors.SUFFIXES:
        safetensors.check_safetensors(file)
        raise RefusedError(_WEIGHTS)
    if file.suffix in keras.SUFFIXES - {".keras"} or file.head.startswith(keras.HDF5_MAGIC):
        return keras.read_hdf5(file)
    for reader in _BY_CONTENT:
        found = reader(file)
        if found is not None:
            return found
    if file.suffix in onnx.SUFFIXES:
        return onnx.read_onnx(file)
    torch.read_legacy_torch(file)
    return pickled.read_pickled(file) if pickled.is_pickle(file) else None


def _read_zip(file: StoredFile) -> Recognised | None:
    readers: tuple[Reader, ...] = (skops.read_skops, keras.read_keras, torch.read_torch)
    for reader in readers:
        found = reader(file)
        if found is not None:
            return found
    with open_zip(file) as archive:
        if is_mojo(archive.namelist()):
            raise RefusedError(
                Refusal(
                    what="an H2O MOJO, which needs a Java virtual machine, which this image does not have",
                    fix="Export the model to ONNX, or train the same one with a Python library.",
                )
            )
    return None

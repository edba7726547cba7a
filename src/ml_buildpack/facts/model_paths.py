"""Which files and folders of a project are models, by their names and sizes: what is worth a layer of its own.

Names alone do not say what can be served, and nothing is opened here. Called by the observation of a build.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ml_buildpack.facts.project_files import ProjectFile, ProjectFiles

# What libraries write by default, and what their documentation's examples call it.
MODEL_SUFFIXES = frozenset(
    {".bin", ".bst", ".caffemodel", ".cbm", ".ckpt", ".cloudpickle", ".dill", ".engine", ".ggml", ".gguf", ".h5",
     ".hdf5", ".joblib", ".keras", ".lgb", ".mar", ".mlmodel", ".model", ".nemo", ".npy", ".npz", ".onnx", ".orbax",
     ".params", ".pb", ".pdiparams", ".pdmodel", ".pdparams", ".pickle", ".pkl", ".pmml", ".pt", ".pt2", ".pth",
     ".safetensors", ".skops", ".tflite", ".ubj", ".weights", ".xgb"},
)  # fmt: skip
# Nobody writes code of this size: larger is weights or data, whatever its name.
LARGE_FILE_MIN_BYTES = 8_000_000
_CODE_SUFFIXES = frozenset({".py", ".pyi", ".ipynb"})
# A folder with one of these is one model: MLflow, TensorFlow, diffusers, sentence-transformers, PEFT, Triton, Orbax.
_FOLDER_MARKS = frozenset(
    {"MLmodel", "saved_model.pb", "model_index.json", "modules.json", "adapter_config.json", "config.pbtxt",
     "_CHECKPOINT_METADATA"},
)  # fmt: skip
# transformers and its like: this file beside weights. Alone it may be anything's configuration.
_HUGGING_FACE_MARK = "config.json"
_HUGGING_FACE_WEIGHTS = frozenset({".safetensors", ".bin", ".h5", ".msgpack", ".onnx", ".gguf"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFile:
    """A regular file with its size in bytes. `is_known` is whether its suffix is one of models."""

    path: str
    size_bytes: int
    is_known: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFolder:
    """A folder that is one model and holds no code, with all its files."""

    path: str
    files: tuple[ModelFile, ...]

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.files)


ModelPath = ModelFile | ModelFolder


def find_model_paths(files: ProjectFiles) -> tuple[ModelPath, ...]:
    """The outermost folders that are models, and the model files that are in none of them; sorted by path.

    Symbolic links are left out: they are no bytes of their own. The folder of the application is never one model,
    because it holds the code.
    """
    folders = _find_folders(files)
    single = (_model_file(file) for file in files.files if not _is_inside(file.path, folders) and _is_model(file))
    found: list[ModelPath] = [file for file in single if not _is_link(files, file)]
    for folder in folders:
        inside = (_model_file(file) for file in files.files if file.path.startswith(f"{folder}/"))
        found.append(ModelFolder(path=folder, files=tuple(file for file in inside if not _is_link(files, file))))
    return tuple(sorted(found, key=lambda model: model.path))


def _find_folders(files: ProjectFiles) -> frozenset[str]:
    marked = {_parent(file.path) for file in files.files if file.name in _FOLDER_MARKS}
    with_weights = {
        _parent(file.path) for file in files.files if PurePosixPath(file.path).suffix.lower() in _HUGGING_FACE_WEIGHTS
    }
    marked |= {folder for folder in with_weights if f"{folder}/{_HUGGING_FACE_MARK}" in files}
    # A change of the code must not export the model that lies beside it.
    with_code = {
        folder
        for file in files.files
        if PurePosixPath(file.path).suffix.lower() in _CODE_SUFFIXES
        for folder in _folders_above(file.path)
    }
    candidates = marked - with_code - {""}
    return frozenset(folder for folder in candidates if not candidates & set(_folders_above(folder)))


def _is_model(file: ProjectFile) -> bool:
    suffix = PurePosixPath(file.path).suffix.lower()
    return suffix in MODEL_SUFFIXES or (file.size_bytes >= LARGE_FILE_MIN_BYTES and suffix not in _CODE_SUFFIXES)


def _is_link(files: ProjectFiles, file: ModelFile) -> bool:
    return (files.root / file.path).is_symlink()


def _model_file(file: ProjectFile) -> ModelFile:
    suffix = PurePosixPath(file.path).suffix.lower()
    return ModelFile(path=file.path, size_bytes=file.size_bytes, is_known=suffix in MODEL_SUFFIXES)


def _is_inside(path: str, folders: frozenset[str]) -> bool:
    return any(folder in folders for folder in _folders_above(path))


def _folders_above(path: str) -> Iterator[str]:
    """Every folder that the path is in, the innermost first; not the folder of the application."""
    while path := _parent(path):
        yield path


def _parent(path: str) -> str:
    return path.rpartition("/")[0]

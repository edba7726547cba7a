"""Which model a directory is, by the file in it that describes it. Called by `recognition` and `mlflow_model`."""

from __future__ import annotations

from ml_buildpack.facts.models.artifact import Recognised
from ml_buildpack.facts.models.huggingface import (
    CONFIG,
    META,
    MODULES,
    read_sentence_transformers,
    read_spacy,
    read_transformers,
)
from ml_buildpack.facts.models.stored import stored_file
from ml_buildpack.facts.models.tensorflow import SAVED_MODEL, read_saved_model
from ml_buildpack.facts.project_files import ProjectFiles

# In the order in which they are asked: a directory of sentence-transformers has a config.json too.
DESCRIPTIONS = (MODULES, SAVED_MODEL, META, CONFIG)


def read_directory(files: ProjectFiles, directory: str) -> Recognised | None:
    """The model that the directory itself is; empty for the project's own.

    Raises: DamagedError, RefusedError, OSError.
    """
    prefix = f"{directory}/" if directory else ""
    if f"{prefix}{MODULES}" in files:
        found = read_sentence_transformers(files, directory)
        if found is not None:
            return found
    path = f"{prefix}{SAVED_MODEL}"
    if path in files:
        return read_saved_model(stored_file(files, path, files.size_of(path)))
    if f"{prefix}{META}" in files:
        found = read_spacy(files, directory)
        if found is not None:
            return found
    return read_transformers(files, directory) if f"{prefix}{CONFIG}" in files else None

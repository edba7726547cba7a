"""MLServer's `model-settings.json`: which model, and what it is called. Called by `recognition`.

Source: MLServer 1.7, `settings.py`.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from ml_buildpack.facts.models.json_text import read_json, text_of
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DamagedError
from ml_buildpack.facts.project_files import ProjectFiles

MODEL_SETTINGS = "model-settings.json"
# MLServer's own runtimes load what we load by ourselves; any other class is somebody's code.
_OWN_RUNTIMES = "mlserver_"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedModel:
    """`path` is the file or directory that the settings mean; the directory that they lie in, where they name none."""

    settings: str
    path: str
    name: str | None
    version: str | None


def read_model_settings(files: ProjectFiles, path: str) -> NamedModel:
    """What the file says. Raises: DamagedError; RefusedError for a runtime that is the user's own code."""
    document = read_json(files, path)
    if document is None:
        raise DamagedError("It is not there.")
    implementation = text_of(document, "implementation") or ""
    if implementation and not implementation.startswith(_OWN_RUNTIMES):
        raise RefusedError(
            Refusal(
                what=f"served by {implementation}, a runtime of its own",
                fix="Write its load() and predict() into a predict.py: load(model_dir) and predict(model, inputs).",
                needs_code=True,
            )
        )
    uri = text_of(document, "parameters", "uri") or "."
    if "://" in uri:
        raise RefusedError(
            Refusal(
                what="stored elsewhere than in this directory", fix=f"Put the model itself here, and name it: {path}."
            )
        )
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), uri))
    if target.startswith(("..", "/")):
        raise DamagedError(f'It names "{uri}", which is not in the project.')
    return NamedModel(
        settings=path,
        path="" if target == "." else target,
        name=text_of(document, "name"),
        version=text_of(document, "parameters", "version"),
    )

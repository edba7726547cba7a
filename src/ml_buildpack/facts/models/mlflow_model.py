"""A directory of MLflow: the flavour that we load ourselves, else what only MLflow's own loader understands.

Called by `recognition`. Source: MLflow 3, "MLflow Models", and the flavours' `__init__.py`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.conda.yaml_text import YamlValue, read_yaml
from ml_buildpack.facts.models.artifact import Danger, ModelFormat, Recognised
from ml_buildpack.facts.models.contents import read_file
from ml_buildpack.facts.models.directories import read_directory
from ml_buildpack.facts.models.libraries import find_dangers
from ml_buildpack.facts.models.mlflow_signature import read_signature
from ml_buildpack.facts.models.pickled import scan_file
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DESCRIPTION_BYTES_MAX, DamagedError, stored_file
from ml_buildpack.facts.project_files import ProjectFiles

MLMODEL = "MLmodel"
_FUNCTION = "python_function"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Flavor:
    """A flavour that we load ourselves: its name, where its data lies if no key says it, and its version's key."""

    name: str
    distribution: str
    version: str
    paths: tuple[str, ...]


# In the order in which they are taken; a model has one of them, and python_function.
_NATIVE = tuple(
    _Flavor(name=name, distribution=distribution, version=version, paths=tuple(paths.split()))
    for name, distribution, version, paths in (
        ("xgboost", "xgboost", "xgb_version", "model.ubj model.json model.xgb"),
        ("lightgbm", "lightgbm", "lgb_version", "model.lgb model.skops model.pkl"),
        ("catboost", "catboost", "catboost_version", "model.cb"),
        ("sklearn", "scikit-learn", "sklearn_version", "model.skops model.pkl"),
        ("onnx", "onnx", "onnx_version", "model.onnx"),
        (
            "sentence_transformers",
            "sentence-transformers",
            "sentence_transformers_version",
            "model.sentence_transformer",
        ),
        ("transformers", "transformers", "transformers_version", "model"),
        ("spacy", "spacy", "spacy_version", "model.spacy"),
        ("statsmodels", "statsmodels", "statsmodels_version", "model.statsmodels"),
        ("keras", "keras", "keras_version", "data/model.keras data/model.h5"),
        ("tensorflow", "keras", "keras_version", "data/model.keras data/model.h5 data/model tf2model"),
        ("pytorch", "torch", "pytorch_version", "data/model.pt2"),
    )
)
_PATH_KEYS = ("model_path", "pickled_model", "data", "model_binary")
_JVM = {"spark": "Spark ML", "h2o": "H2O", "johnsnowlabs": "John Snow Labs", "mleap": "MLeap"}


def read_mlflow_model(files: ProjectFiles, directory: str) -> Recognised:
    """The model of a directory with an MLmodel. Raises: DamagedError, RefusedError, OSError."""
    path = posixpath.join(directory, MLMODEL)
    document = _read_document(files, path)
    described = document.get("flavors")
    flavors = dict(described.entries() or ()) if described is not None else {}
    _refuse(flavors)
    function = flavors[_FUNCTION]
    found = _read_native(files, directory, flavors) or _as_pyfunc(files, directory, flavors, function)
    return _described(files, directory, document, found, function)


def _read_document(files: ProjectFiles, path: str) -> YamlValue:
    if files.size_of(path) > DESCRIPTION_BYTES_MAX:
        raise DamagedError(f"It is larger than {DESCRIPTION_BYTES_MAX >> 20} MiB.")
    try:
        document = read_yaml(files, path)
    except RecursionError as error:
        raise DamagedError("It is nested too deeply.") from error
    if isinstance(document, Mistake) or document is None:
        raise DamagedError(document.detail if isinstance(document, Mistake) else "It is empty.")
    return document


def _refuse(flavors: Mapping[str, YamlValue]) -> None:
    foreign = next((words for name, words in _JVM.items() if name in flavors), None)
    if foreign is not None:
        raise RefusedError(
            Refusal(
                what=f"an MLflow model of {foreign}, which needs a Java virtual machine; this image has none",
                fix="Log the model in a flavour without Java, for example onnx.",
            )
        )
    if "crate" in flavors:
        raise RefusedError(Refusal(what="an MLflow model of R", fix="Train the same model with a Python library."))
    if _FUNCTION not in flavors:
        raise RefusedError(
            Refusal(
                what="an MLflow model without the flavour python_function, which MLflow itself cannot serve",
                fix="Log it again with a flavour that has one, or as a custom model: mlflow.pyfunc.log_model(…).",
            )
        )


def _text(value: YamlValue | None, key: str) -> str | None:
    found = value.get(key) if value is not None else None
    return found.text if found is not None else None


def _read_native(files: ProjectFiles, directory: str, flavors: Mapping[str, YamlValue]) -> Recognised | None:
    """The model inside, as its own format describes it; None where only MLflow's loader knows what to do with it."""
    flavor = next((flavor for flavor in _NATIVE if flavor.name in flavors), None)
    if flavor is None:
        return None
    own = flavors[flavor.name]
    named = [text.replace("\\", "/") for key in _PATH_KEYS if (text := _text(own, key)) is not None]
    for relative in dict.fromkeys((*named, *flavor.paths)):
        path = posixpath.normpath(posixpath.join(directory, relative))
        try:
            found = _read_at(files, path)
        except RefusedError:
            # What cannot be read without its code can be loaded by MLflow, which has it in `code/`.
            continue
        if found is not None:
            version = _text(own, flavor.version)
            versions = {flavor.distribution: version} if version is not None else {}
            task = _text(own, "task") or found.task
            return replace(found, trained_with={**found.trained_with, **versions}, task=task)
    return None


def _read_at(files: ProjectFiles, path: str) -> Recognised | None:
    if path.startswith(".."):
        raise DamagedError(f'It names "{path}", which is not in its directory.')
    if path in files:
        return read_file(files, path, files.size_of(path))
    return read_directory(files, path)


def _as_pyfunc(
    files: ProjectFiles, directory: str, flavors: Mapping[str, YamlValue], function: YamlValue
) -> Recognised:
    names = [name for name in flavors if name != _FUNCTION]
    code = _text(function, "model_code_path")
    variant = "models-from-code" if code is not None else names[0] if names else "python-model"
    version = _text(function, "cloudpickle_version")
    facts = {"loader": _text(function, "loader_module") or ""}
    # A class that was pickled by value is bytecode, which belongs to one minor version of Python.
    pickled = _text(function, "python_model")
    if pickled is not None:
        facts["cloudpickle"] = "functions"
    return Recognised(
        path=directory or ".",
        format=ModelFormat.PYFUNC,
        variant=variant,
        trained_with={"cloudpickle": version} if version is not None else {},
        facts=facts,
        dangers=_dangers_of(files, posixpath.normpath(posixpath.join(directory, pickled)))
        if pickled is not None
        else (),
        is_directory=True,
    )


def _dangers_of(files: ProjectFiles, path: str) -> tuple[Danger, ...]:
    """What the pickle of a custom model reaches for. Its class itself is code of its author's, and welcome."""
    if path not in files:
        raise DamagedError(f"It names {path}, which is not there.")
    return find_dangers(scan_file(stored_file(files, path, files.size_of(path))).globals)


def _described(
    files: ProjectFiles, directory: str, document: YamlValue, found: Recognised, function: YamlValue
) -> Recognised:
    """What the MLmodel adds to what the model inside says."""
    python, mlflow = _text(function, "python_version"), _text(document, "mlflow_version")
    versions = {name: text for name, text in (("python", python), ("mlflow", mlflow)) if text is not None}
    signature = document.get("signature")
    example = posixpath.join(directory, "serving_input_example.json")
    name = _text(document, "name") or _text(document, "artifact_path")
    return replace(
        found,
        trained_with={**found.trained_with, **versions},
        signature=read_signature(_text(signature, "inputs"), _text(signature, "outputs")) or found.signature,
        example=example if example in files else None,
        name=name.rpartition("/")[2] if name is not None and name != "model" else None,
        facts={**found.facts, "mlmodel": posixpath.join(directory, MLMODEL)},
    )

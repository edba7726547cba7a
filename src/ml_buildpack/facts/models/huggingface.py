"""Directories of transformers, sentence-transformers and spaCy, by the descriptions in them. Called by `recognition`.

Sources: transformers 4.57, `PretrainedConfig`; sentence-transformers 5.1, `modules.json`; spaCy 3.8, `meta.json`.
"""

from __future__ import annotations

from typing import Any

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.facts.models.json_text import read_json, text_of, version_of
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.project_files import ProjectFiles

CONFIG = "config.json"
MODULES = "modules.json"
META = "meta.json"
WEIGHTS = (
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    "tf_model.h5", "flax_model.msgpack",
)  # fmt: skip
# What an architecture's name ends with, and the task of transformers' pipelines that it serves.
TASKS = (
    ("ForSequenceClassification", "text-classification"),
    ("ForTokenClassification", "token-classification"),
    ("ForQuestionAnswering", "question-answering"),
    ("ForMaskedLM", "fill-mask"),
    ("ForCausalLM", "text-generation"),
    ("LMHeadModel", "text-generation"),
    ("ForConditionalGeneration", "text2text-generation"),
    ("ForImageClassification", "image-classification"),
    ("ForObjectDetection", "object-detection"),
    ("ForAudioClassification", "audio-classification"),
    ("ForCTC", "automatic-speech-recognition"),
    ("Model", "feature-extraction"),
)
_DTYPES = ("torch_dtype", "dtype")


def read_transformers(files: ProjectFiles, directory: str) -> Recognised | None:
    """The model of that directory; None where its config.json is something else's.

    Raises: DamagedError, RefusedError.
    """
    prefix = f"{directory}/" if directory else ""
    config = read_json(files, f"{prefix}{CONFIG}")
    architectures = config.get("architectures") if config is not None else None
    if config is None or (text_of(config, "model_type") is None and not isinstance(architectures, list)):
        return None
    weights = next((name for name in WEIGHTS if f"{prefix}{name}" in files), None)
    _refuse(files, prefix, config, weights)
    architecture = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    version = version_of(config, "transformers_version")
    dtype = next((found for key in _DTYPES if (found := text_of(config, key)) is not None), None)
    return Recognised(
        path=directory or ".",
        format=ModelFormat.TRANSFORMERS,
        variant="safetensors" if weights is not None and "safetensors" in weights else "pytorch",
        trained_with={"transformers": version} if version is not None else {},
        facts={"architecture": architecture, **({"dtype": dtype} if dtype is not None else {})},
        task=next((task for suffix, task in TASKS if architecture.endswith(suffix)), None),
        is_directory=True,
    )


def _refuse(files: ProjectFiles, prefix: str, config: dict[str, Any], weights: str | None) -> None:
    if config.get("auto_map"):
        raise RefusedError(
            Refusal(
                what="a transformers model whose code is its author's own (auto_map in config.json)",
                fix="Export it to ONNX, or write an application that loads it, and a requirements.txt.",
                needs_code=True,
            )
        )
    if f"{prefix}adapter_config.json" in files and weights is None:
        raise RefusedError(
            Refusal(what="an adapter without the model that it adapts", fix="Merge the two, and save the result.")
        )
    if weights is None:
        raise RefusedError(
            Refusal(
                what="a transformers model without its weights",
                fix=f"Put them beside {CONFIG}, as {WEIGHTS[0]}: model.save_pretrained(DIRECTORY) writes both.",
            )
        )
    if weights in {"tf_model.h5", "flax_model.msgpack"}:
        raise RefusedError(
            Refusal(
                what="a transformers model with weights for TensorFlow or Flax, which transformers no longer loads",
                fix=(
                    "Convert it with transformers 4:\n"
                    "    AutoModel.from_pretrained(DIRECTORY, from_tf=True).save_pretrained(DIRECTORY)"
                ),
            )
        )


def read_sentence_transformers(files: ProjectFiles, directory: str) -> Recognised | None:
    """The model of a directory that has a modules.json; None where that is something else's. Raises: DamagedError."""
    prefix = f"{directory}/" if directory else ""
    settings = read_json(files, f"{prefix}config_sentence_transformers.json")
    if settings is None:
        return None
    versions = {
        name: version_of(settings, "__version__", key)
        for name, key in (
            ("sentence-transformers", "sentence_transformers"), ("transformers", "transformers"), ("torch", "pytorch"),
        )
    }  # fmt: skip
    return Recognised(
        path=directory or ".",
        format=ModelFormat.SENTENCE_TRANSFORMERS,
        variant="safetensors",
        trained_with={name: version.partition("+")[0] for name, version in versions.items() if version is not None},
        task="feature-extraction",
        is_directory=True,
    )


def read_spacy(files: ProjectFiles, directory: str) -> Recognised | None:
    """The pipeline of a directory with meta.json; None where that is something else's. Raises: DamagedError."""
    prefix = f"{directory}/" if directory else ""
    meta = read_json(files, f"{prefix}{META}")
    wanted = text_of(meta, "spacy_version") if meta is not None else None
    if meta is None or wanted is None:
        return None
    pipeline = meta.get("pipeline")
    components = [str(name) for name in pipeline] if isinstance(pipeline, list) else []
    return Recognised(
        path=directory or ".",
        format=ModelFormat.SPACY,
        variant="directory",
        facts={"requires spacy": wanted, "lang": str(meta.get("lang", "")), "pipeline": ", ".join(components)},
        task="text-classification" if {"textcat", "textcat_multilabel"} & set(components) else "token-classification",
        name=text_of(meta, "name"),
        is_directory=True,
    )

"""The manifest: which models the server in the image serves, and what is known about them. Pure.

The only thing that the two programs share; `schema` is raised when a field changes its meaning or goes away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ml_buildpack.facts.models.artifact import Signature, Tensor
from ml_buildpack.plan.models import ServedModel

SCHEMA = 1


def render_manifest(models: tuple[ServedModel, ...], digests: Mapping[str, str]) -> str:
    """The file's text, equal for equal models; `digests` are the sha256 values by path."""
    document = {"schema": SCHEMA, "models": [describe_model(model, digests[model.found.path]) for model in models]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def describe_model(model: ServedModel, sha256: str) -> dict[str, Any]:
    """One entry."""
    found = model.found
    return {
        "name": model.name,
        "version": model.version,
        "format": found.format.value,
        "variant": found.variant,
        "path": found.path,
        "sha256": sha256,
        "task": found.task,
        "trained_with": dict(sorted(found.trained_with.items())),
        "signature": _signature(found.signature),
        "example": found.example,
    }


def _signature(signature: Signature | None) -> dict[str, Any] | None:
    if signature is None:
        return None
    return {"inputs": _tensors(signature.inputs), "outputs": _tensors(signature.outputs)}


def _tensors(tensors: tuple[Tensor, ...]) -> list[dict[str, Any]]:
    return [{"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)} for tensor in tensors]

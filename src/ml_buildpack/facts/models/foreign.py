"""Models of other worlds: recognised, so that a message can say what to do. Called by `contents`."""

from __future__ import annotations

import re

from ml_buildpack.facts.models.refusal import Refusal
from ml_buildpack.facts.models.stored import StoredFile

_JVM = "needs a Java virtual machine, which this image does not have"
_TO_ONNX = "Export it to ONNX, or train the same model with a Python library."
_XML_ROOT = re.compile(rb"\A\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?PMML\b", re.DOTALL)
_SPARK = re.compile(rb'"class"\s*:\s*"(?:org\.apache\.spark|com\.microsoft\.azure\.synapse\.ml|pyspark)')


_DIFFUSERS = Refusal(
    what="a diffusers pipeline, for which there is no server here yet",
    fix="Write a web application around it, for example with FastAPI, and a requirements.txt.",
)
_PADDLE = Refusal(what="a PaddlePaddle model", fix="Export it with paddle2onnx and put the .onnx file in its place.")
_BY_SUFFIX = {
    ".mar": Refusal(
        what="an archive of TorchServe, which is no longer maintained",
        fix="Unpack it: unzip -d model FILE.mar. The model file named in MAR-INF/MANIFEST.json can be served.",
    ),
    ".mojo": Refusal(what=f"an H2O MOJO, which {_JVM}", fix=_TO_ONNX),
    ".pdmodel": _PADDLE,
    ".pdiparams": _PADDLE,
}


def find_foreign(file: StoredFile) -> Refusal | None:
    """Why the file cannot be served, where it is a model of the kinds that are known and not served."""
    name = file.path.rpartition("/")[2]
    if _XML_ROOT.match(file.head):
        return Refusal(what=f"a PMML document, which {_JVM}", fix=_TO_ONNX)
    if "/metadata/part-" in f"/{file.path}" and _SPARK.search(file.head):
        return Refusal(what=f"a Spark ML model, which {_JVM}", fix=_TO_ONNX)
    if name == "model.ini" and b"h2o_version" in file.head:
        return Refusal(what=f"an H2O MOJO, which {_JVM}", fix=_TO_ONNX)
    if name == "model_index.json" and b"_diffusers_version" in file.head:
        return _DIFFUSERS
    return _BY_SUFFIX.get(file.suffix)


def is_mojo(names: list[str]) -> bool:
    """Whether a zip archive with these members is an H2O MOJO."""
    return "model.ini" in names and any(name.startswith(("domains/", "trees/")) for name in names)

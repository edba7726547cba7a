"""Which packages, and which Python, a model needs: what it was saved with, as far as it says so. Pure.

Called by `model_requirements`. Sources of the rules: the release notes and the metadata of the libraries named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.facts.models.libraries import DISTRIBUTIONS

# The first release of `xgboost-cpu`, which is the same library without 200 MB for GPUs.
_XGBOOST_CPU = Version("2.1.1")
# scikit-learn's first wheels that work with NumPy 2; older ones do not say that they do not.
_SKLEARN_NUMPY_2 = Version("1.4.2")
# Which onnxruntime first has the operators of an opset. Source: onnxruntime, docs/Versioning.md.
_ONNXRUNTIME = ((23, "1.23"), (22, "1.21"), (21, "1.18"), (20, "1.17"), (19, "1.15"), (18, "1.14"), (17, "1.12"),
                (16, "1.11"), (15, "1.9"), (14, "1.8"))  # fmt: skip
# TensorFlow that Pythons of today have wheels of; it reads what older ones of its major version saved.
_TENSORFLOW_OLDEST = Version("2.8")
_KERAS_3 = Version("3")
# What the libraries of a format install themselves.
_BROUGHT_ALONG = frozenset({"numpy", "scipy", "joblib", "scikit-learn", "patsy"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """One requirement in pip's words, and why. `version` is that of the artefact, where it names one."""

    name: str
    specifier: str
    reason: str
    version: str | None = None

    @property
    def requirement(self) -> str:
        """For example `scikit-learn==1.7.2`."""
        return self.name + self.specifier


def find_needs(model: Recognised, arch: str) -> tuple[Need, ...]:
    """Everything that loading the model needs, in a stable order; `arch` is the target's."""
    found = {need.name: need for need in reversed(tuple(_needs(model, arch)))}
    return tuple(reversed(found.values()))


def _needs(model: Recognised, arch: str) -> Iterator[Need]:
    yield from _RULES[model.format](model, arch)
    yield from _of_imports(model)


def _exact(model: Recognised, name: str, install_as: str | None = None) -> Need:
    """The release that the model was saved with; any, where the model does not say it."""
    version = model.trained_with.get(name)
    if version is None or _version(version) is None:
        return Need(name=install_as or name, specifier="", reason=f"{model.path} does not say which release saved it")
    parsed = _version(version)
    # A development release is on no index; the final one came after it.
    specifier = f">={parsed.base_version}" if parsed is not None and parsed.is_devrelease else f"=={version}"
    return Need(
        name=install_as or name,
        specifier=specifier,
        reason=f"{model.path} was saved with {name} {version}",
        version=version,
    )


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _numpy(model: Recognised) -> Iterator[Need]:
    sklearn = _version(model.trained_with.get("scikit-learn", ""))
    if model.facts.get("numpy") == "2":
        yield Need(name="numpy", specifier=">=2", reason=f"the pickle of {model.path} names modules of NumPy 2")
    elif sklearn is not None and sklearn < _SKLEARN_NUMPY_2:
        yield Need(name="numpy", specifier="<2", reason=f"scikit-learn {sklearn} was built for NumPy 1")


def _sklearn(model: Recognised, _arch: str) -> Iterator[Need]:
    yield _exact(model, "scikit-learn")
    yield from _numpy(model)
    if model.variant == "skops":
        version = model.trained_with.get("skops")
        specifier = f">={version}" if version is not None else ""
        yield Need(name="skops", specifier=specifier, reason=f"{model.path} is stored with skops", version=version)
    if "columns" in model.facts:
        yield Need(name="pandas", specifier="", reason=f"{model.path} takes its columns by their names")


def _xgboost(model: Recognised, _arch: str) -> Iterator[Need]:
    version = _version(model.trained_with.get("xgboost", ""))
    slim = version is None or version >= _XGBOOST_CPU
    yield _exact(model, "xgboost", "xgboost-cpu" if slim else None)
    if model.variant in {"pickle", "joblib"}:
        yield _exact(model, "scikit-learn")
        yield from _numpy(model)


def _lightgbm(model: Recognised, _arch: str) -> Iterator[Need]:
    if model.facts.get("text version") == "v4":
        yield Need(name="lightgbm", specifier=">=4", reason=f"{model.path} is a text of LightGBM 4")
    else:
        yield _exact(model, "lightgbm")
    if model.variant != "text":
        yield _exact(model, "scikit-learn")
        yield from _numpy(model)


def _catboost(model: Recognised, _arch: str) -> Iterator[Need]:
    yield _exact(model, "catboost")


def onnxruntime_for(opset: int) -> str | None:
    """The first release that has the operators of that opset; None where every release has them."""
    if opset > _ONNXRUNTIME[0][0]:
        return _ONNXRUNTIME[0][1]
    return next((release for first, release in _ONNXRUNTIME if opset >= first), None)


def _onnx(model: Recognised, _arch: str) -> Iterator[Need]:
    opset = int(model.facts.get("opset ai.onnx", "0"))
    release = onnxruntime_for(opset)
    specifier = f">={release}" if release is not None else ""
    yield Need(name="onnxruntime", specifier=specifier, reason=f"{model.path} needs the operators of opset {opset}")


def _tensorflow_name(arch: str) -> str:
    # There is no wheel of tensorflow-cpu for other architectures; theirs has nothing for GPUs anyway.
    return "tensorflow-cpu" if arch == "amd64" else "tensorflow"


def _tensorflow(model: Recognised, arch: str) -> Iterator[Need]:
    version = _version(model.trained_with.get("tensorflow", ""))
    if version is not None and version < _TENSORFLOW_OLDEST:
        yield Need(
            name=_tensorflow_name(arch),
            specifier=f">={_TENSORFLOW_OLDEST},<2.16",
            reason=f"{model.path} was saved with tensorflow {version}, which later releases read too",
            version=str(version),
        )
    else:
        yield _exact(model, "tensorflow", _tensorflow_name(arch))


def _keras(model: Recognised, arch: str) -> Iterator[Need]:
    version = _version(model.trained_with.get("keras", ""))
    if version is None or version >= _KERAS_3:
        yield _exact(model, "keras")
        yield Need(name=_tensorflow_name(arch), specifier=">=2.16", reason="Keras 3 computes with it")
        return
    # Up to Keras 2.15, both have the same number; what is older is read by later ones.
    same = Version("2.8") <= version
    specifier = f"=={version.major}.{version.minor}.*" if same else ">=2.8,<2.16"
    yield Need(
        name=_tensorflow_name(arch),
        specifier=specifier,
        reason=f"{model.path} was saved with Keras {version}",
        version=str(version),
    )


def _torch(model: Recognised, _arch: str) -> Iterator[Need]:
    version = model.trained_with.get("torch")
    specifier = f">={version}" if version is not None else ""
    reason = f"{model.path} was saved with torch {version}" if version else f"{model.path} is run by it"
    yield Need(name="torch", specifier=specifier, reason=reason, version=version)
    yield Need(name="numpy", specifier="", reason="tensors come and go as its arrays")


def _transformers(model: Recognised, arch: str) -> Iterator[Need]:
    yield _exact(model, "transformers")
    yield from _torch(model, arch)
    if model.task in {"image-classification", "object-detection"}:
        yield Need(name="pillow", specifier="", reason=f"{model.path} takes pictures")


def _sentence_transformers(model: Recognised, arch: str) -> Iterator[Need]:
    yield _exact(model, "sentence-transformers")
    yield _exact(model, "transformers")
    yield from _torch(model, arch)


def _spacy(model: Recognised, _arch: str) -> Iterator[Need]:
    specifier = model.facts.get("requires spacy", "")
    yield Need(name="spacy", specifier=specifier, reason=f"{model.path}/meta.json asks for it")


def _statsmodels(model: Recognised, _arch: str) -> Iterator[Need]:
    yield _exact(model, "statsmodels")
    yield from _numpy(model)


def _pyfunc(model: Recognised, _arch: str) -> Iterator[Need]:
    yield _exact(model, "mlflow", "mlflow-skinny")
    yield Need(name="pandas", specifier="", reason="MLflow hands it to the model")
    if "cloudpickle" in model.trained_with:
        yield _exact(model, "cloudpickle")


def _yolo(model: Recognised, _arch: str) -> Iterator[Need]:
    yield _exact(model, "ultralytics")


def _gguf(model: Recognised, _arch: str) -> Iterator[Need]:
    yield Need(name="llama-cpp-python", specifier="", reason=f"{model.path} is run by llama.cpp")


def _custom(model: Recognised, arch: str) -> Iterator[Need]:
    for name in model.trained_with:
        if name != "python":
            slim = {"xgboost": "xgboost-cpu", "tensorflow": _tensorflow_name(arch)}.get(name)
            yield _exact(model, name, slim)


def _of_imports(model: Recognised) -> Iterator[Need]:
    """The distributions of what a pickle imports, where nothing above names or brings them."""
    handled = _BROUGHT_ALONG | {
        model.format.value,
        "mlflow",
        "ultralytics",
        "torch",
        "torchvision",
        "keras",
        "tensorflow",
    }
    for name in model.imports:
        distribution = DISTRIBUTIONS.get(name)
        if distribution is not None and distribution not in handled:
            install_as = "xgboost-cpu" if distribution == "xgboost" else distribution
            yield Need(name=install_as, specifier="", reason=f"the pickle of {model.path} imports {name}")


_RULES: Mapping[ModelFormat, Callable[[Recognised, str], Iterator[Need]]] = {
    ModelFormat.SKLEARN: _sklearn,
    ModelFormat.XGBOOST: _xgboost,
    ModelFormat.LIGHTGBM: _lightgbm,
    ModelFormat.CATBOOST: _catboost,
    ModelFormat.ONNX: _onnx,
    ModelFormat.KERAS: _keras,
    ModelFormat.TENSORFLOW: _tensorflow,
    ModelFormat.TORCHSCRIPT: _torch,
    ModelFormat.TORCH_EXPORT: _torch,
    ModelFormat.TRANSFORMERS: _transformers,
    ModelFormat.SENTENCE_TRANSFORMERS: _sentence_transformers,
    ModelFormat.SPACY: _spacy,
    ModelFormat.STATSMODELS: _statsmodels,
    ModelFormat.PYFUNC: _pyfunc,
    ModelFormat.YOLO: _yolo,
    ModelFormat.GGUF: _gguf,
    ModelFormat.CUSTOM: _custom,
}

"""What each kind of model needs installed, from the versions that its file tells."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.plan.model_needs import find_needs
from ml_buildpack.plan.wheel_pythons import pythons_with_wheels

F = ModelFormat
CASES: dict[str, tuple[ModelFormat, dict[str, object], tuple[str, ...]]] = {
    "scikit-learn of today": (F.SKLEARN, {"trained_with": {"scikit-learn": "1.7.2"}, "facts": {"numpy": "2"}},
                              ("scikit-learn==1.7.2", "numpy>=2")),
    "scikit-learn that was built for NumPy 1": (F.SKLEARN, {"trained_with": {"scikit-learn": "1.2.2"}},
                                                ("scikit-learn==1.2.2", "numpy<2")),
    "scikit-learn with other libraries": (
        F.SKLEARN, {"trained_with": {"scikit-learn": "1.5.2"}, "imports": ("imblearn", "numpy", "sklearn", "xgboost")},
        ("scikit-learn==1.5.2", "imbalanced-learn", "xgboost-cpu")),
    "a pipeline of columns": (F.SKLEARN, {"trained_with": {"scikit-learn": "1.5.2"}, "facts": {"columns": "by name"}},
                              ("scikit-learn==1.5.2", "pandas")),
    "skops": (F.SKLEARN, {"variant": "skops", "trained_with": {"scikit-learn": "1.7.2", "skops": "0.16.0"}},
              ("scikit-learn==1.7.2", "skops>=0.16.0")),
    "an unknown release": (F.SKLEARN, {}, ("scikit-learn",)),
    "xgboost with a slim release": (
        F.XGBOOST, {"variant": "ubj", "trained_with": {"xgboost": "3.2.0"}}, ("xgboost-cpu==3.2.0",),
    ),
    "xgboost from before there was one": (
        F.XGBOOST, {"variant": "json", "trained_with": {"xgboost": "1.7.6"}}, ("xgboost==1.7.6",),
    ),
    "a pickled booster": (F.XGBOOST, {"trained_with": {"xgboost": "3.2.0", "scikit-learn": "1.7.2"}},
                          ("xgboost-cpu==3.2.0", "scikit-learn==1.7.2")),
    "LightGBM's text": (F.LIGHTGBM, {"variant": "text", "facts": {"text version": "v4"}}, ("lightgbm>=4",)),
    "an older text": (F.LIGHTGBM, {"variant": "text", "facts": {"text version": "v3"}}, ("lightgbm",)),
    "CatBoost": (F.CATBOOST, {"trained_with": {"catboost": "1.2.10"}}, ("catboost==1.2.10",)),
    "ONNX": (F.ONNX, {"facts": {"opset ai.onnx": "22"}}, ("onnxruntime>=1.21",)),
    "an old ONNX": (F.ONNX, {"facts": {"opset ai.onnx": "9"}}, ("onnxruntime",)),
    "SavedModel": (F.TENSORFLOW, {"trained_with": {"tensorflow": "2.15.1"}}, ("tensorflow-cpu==2.15.1",)),
    "an old SavedModel": (F.TENSORFLOW, {"trained_with": {"tensorflow": "2.3.0"}}, ("tensorflow-cpu>=2.8,<2.16",)),
    "Keras 3": (F.KERAS, {"trained_with": {"keras": "3.5.0"}}, ("keras==3.5.0", "tensorflow-cpu>=2.16")),
    "Keras 2": (F.KERAS, {"trained_with": {"keras": "2.13.1"}}, ("tensorflow-cpu==2.13.*",)),
    "an old Keras 2": (F.KERAS, {"trained_with": {"keras": "2.4.0"}}, ("tensorflow-cpu>=2.8,<2.16",)),
    "TorchScript": (F.TORCHSCRIPT, {}, ("torch", "numpy")),
    "torch.export": (F.TORCH_EXPORT, {"trained_with": {"torch": "2.9.1"}}, ("torch>=2.9.1", "numpy")),
    "transformers": (
        F.TRANSFORMERS, {"trained_with": {"transformers": "4.57.1"}}, ("transformers==4.57.1", "torch", "numpy"),
    ),
    "transformers in development": (F.TRANSFORMERS, {"trained_with": {"transformers": "4.57.0.dev0"}},
                                    ("transformers>=4.57.0", "torch", "numpy")),
    "pictures": (F.TRANSFORMERS, {"task": "image-classification"}, ("transformers", "torch", "numpy", "pillow")),
    "spaCy": (F.SPACY, {"facts": {"requires spacy": ">=3.8.18,<3.9.0"}}, ("spacy>=3.8.18,<3.9.0",)),
    "statsmodels": (F.STATSMODELS, {"facts": {"numpy": "2"}}, ("statsmodels", "numpy>=2")),
    "MLflow's own": (F.PYFUNC, {"trained_with": {"mlflow": "3.17.2", "cloudpickle": "3.1.2"}},
                     ("mlflow-skinny==3.17.2", "pandas", "cloudpickle==3.1.2")),
    "YOLO": (
        F.YOLO, {"trained_with": {"ultralytics": "8.3.40"}, "imports": ("torch", "ultralytics")},
        ("ultralytics==8.3.40",),
    ),
    "GGUF": (F.GGUF, {}, ("llama-cpp-python",)),
    "custom code": (F.CUSTOM, {"trained_with": {"xgboost": "3.2.0", "python": "3.13"}}, ("xgboost-cpu==3.2.0",)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_needs_of_a_model(name: str) -> None:
    """The release that saved it where it matters, and what runs on a CPU."""
    model_format, fields, expected = CASES[name]
    model = Recognised(**{"path": "m", "format": model_format, "variant": "pickle", **fields})  # type: ignore[arg-type]

    assert expected == tuple(need.requirement for need in find_needs(model, "amd64"))


def test_every_format_has_a_rule() -> None:
    """A format without needs would be an image without its library."""
    assert set(ModelFormat) == {model_format for model_format, _, _ in CASES.values()} | {
        ModelFormat.SENTENCE_TRANSFORMERS
    }


def test_tensorflow_is_called_otherwise_on_arm() -> None:
    """Its slim name has wheels for amd64 alone."""
    model = Recognised(path="m", format=F.TENSORFLOW, variant="saved-model", trained_with={"tensorflow": "2.15.1"})

    assert ["tensorflow==2.15.1"] == [need.requirement for need in find_needs(model, "arm64")]


@pytest.mark.parametrize(
    ("distribution", "version", "spec"),
    [
        ("scikit-learn", "1.7.2", ">=3.10,<3.15"),
        ("scikit-learn", "1.7.1", ">=3.10,<3.14"),
        ("scikit-learn", "1.2.2", ">=3.8,<3.12"),
        ("scikit-learn", "0.17", None),
        ("tensorflow-cpu", "2.15.1", ">=3.9,<3.12"),
        ("catboost", "1.2.10", ">=3.8,<3.15"),
        ("lightgbm", "4.6.0", None),
    ],
)
def test_a_release_asks_for_pythons_that_it_has_wheels_for(distribution: str, version: str, spec: str | None) -> None:
    """None where every Python will do, or none of today does."""
    assert spec == pythons_with_wheels(distribution, version)

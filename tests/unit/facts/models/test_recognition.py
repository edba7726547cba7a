"""Which files of a directory are models, which only look like some, and what is wrong with the rest."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import sys
import types
import zipfile
from pathlib import Path

import pytest

from ml_buildpack.facts.models.artifact import ModelFormat
from ml_buildpack.facts.models.recognition import ModelScan, find_models
from support.build_runs import ROOT
from support.projects import write_project

MODELS = ROOT / "fixtures" / "models"
IRIS = (MODELS / "sklearn-joblib" / "iris.joblib").read_bytes()
ONNX = (MODELS / "onnx" / "iris.onnx").read_bytes()


def scan_of(root: Path, files: dict[str, str | bytes], named: str | None = None) -> ModelScan:
    """What is found in a project of those files."""
    return find_models(write_project(root, files), named)


def zip_of(members: dict[str, bytes]) -> bytes:
    """An archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def pickle_of(module: str, name: str) -> bytes:
    """A pickle of an object whose class is in a module that need not exist."""
    return f"\x80\x02c{module}\n{name}\n)\x81}}X\x01\x00\x00\x00aK\x01sb.".encode("latin-1")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("model.bin", ONNX),
        ("frame.pkl", pickle.dumps({"a": [1, 2]})),
        ("config.json", '{"theme": "dark"}'),
        ("package.json", "{}"),
        ("notes.txt", "tree\nof life"),
        ("data/train.joblib", IRIS),
        ("tests/golden.joblib", IRIS),
        (".cache/model.joblib", IRIS),
        ("a/b/c/d/e/model.joblib", IRIS),
        ("meta.json", '{"name": "x"}'),
        ("page.xml", "<html/>"),
        ("weights.h5.md", b"\x89HDF\r\n\x1a\n"),
    ],
)
def test_what_is_no_model_is_passed_over(tmp_path: Path, path: str, content: str | bytes) -> None:
    """Directories hold much else, and a mistake here would refuse a project that is fine."""
    assert ModelScan() == scan_of(tmp_path, {path: content})


def test_content_counts_before_the_name(tmp_path: Path) -> None:
    """Names of models say little: `.model` and `.bst` are everybody's."""
    names = {
        "a.model": "xgboost-ubj/iris.ubj",
        "b.bst": "lightgbm/iris.txt",
        "c.bin": "catboost/iris.cbm",
        "d.sav": "sklearn-pickle/iris.pkl",
    }
    scan = scan_of(tmp_path, {name: (MODELS / source).read_bytes() for name, source in names.items()})

    assert [
        ("a.model", ModelFormat.XGBOOST),
        ("b.bst", ModelFormat.LIGHTGBM),
        ("c.bin", ModelFormat.CATBOOST),
        ("d.sav", ModelFormat.SKLEARN),
    ] == [(model.path, model.format) for model in scan.models]


@pytest.mark.parametrize("suffix", ["onnx", "cbm", "keras", "gguf", "ubj", "pt2", "skops", "h5", "safetensors"])
def test_a_name_of_models_alone_is_a_promise(tmp_path: Path, suffix: str) -> None:
    """Half a download, or an error page that was saved under the name: said before anything is installed."""
    scan = scan_of(tmp_path, {f"model.{suffix}": "<html>404</html>"})

    assert ([f"model.{suffix}"], []) == ([mistake.where for mistake in scan.damaged], scan.models)


def test_empty_files_are_named(tmp_path: Path) -> None:
    """Texts may be empty; models not."""
    assert ["a.joblib", "b.onnx"] == scan_of(tmp_path, {"a.joblib": "", "b.onnx": "", "c.txt": "", "d.json": ""}).empty


REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "PMML": ("model.pmml", '<?xml version="1.0"?>\n<PMML version="4.4">', "PMML"),
    "Spark": ("m/metadata/part-00000", '{"class":"org.apache.spark.ml.PipelineModel"}', "Spark ML"),
    "MOJO": ("model.mojo", zip_of({"model.ini": b"", "trees/t00_000.bin": b""}), "MOJO"),
    "old xgboost": ("model.bst", b"binf\x00\x00\x00?" + bytes(64), "old binary"),
    "older xgboost": ("model.model", b"\x00\x00\x00?\x04\x00\x00\x00" + bytes(64), "old binary"),
    "state dict": ("net.pth", (MODELS / "state-dict" / "iris.pt").read_bytes(), "state dict"),
    "legacy torch": ("net.pth", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "before version 1.6"),
    "a whole module": (
        "net.pt", zip_of({"n/data.pkl": pickle_of("torch.nn.modules.linear", "Linear")}), "pickled PyTorch module",
    ),
    "weights alone": (
        "model.safetensors", (MODELS / "transformers" / "model.safetensors").read_bytes(), "weights without the code",
    ),
    "remote code": (
        "config.json",
        json.dumps({"model_type": "x", "architectures": ["X"], "auto_map": {"AutoModel": "modeling.X"}}),
        "auto_map",
    ),
    "no weights": (
        "config.json", json.dumps({"model_type": "bert", "architectures": ["BertModel"]}), "without its weights",
    ),
    "an old GGUF": ("model.gguf", b"GGUF\x01\x00\x00\x00", "version 1"),
    "MLflow of Spark": ("MLmodel", "flavors:\n  spark: {}\n  python_function: {}\n", "Java"),
    "MLflow without python_function": ("MLmodel", "flavors:\n  sklearn: {}\n", "python_function"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_served_is_known_for_what_it_is(tmp_path: Path, name: str) -> None:
    """Each with a next step, instead of a server that fails to start."""
    path, content, says = REFUSED[name]
    scan = scan_of(tmp_path, {path: content})

    assert ([], [], 1) == (scan.models, scan.damaged, len(scan.refused))
    assert says in scan.refused[0].refusal.what
    assert scan.refused[0].refusal.fix


def test_a_predict_py_makes_a_model_of_weights(tmp_path: Path) -> None:
    """The code that builds the module is there, so weights are enough."""
    weights = (MODELS / "state-dict" / "iris.pt").read_bytes()
    code = "import torch\n\n\ndef load(model_dir):\n    return 1\n\n\ndef predict(model, inputs):\n    return inputs\n"
    scan = scan_of(tmp_path, {"net.pt": weights, "predict.py": code})

    assert ([(".", ModelFormat.CUSTOM, "predict.py")], []) == (
        [(model.path, model.format, model.variant) for model in scan.models],
        scan.refused,
    )


def test_a_script_that_is_called_predict_is_no_custom_code(tmp_path: Path) -> None:
    """It loads nothing for a server."""
    scan = scan_of(tmp_path, {"iris.joblib": IRIS, "predict.py": "print(1)\n"})

    assert [ModelFormat.SKLEARN] == [model.format for model in scan.models]


def test_what_lies_in_a_model_directory_is_part_of_it(tmp_path: Path) -> None:
    """MLflow's pickle, a tokenizer, TensorFlow's variables: not models beside the model."""
    shutil.copytree(MODELS / "mlflow-pyfunc", tmp_path / "one")
    shutil.copytree(MODELS / "sentence-transformers", tmp_path / "two")
    scan = scan_of(tmp_path, {"three.onnx": ONNX})

    assert [
        ("one", ModelFormat.PYFUNC),
        ("two", ModelFormat.SENTENCE_TRANSFORMERS),
        ("three.onnx", ModelFormat.ONNX),
    ] == [(model.path, model.format) for model in scan.models]


def test_a_named_model_is_found_wherever_it_lies(tmp_path: Path) -> None:
    """Deeper than is looked by itself, and in directories that are otherwise passed over; and only that one."""
    path = "data/a/b/c/d/e/best.joblib"
    scan = scan_of(tmp_path, {path: IRIS, "iris.joblib": IRIS}, named=path)

    assert [path] == [model.path for model in scan.models]


def test_settings_of_mlserver_name_the_model_and_nothing_outside(tmp_path: Path) -> None:
    """A path that leaves the project is a mistake; a runtime of the user's own is code that is not served."""
    outside = json.dumps({"implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "../../etc/passwd"}})
    own = json.dumps({"implementation": "runtime.Mine"})
    scan = scan_of(tmp_path, {"a/model-settings.json": outside, "b/model-settings.json": own})

    assert (["a/model-settings.json"], ["b/model-settings.json"]) == (
        [mistake.where for mistake in scan.damaged],
        [each.path for each in scan.refused],
    )


def test_the_names_that_a_pickle_imports_are_told(tmp_path: Path) -> None:
    """From every way to spell an import, or a foreign class would be found by the user at start."""
    module = types.ModuleType("features")
    sys.modules["features"] = module
    try:
        module.Scale = type("Scale", (), {"__module__": "features"})  # type: ignore[attr-defined]
        spelled = {f"p{protocol}.pkl": pickle.dumps(module.Scale(), protocol) for protocol in (2, 3, 4, 5)}
    finally:
        del sys.modules["features"]
    scan = scan_of(tmp_path, {**spelled, "nested.pkl": pickle_of("__main__", "Model")})

    assert {"nested.pkl": ("__main__",), **dict.fromkeys(spelled, ("features",))} == {
        model.path: model.imports for model in scan.models
    }


@pytest.mark.parametrize(
    ("module", "name"), [("os", "system"), ("builtins", "eval"), ("subprocess", "Popen"), ("runpy", "run_path")]
)  # fmt: skip
def test_dangerous_names_are_seen(tmp_path: Path, module: str, name: str) -> None:
    """By the list of picklescan."""
    scan = scan_of(tmp_path, {"model.pkl": pickle_of(module, name)})

    assert [[f"{module}.{name}"]] == [[str(danger) for danger in model.dangers] for model in scan.models]


def test_files_that_are_opened_are_bounded(tmp_path: Path) -> None:
    """Only files that are called like models are opened, and of those a bounded number."""
    files: dict[str, str | bytes] = {f"images/{number // 100}/{number}.png": b"" for number in range(500)}
    files |= {f"m{number:03}.joblib": IRIS for number in range(300)}

    assert 200 == len(scan_of(tmp_path, files).models)

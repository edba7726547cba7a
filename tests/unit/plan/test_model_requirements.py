"""Requirements made of models, and requirements compared with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import ModelVersionsContradict
from ml_buildpack.facts.dependencies import Dependencies
from ml_buildpack.facts.dependency_choice import choose_dependencies
from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.model_requirements import derive_dependencies, fit_dependencies
from ml_buildpack.plan.models import ServedModel
from support.projects import write_project

SKLEARN = Recognised(
    path="iris.joblib",
    format=ModelFormat.SKLEARN,
    variant="joblib",
    trained_with={"scikit-learn": "1.7.2"},
    facts={"numpy": "2"},
)
XGBOOST = Recognised(path="churn.ubj", format=ModelFormat.XGBOOST, variant="ubj", trained_with={"xgboost": "3.2.0"})
KERAS = Recognised(path="k.keras", format=ModelFormat.KERAS, variant="keras", trained_with={"keras": "3.5.0"})
ONNX = Recognised(path="o.onnx", format=ModelFormat.ONNX, variant="onnx", facts={"opset ai.onnx": "22"})


def served(*models: Recognised) -> tuple[ServedModel, ...]:
    """Those models with names."""
    return tuple(ServedModel(found=model, name=f"m{number}", version="1") for number, model in enumerate(models))


def requirements(root: Path, text: str) -> Dependencies:
    """The requirements file of that text."""
    return choose_dependencies(write_project(root, {"requirements.txt": text}), Settings())


def test_requirements_of_models_know_their_reasons() -> None:
    """Each with where it comes from, and the Python that has wheels."""
    recorded = PythonRequest(spec="==3.11.*", origin="MLmodel", line=3, text="3.11.7")
    found = derive_dependencies(served(SKLEARN, XGBOOST), (recorded,), "amd64")

    assert (
        [("iris.joblib", "scikit-learn==1.7.2"), ("iris.joblib", "numpy>=2"), ("churn.ubj", "xgboost-cpu==3.2.0")],
        [("MLmodel", "==3.11.*"), ("iris.joblib", ">=3.10,<3.15")],
        (
            "scikit-learn==1.7.2: iris.joblib was saved with scikit-learn 1.7.2",
            "numpy>=2: the pickle of iris.joblib names modules of NumPy 2",
            "xgboost-cpu==3.2.0: churn.ubj was saved with xgboost 3.2.0",
        ),
    ) == (
        [(line.path, line.text) for line in found.requirements.requirements],
        [(request.origin, request.spec) for request in found.python_requests],
        found.notes,
    )


def test_two_models_of_one_library_need_it_once() -> None:
    """One that does not say its release is served by that of the other."""
    unknown = Recognised(path="b.joblib", format=ModelFormat.SKLEARN, variant="joblib")

    assert ["scikit-learn==1.7.2", "numpy>=2"] == [
        line.text for line in derive_dependencies(served(SKLEARN, unknown), (), "amd64").requirements.requirements
    ]


def test_what_requirements_lack_is_added_and_what_they_have_is_kept(tmp_path: Path) -> None:
    """The user's own spelling of a library counts, slim or not."""
    found = fit_dependencies(requirements(tmp_path, "xgboost==3.2.0\npandas\n"), served(XGBOOST, SKLEARN), "amd64")

    assert (("scikit-learn==1.7.2", "numpy>=2"), ()) == (found.added, found.warnings)


def test_another_release_is_a_warning(tmp_path: Path) -> None:
    """It may work: whoever wrote the requirement may know."""
    found = fit_dependencies(requirements(tmp_path, "# pins\nscikit-learn==1.5.2\n"), served(SKLEARN), "amd64")

    asked = "requirements.txt:2 asks for scikit-learn==1.5.2"

    assert (
        f"iris.joblib was saved with scikit-learn 1.7.2, and {asked}: the model may answer differently, or not load.",
    ) == found.warnings


@pytest.mark.parametrize(
    ("line", "model"),
    [
        ("xgboost<3", XGBOOST),
        ("xgboost==2.1.4", XGBOOST),
        ("xgboost-cpu~=3.0.1", XGBOOST),
        ("numpy==1.24.*", SKLEARN),
        ("numpy<1.26.1", SKLEARN),
        ("keras==2.15.0", KERAS),
        ("tensorflow==2.15.1", KERAS),
        ("onnxruntime==1.18.0", ONNX),
    ],
)
def test_a_release_that_cannot_read_the_model_is_refused(tmp_path: Path, line: str, model: Recognised) -> None:
    """Before gigabytes are installed for it, with the line and what would read it."""
    with pytest.raises(ModelVersionsContradict) as raised:
        fit_dependencies(requirements(tmp_path, f"pandas\n{line}\n"), served(model), "amd64")

    assert [("requirements.txt", 2, line)] == [
        (mistake.where, mistake.line, mistake.text) for mistake in raised.value.mistakes
    ]
    assert model.path in raised.value.mistakes[0].detail


@pytest.mark.parametrize(
    ("line", "model"),
    [
        ("xgboost>=2", XGBOOST),
        ("xgboost<4", XGBOOST),
        ("numpy==1.26.4", SKLEARN),
        ("tensorflow~=2.15", KERAS),
        ("numpy", SKLEARN),
    ],
)  # fmt: skip
def test_a_range_that_holds_a_release_that_reads_it_is_fine(tmp_path: Path, line: str, model: Recognised) -> None:
    """The resolver takes the newest that is allowed."""
    asked = requirements(tmp_path, f"{line}\n")

    assert asked == fit_dependencies(asked, served(model), "amd64").dependencies


def test_mlflow_stays_out_where_its_models_do_not_need_it(tmp_path: Path) -> None:
    """It lists itself in every model's requirements, with a hundred packages."""
    listed = requirements(tmp_path, "mlflow==3.17.2\nscikit-learn==1.7.2\nnumpy\n")
    native = Recognised(path="model.pkl", format=ModelFormat.SKLEARN, variant="pickle", facts={"mlmodel": "MLmodel"})
    custom = Recognised(path=".", format=ModelFormat.PYFUNC, variant="python-model", facts={"mlmodel": "MLmodel"})

    assert [
        ["scikit-learn==1.7.2", "numpy"],
        ["mlflow-skinny==3.17.2", "scikit-learn==1.7.2", "numpy"],
        ["mlflow==3.17.2", "scikit-learn==1.7.2", "numpy"],
    ] == [
        [line.text for line in fit_dependencies(listed, served(model), "amd64").dependencies.requirements.requirements]
        for model in (native, custom, SKLEARN)
    ]

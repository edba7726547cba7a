"""Which models are served, under which names, and which cannot be told apart."""

from __future__ import annotations

import pytest

from ml_buildpack.errors import DangerousModels, ForeignModules, InvalidSettings, SeveralModels
from ml_buildpack.facts.models.artifact import Danger, ModelFormat, Recognised
from ml_buildpack.facts.models.recognition import ModelScan
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.models import ModelChoice, choose_models

NO_MODULES: frozenset[str] = frozenset()


def model(path: str, **fields: object) -> Recognised:
    """A scikit-learn model in that place."""
    return Recognised(**{"path": path, "format": ModelFormat.SKLEARN, "variant": "joblib", **fields})  # type: ignore[arg-type]


def choice_of(*models: Recognised, settings: Settings | None = None) -> ModelChoice:
    """What is served of them."""
    return choose_models(ModelScan(models=list(models)), settings or Settings(), NO_MODULES)


@pytest.mark.parametrize(
    ("path", "is_directory", "expected"),
    [
        ("iris.joblib", False, ("iris", "1")),
        ("iris.joblib.gz", False, ("iris", "1")),
        ("model.joblib", False, ("model", "1")),
        ("models/churn/model.onnx", False, ("churn", "1")),
        ("churn/3/model.onnx", False, ("churn", "3")),
        ("churn/v2.1/model.onnx", False, ("churn", "2.1")),
        ("1/model.onnx", False, ("model", "1")),
        (".", True, ("model", "1")),
        ("flowers", True, ("flowers", "1")),
        ("flowers/00000123", True, ("flowers", "00000123")),
        ("models/my model (new).pkl", False, ("my-model-new", "1")),
    ],
)
def test_a_name_comes_from_the_place(path: str, is_directory: bool, expected: tuple[str, str]) -> None:  # noqa: FBT001  # a row
    """Names of URLs, stable over builds; a file that is only called `model` says nothing."""
    (served,) = choice_of(model(path, is_directory=is_directory)).models

    assert expected == (served.name, served.version)


def test_settings_win_over_the_model_and_the_model_over_its_place() -> None:
    """In the order of who knows best."""
    own = model("a.joblib", name="own", version="7")
    settings = Settings(model_name="given", model_version="8")

    assert [("own", "7"), ("given", "8")] == [
        (served.name, served.version)
        for found in (choice_of(own), choice_of(own, settings=settings))
        for served in found.models
    ]


def test_several_models_are_served_together_and_versions_too() -> None:
    """One server for all, sorted by name."""
    found = choice_of(model("b.joblib"), model("a/2/model.joblib"), model("a/1/model.joblib"))

    assert ([("a", "1"), ("a", "2"), ("b", "1")], ()) == (
        [(served.name, served.version) for served in found.models],
        found.problems,
    )


def test_two_files_of_one_name_are_ambiguous() -> None:
    """Only one can be meant, and nothing says which."""
    (problem,) = choice_of(model("churn.onnx"), model("old/churn.joblib"), model("other.joblib")).problems

    assert isinstance(problem, SeveralModels)
    assert ("churn", ["churn.onnx", "old/churn.joblib"]) == (problem.name, [each.where for each in problem.candidates])


def test_a_scaler_is_served_only_where_there_is_nothing_else() -> None:
    """It prepares inputs; but whoever has nothing else means it."""
    scaler = model("scaler.joblib", is_helper=True)
    both, alone = choice_of(scaler, model("iris.joblib")), choice_of(scaler)

    assert (["iris"], ("scaler.joblib",), ["scaler"]) == (
        [served.name for served in both.models],
        both.helpers,
        [served.name for served in alone.models],
    )


def test_modules_are_the_projects_a_librarys_or_foreign() -> None:
    """With requirements of its own, a project may install what is not known here; never a notebook's names."""
    found = model("m.pkl", imports=("__main__", "features", "sklearn", "tinylib"))
    scan = ModelScan(models=[found])

    texts = [
        [each.text for problem in choice.problems if isinstance(problem, ForeignModules) for each in problem.models]
        for choice in (
            choose_models(scan, Settings(), frozenset({"features"})),
            choose_models(scan, Settings(), NO_MODULES, has_requirements=True),
        )
    ]

    assert [["__main__, tinylib"], ["__main__"]] == texts


def test_dangerous_names_are_refused_unless_they_are_allowed() -> None:
    """By their full name, one by one."""
    found = model("m.pkl", dangers=(Danger(module="posix", name="system"), Danger(module="builtins", name="open")))
    refused = choice_of(found, settings=Settings(model_allow=("builtins.open",))).problems
    allowed = choice_of(found, settings=Settings(model_allow=("builtins.open", "posix.system"))).problems

    assert (["posix.system"], ()) == (
        [each.text for problem in refused if isinstance(problem, DangerousModels) for each in problem.models],
        allowed,
    )


def test_settings_that_cannot_be_obeyed_are_mistakes() -> None:
    """A path without a model; one name for two models."""
    nothing = choice_of(settings=Settings(model_path="gone.onnx")).problems
    two = choice_of(model("a.pkl"), model("b.pkl"), settings=Settings(model_name="both")).problems

    assert [["gone.onnx"], ["both"]] == [
        [each.text for problem in problems if isinstance(problem, InvalidSettings) for each in problem.mistakes]
        for problems in (nothing, two)
    ]


def test_nothing_is_no_problem() -> None:
    """Then it is a directory without a model, and other messages say what it lacks."""
    assert choice_of().is_empty

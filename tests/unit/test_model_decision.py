"""Where an application is, it serves its models itself; and until there is a server, a model alone is no project."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import Mistake, NoRequirementsFound
from ml_buildpack.explain import explain
from ml_buildpack.facts.observation import Facts, observe
from ml_buildpack.model_decision import decide_models, decide_requirements
from ml_buildpack.plan.models import ModelChoice
from ml_buildpack.problems import Problems
from support.build_runs import PYTHON_PATH, ROOT
from support.projects import write_project

IRIS = (ROOT / "fixtures" / "models" / "sklearn-joblib" / "iris.joblib").read_bytes()
FLASK = "from flask import Flask\n\napp = Flask(__name__)\n"


def facts_of(root: Path, files: dict[str, str | bytes], **env: str) -> Facts:
    """What is observed of that project, in which nothing else is wrong."""
    write_project(root, files)
    problems = Problems()
    facts = observe(root, env, root / "platform", problems)
    problems.raise_if_any()
    return facts


@pytest.mark.parametrize(
    ("files", "env"),
    [
        pytest.param({"app.py": FLASK}, {}, id="an application"),
        pytest.param({"service.py": "app = make()\n"}, {"BP_APP": "service:app"}, id="a setting"),
    ],
)
def test_an_application_serves_its_models_itself(tmp_path: Path, files: dict[str, str], env: dict[str, str]) -> None:
    """Nothing changes for a project that works without the model server."""
    facts = facts_of(tmp_path, {"iris.joblib": IRIS, "requirements.txt": "flask", **files}, **env)

    assert ModelChoice() == decide_models(facts, has_own_server=False)


def test_an_own_web_process_serves_its_models_itself(tmp_path: Path) -> None:
    """It is what the user wants started."""
    facts = facts_of(tmp_path, {"iris.joblib": IRIS, "Procfile": "web: python serve.py\n"})

    assert ModelChoice() == decide_models(facts, has_own_server=True)


def test_a_directory_without_either_lacks_requirements(tmp_path: Path) -> None:
    """The message that it always gave."""
    facts = facts_of(tmp_path, {"notes.md": "hello"})

    with pytest.raises(NoRequirementsFound):
        decide_requirements(facts, decide_models(facts, has_own_server=False), "amd64")


def test_explain_says_what_is_served_and_why(tmp_path: Path) -> None:
    """The log of a build, as it will be."""
    scaler = (ROOT / "fixtures" / "models" / "mlserver" / "scaler.joblib").read_bytes()
    write_project(tmp_path, {"iris.joblib": IRIS, "scaler.joblib": scaler, "requirements.txt": "scikit-learn==1.6.1\n"})
    lines = [line.strip() for line in explain(tmp_path, {"PATH": PYTHON_PATH}, ROOT).splitlines()]

    assert "Model iris 1: iris.joblib (sklearn, joblib)" in lines
    assert "scaler.joblib prepares inputs and predicts nothing, so it is not served" in lines
    assert any("was saved with scikit-learn 1.7.2, and requirements.txt:1 asks for" in line for line in lines)


def test_mistakes_are_told_with_their_files(tmp_path: Path) -> None:
    """All of them, before anything is downloaded."""
    facts = facts_of(tmp_path, {"a.onnx": "no", "b.joblib": b"\x80\x04garbage"})
    (problem,) = decide_models(facts, has_own_server=False).problems

    assert [
        Mistake(where="a.onnx", detail="It is called .onnx, and does not begin like one."),
        Mistake(where="b.joblib", detail="It ends in the middle."),
    ] == list(getattr(problem, "mistakes", ()))

"""Detection: which directories are Python projects, and what is asked of other buildpacks."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ml_buildpack.cnb.build_plan import BuildPlan, PlanAlternative, Require
from ml_buildpack.cnb.environment import DetectContext
from ml_buildpack.detect import Fail, Pass, detect, find_evidence
from support.projects import write_project


def context_of(root: Path, *names: str) -> DetectContext:
    """What bin/detect knows of a directory with those empty files."""
    write_project(root, dict.fromkeys(names, ""))
    return DetectContext(app_dir=root, build_plan_path=root / "plan.toml", env={})


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt", "requirements.in", "requirements-prod.txt", "requirement.txt", "requirments.txt",
        "Requirements.TXT", "pyproject.toml", "uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "pylock.gpu.toml",
        "Pipfile", "Pipfile.lock", "setup.py", "setup.cfg", "environment.yml", "environment.yaml", "conda.yaml",
        "python_env.yaml", "MLmodel", "model-settings.json", "bentofile.yaml", "ml-buildpack.toml", ".python-version",
        "runtime.txt", "anything.py", "train.ipynb", "model.joblib", "model.pkl", "model.onnx", "model.keras",
        "model.h5", "model.pt", "model.pth", "model.safetensors", "model.cbm", "model.ubj", "model.gguf",
        "saved_model.pb", "app/main.py", "src/service/main.py", "requirements/base.txt", "model/model.onnx",
        "models/churn.pkl", "model.bst", "model.sav", "churn/2/model.onnx", "1/saved_model.pb", "flowers/MLmodel",
    ],
)  # fmt: skip
def test_project_is_known_by_one_file(tmp_path: Path, name: str) -> None:
    """Generously: a build can explain what is missing, a detection cannot. The reason is that file."""
    detection = detect(context_of(tmp_path, name))

    assert isinstance(detection, Pass)
    assert f"{name} is there" == detection.reason


@pytest.mark.parametrize(
    "names",
    [
        pytest.param((), id="empty"),
        pytest.param(("package.json", "index.js", "README.md"), id="Node"),
        pytest.param(("go.mod", "main.go"), id="Go"),
        pytest.param(("web/node_modules/gyp/gyp_main.py",), id="Python deep in something else"),
        pytest.param(("src/a/b/c.py",), id="too deep"),
        pytest.param(("docs/conf.py",), id="documentation"),
    ],
)
def test_other_directory_is_left_to_other_buildpacks(tmp_path: Path, names: tuple[str, ...]) -> None:
    """With one line that says what was looked for."""
    expected = Fail(reason="no Python files, requirements or models at the top of the directory")

    assert expected == detect(context_of(tmp_path, *names))


@pytest.mark.parametrize(("name", "text"), [("iris.txt", "tree\nversion=v4\n"), ("iris.json", '{"learner":{}}')])
def test_boosters_that_are_texts_are_known_by_their_first_bytes(tmp_path: Path, name: str, text: str) -> None:
    """Their names are anybody's; and anybody's text is no model."""
    context = context_of(tmp_path, name)
    before = detect(context)
    (context.app_dir / name).write_text(text)

    assert [Fail, Pass] == [type(before), type(detect(context))]


def test_requirements_are_better_evidence_than_code(tmp_path: Path) -> None:
    """The log names the file that a user expects to be named."""
    files = write_project(tmp_path, {"a.py": "", "model.pkl": "", "requirements.txt": ""})

    assert "requirements.txt" == find_evidence(files)


def test_plan_stands_alone_and_takes_an_interpreter_from_upstream(tmp_path: Path) -> None:
    """Our entry is provided and required; with a buildpack for CPython in front, its interpreter is asked for first."""
    own = Require(name="ml-buildpack")
    cpython = Require(name="cpython", metadata={"build": True, "launch": True})
    expected = BuildPlan(
        alternatives=(
            PlanAlternative(provides=("ml-buildpack",), requires=(own, cpython)),
            PlanAlternative(provides=("ml-buildpack",), requires=(own,)),
        )
    )

    detection = detect(context_of(tmp_path, "app.py"))

    assert isinstance(detection, Pass)
    assert expected == detection.plan


def test_thousand_files_are_detected_within_60_ms(tmp_path: Path) -> None:
    """Detection runs in front of every build of every builder; the best of three, because the machine is shared."""
    context = context_of(tmp_path, *(f"data/{group}/{number}.json" for group in range(10) for number in range(100)))
    seconds: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        detect(context)
        seconds.append(time.perf_counter() - began)

    assert min(seconds) < 0.060

"""bin/detect as the lifecycle runs it: exit code, the whole plan, and a reason in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.build_user import User, python_path, run_as
from support.contract import DETECT_FAIL, DETECT_PASS, ContractPlatform, DetectResult

FIXTURES = Path(__file__).resolve().parent.parent.parent / "fixtures"
OWN = {"name": "ml-buildpack"}
UPSTREAM = {"name": "cpython", "metadata": {"build": True, "launch": True}}
PLAN = {
    "provides": [OWN],
    "requires": [OWN, UPSTREAM],
    "or": [{"provides": [OWN], "requires": [OWN]}],
}
NOT_PYTHON = "ml-buildpack: no Python files, requirements or models at the top of the directory\n"


def write_files(root: Path, *paths: str) -> Path:
    """Write small files below the directory."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    return root


@pytest.mark.parametrize("app", sorted(FIXTURES.glob("iris-*")), ids=lambda path: path.name)
def test_every_fixture_is_taken(platform: ContractPlatform, app: Path) -> None:
    """The plan offers to stand alone, after an interpreter from upstream."""
    result = platform.detect(app)

    assert (DETECT_PASS, PLAN, "") == (result.exit_code, result.plan, result.stderr)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("requirements.txt", "requirements.txt"),
        ("Requirements.TXT", "Requirements.TXT"),
        ("requirements-dev.txt", "requirements-dev.txt"),
        ("requirments.txt", "requirments.txt"),
        ("requirements.in", "requirements.in"),
        ("pyproject.toml", "pyproject.toml"),
        ("uv.lock", "uv.lock"),
        ("poetry.lock", "poetry.lock"),
        ("Pipfile", "Pipfile"),
        ("pylock.prod.toml", "pylock.prod.toml"),
        ("environment.yml", "environment.yml"),
        ("setup.py", "setup.py"),
        ("MLmodel", "MLmodel"),
        ("app.py", "app.py"),
        ("notebook.ipynb", "notebook.ipynb"),
        ("model.onnx", "model.onnx"),
        ("src/app.py", "src/app.py"),
        ("app/api/main.py", "app/api/main.py"),
        ("models/churn.joblib", "models/churn.joblib"),
        ("requirements/base.txt", "requirements/base.txt"),
    ],
)
def test_a_python_project_passes_and_the_file_that_decided_is_named(
    platform: ContractPlatform, tmp_path: Path, path: str, reason: str
) -> None:
    """Generously, so that the build can explain what it cannot do."""
    app = write_files(tmp_path / "app", path, "README.md")

    expected = DetectResult(exit_code=DETECT_PASS, stdout=f"ml-buildpack: {reason} is there\n", stderr="", plan=PLAN)
    assert expected == platform.detect(app)


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param((), id="empty"),
        pytest.param(("README.md", "LICENSE"), id="texts"),
        pytest.param(("package.json", "index.js", "scripts/tool.py"), id="a tool script of another language"),
        pytest.param(("go.mod", "main.go", "docs/conf.py"), id="documentation in Sphinx"),
        pytest.param((".git/hooks/app.py", "venv/lib/app.py", "node_modules/x/setup.py"), id="only copied along"),
        pytest.param(("app.pyc", "app.py.bak"), id="nothing that is source"),
    ],
)
def test_another_project_is_left_alone_with_one_line(
    platform: ContractPlatform, tmp_path: Path, paths: tuple[str, ...]
) -> None:
    """100 means no quietly; the line is for those who ask why."""
    (tmp_path / "app").mkdir()
    app = write_files(tmp_path / "app", *paths)

    assert DetectResult(exit_code=DETECT_FAIL, stdout=NOT_PYTHON, stderr="", plan={}) == platform.detect(app)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can copy such an application to where it is detected")
@pytest.mark.parametrize("mode", [0o000, 0o444], ids=["closed", "listed but not entered"])
def test_a_private_folder_is_passed_over(platform: ContractPlatform, tmp_path: Path, mode: int) -> None:
    """Whatever lies in it is not ours to fail on."""
    app = write_files(tmp_path / "app", "private/notes.py", "app.py")
    (app / "private").chmod(mode)

    try:
        result = platform.detect(app)
    finally:
        (app / "private").chmod(0o755)

    assert (DETECT_PASS, "") == (result.exit_code, result.stderr)


def test_names_that_are_not_text_are_no_obstacle(platform: ContractPlatform, tmp_path: Path) -> None:
    """A file name is bytes; detection must not fail on one, nor when it prints one."""
    app = write_files(tmp_path / "app", "README.md")
    (app / b"m\xe9t\xe9o.py".decode(errors="surrogateescape")).write_text("x")

    result = platform.detect(app)

    assert (DETECT_PASS, PLAN, "") == (result.exit_code, result.plan, result.stderr)


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"PATH": "/invalid"}, id="PATH"),
        pytest.param({"PYTHONPATH": "."}, id="PYTHONPATH"),
        pytest.param({"PYTHONHOME": "/invalid"}, id="PYTHONHOME"),
        pytest.param({"PYTHONSTARTUP": "/invalid", "PYTHONINSPECT": "1"}, id="PYTHONSTARTUP"),
        pytest.param({"BP_RESOLVER": "no such thing"}, id="an invalid setting"),
    ],
)
def test_the_users_variables_do_not_disturb_detection(
    platform: ContractPlatform, tmp_path: Path, env: dict[str, str]
) -> None:
    """The build says what is wrong with them; detection would only hide the buildpack."""
    app = write_files(tmp_path / "app", "app.py", "json.py", "tomli_w.py", "ml_buildpack/__init__.py")

    result = platform.detect(app, env=env)

    assert (DETECT_PASS, PLAN, "") == (result.exit_code, result.plan, result.stderr)


def test_detection_needs_two_variables_only(buildpack_dir: Path, open_dir: Path, build_user: User) -> None:
    """Some platforms set neither HOME nor a target; the harness sets everything, so it is left out here."""
    plan = open_dir / "plan.toml"
    plan.touch()
    write_files(open_dir / "app", "app.py")
    build_user.own(open_dir)

    run = run_as(
        build_user,
        (str(buildpack_dir / "bin" / "detect"),),
        cwd=open_dir / "app",
        env={"PATH": python_path(), "CNB_BUILD_PLAN_PATH": str(plan)},
        merged=True,
    )

    assert (DETECT_PASS, "ml-buildpack: app.py is there\n") == (run.exit_code, run.stdout)

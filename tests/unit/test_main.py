"""Exit codes, and which words go where: as the lifecycle calls the program, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.build_runs import FLASK_APP, PYTHON_PATH, ROOT
from support.projects import write_project

LIBRARIES = next(path for path in sys.path if path.endswith("site-packages"))


def run_phase(
    directory: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One call of the program in that directory, with the libraries of the tests' environment."""
    start = f"import sys; sys.path[:0] = [{str(ROOT / 'src')!r}, {LIBRARIES!r}]; from ml_buildpack.main import main; "
    argv = (sys.executable, "-I", "-B", "-c", start + "raise SystemExit(main(sys.argv[1:]))", *arguments)
    variables = {"PATH": PYTHON_PATH, **(env or {})}
    return subprocess.run(argv, check=False, capture_output=True, text=True, cwd=directory, env=variables)


@pytest.fixture
def contract(tmp_path: Path) -> dict[str, str]:
    """The variables of the contract, for both phases."""
    (tmp_path / "layers" / "own").mkdir(parents=True)
    return {
        "CNB_BUILD_PLAN_PATH": str(tmp_path / "plan.toml"),
        "CNB_LAYERS_DIR": str(tmp_path / "layers" / "own"),
        "CNB_PLATFORM_DIR": str(tmp_path / "platform"),
        "CNB_BUILDPACK_DIR": str(ROOT),
    }


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An empty application directory."""
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def test_detection_takes_part_with_0_and_a_plan(app: Path, contract: dict[str, str], tmp_path: Path) -> None:
    """One line says why."""
    write_project(app, {"app.py": ""})

    finished = run_phase(app, "detect", env=contract)

    assert (0, "ml-buildpack: app.py is there\n", "") == (finished.returncode, finished.stdout, finished.stderr)
    assert 'name = "ml-buildpack"' in (tmp_path / "plan.toml").read_text()


def test_detection_has_nothing_to_do_with_100(app: Path, contract: dict[str, str], tmp_path: Path) -> None:
    """No plan is written, and standard error is silent: other buildpacks go on."""
    finished = run_phase(app, "detect", env=contract)

    expected = "ml-buildpack: no Python files, requirements or models at the top of the directory\n"
    assert (100, expected, "") == (finished.returncode, finished.stdout, finished.stderr)
    assert not (tmp_path / "plan.toml").exists()


@pytest.mark.parametrize("phase", ["detect", "build"])
def test_broken_contract_is_1_with_words(app: Path, phase: str) -> None:
    """The platform's fault, said as such."""
    finished = run_phase(app, phase)

    assert (1, "") == (finished.returncode, finished.stdout)
    assert "ML-ENV-003" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_problem_of_the_project_is_1_with_words(app: Path, contract: dict[str, str]) -> None:
    """On standard error, behind what the build said so far."""
    write_project(app, {"app.py": FLASK_APP})

    finished = run_phase(app, "build", env=contract)

    assert (1, "[Project]\n") == (finished.returncode, finished.stdout)
    assert "ML-REQ-001" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_all_problems_are_shown(app: Path, contract: dict[str, str]) -> None:
    """Each with its own text."""
    finished = run_phase(app, "build", env={**contract, "PIP_TARGET": "/x", "BP_RESOLVER": "conda"})

    assert 1 == finished.returncode
    assert all(name in finished.stderr for name in ("ML-ENV-002", "ML-SET-001", "ML-REQ-001", "ML-WEB-001"))


def test_full_disk_is_1_with_words(app: Path, contract: dict[str, str]) -> None:
    """Proven where every write fails for want of space."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    write_project(app, {"app.py": ""})

    finished = run_phase(app, "detect", env={**contract, "CNB_BUILD_PLAN_PATH": "/dev/full"})

    assert 1 == finished.returncode
    assert "ML-ENV-004" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_bug_of_ours_is_1_with_a_report(app: Path, contract: dict[str, str]) -> None:
    """Here a plan that lies in a directory that is not there: no platform does that."""
    write_project(app, {"app.py": ""})

    finished = run_phase(app, "detect", env={**contract, "CNB_BUILD_PLAN_PATH": "/nowhere/plan.toml"})

    assert 1 == finished.returncode
    assert "FileNotFoundError" in finished.stderr


@pytest.mark.parametrize("arguments", [(), ("help",), ("detect", "more")])
def test_unknown_call_is_1_with_usage(app: Path, arguments: tuple[str, ...]) -> None:
    """The lifecycle never does; a developer may."""
    finished = run_phase(app, *arguments)

    assert (1, "") == (finished.returncode, finished.stdout)
    assert finished.stderr.startswith("usage: ")


def test_explanation_is_0(app: Path) -> None:
    """For the directory that is named, else for the current one."""
    write_project(app, {"app.py": FLASK_APP, "requirements.txt": "flask\n"})

    here, named = run_phase(app, "explain"), run_phase(app.parent, "explain", str(app))

    assert (0, "") == (here.returncode, here.stderr)
    assert here.stdout == named.stdout
    assert "Web: app.py:3 app (flask, wsgi)" in here.stdout

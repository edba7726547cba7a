"""Models that cannot be served: each message, from the program as a user starts it.

That is `explain`, which also plans formats that are not served yet (SERVED_FORMATS); a build raises the same.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.build_runs import PYTHON_PATH, ROOT
from support.failing_builds import shown
from support.projects import write_project

pytestmark = pytest.mark.slow

MODELS = ROOT / "fixtures" / "models"
IRIS = (MODELS / "sklearn-joblib" / "iris.joblib").read_bytes()
BOOSTER = (MODELS / "xgboost-ubj" / "iris.ubj").read_bytes()
CASES: dict[str, tuple[dict[str, str | bytes], str]] = {
    "an empty file": ({"model.joblib": b""}, shown("ML-MODEL-002")),
    "half a file": ({"model.joblib": IRIS[:500]}, shown("ML-MODEL-003")),
    "two files of one name": ({"iris.joblib": IRIS, "iris.ubj": BOOSTER}, shown("ML-MODEL-004")),
    "weights alone": ({"net.pt": (MODELS / "state-dict" / "iris.pt").read_bytes()}, shown("ML-MODEL-005")),
    "a class of a notebook": ({"model.pkl": b"\x80\x02c__main__\nModel\n)\x81."}, shown("ML-MODEL-006")),
    "a command": ({"model.pkl": b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."}, shown("ML-MODEL-007")),
    "a release that cannot read it": ({"iris.ubj": BOOSTER, "requirements.txt": "xgboost<3\n"}, shown("ML-MODEL-008")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_model_that_cannot_be_served_is_explained(tmp_path: Path, name: str) -> None:
    """Exit code 1, the id, and steps; before anything is downloaded."""
    files, message = CASES[name]
    write_project(tmp_path, files)
    command = (sys.executable, "-I", "-B", str(ROOT / "src"), "explain", str(tmp_path))
    result = subprocess.run(command, env={"PATH": PYTHON_PATH}, capture_output=True, text=True, check=False)

    assert 1 == result.returncode
    assert message in result.stdout + result.stderr
    assert "\n1. " in result.stdout + result.stderr

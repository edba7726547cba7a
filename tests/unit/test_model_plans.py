"""What is planned for each model fixture, compared whole: `make snapshots` writes fixtures/models/plans/ anew.

The fixtures were made by the libraries themselves (fixtures/models/make.py), so this is also the proof that what they
write is understood. Left out is what the machine decides: its Python, and the fingerprints that name it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ml_buildpack.errors import BuildpackError
from ml_buildpack.explain import explain_as_json
from support.build_runs import PYTHON_PATH, ROOT

MODELS = ROOT / "fixtures" / "models"
PLANS = MODELS / "plans"
FIXTURES = sorted(path for path in MODELS.iterdir() if path.is_dir() and path.name not in {"plans", "requirements"})
OF_THE_PLAN = ("requirements", "added", "processes", "python_requests", "models")


def planned(app: Path) -> dict[str, Any]:
    """The plan of a fixture, or the id of the error that a build of it ends with."""
    env = {"PATH": PYTHON_PATH, "CNB_TARGET_ARCH": "amd64"}
    if app.name.startswith("mlflow-"):
        # They ask for the very Python that they were saved on, which this machine may not have.
        env["BP_PYTHON_VERSION"] = ">=3.10"
    try:
        document = json.loads(explain_as_json(app, env, ROOT))
    except BuildpackError as error:
        return {"errors": [error.id]}
    requests = [request for request in document["python_requests"] if request["origin"] != "BP_PYTHON_VERSION"]
    return {
        **{key: document[key] for key in OF_THE_PLAN},
        "python_requests": requests,
        "notes": document["input"]["notes"],
    }


@pytest.mark.parametrize("app", FIXTURES, ids=lambda app: app.name)
def test_plan_is_the_one_that_was_read_and_kept(app: Path) -> None:
    """A change of it is a change for users."""
    kept = PLANS / f"{app.name}.json"
    plan = planned(app)
    if os.environ.get("WRITE_SNAPSHOTS"):
        kept.write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")

    assert json.loads(kept.read_text(encoding="utf-8")) == plan


def test_no_plan_is_left_over() -> None:
    """Each belongs to a fixture."""
    assert {app.name for app in FIXTURES} == {path.stem for path in PLANS.glob("*.json")}

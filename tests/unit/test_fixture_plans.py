"""What is planned for each fixture, compared whole: `make snapshots` writes fixtures/plans/ anew, to be read as a diff.

Left out is what the machine decides: its Python, and the fingerprints that name it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ml_buildpack.errors import BuildpackError
from ml_buildpack.explain import explain_as_json
from ml_buildpack.problems import SeveralProblems
from support.build_runs import PYTHON_PATH, ROOT

FIXTURES = ROOT / "fixtures"
PLANS = FIXTURES / "plans"
# What says which Python there is: those fixtures have tests of their own.
APPS = [
    path
    for path in sorted(
        [FIXTURES / "iris-fastapi", FIXTURES / "iris-flask", *FIXTURES.glob("apps/*"), *FIXTURES.glob("inputs/*")]
    )
    if not path.name.startswith(("python-", "mlflow-"))
]
OF_THE_MACHINE = ("python", "inputs")


def planned(app: Path) -> dict[str, Any]:
    """The plan of a fixture, or the ids of the errors that a build of it ends with."""
    try:
        document = json.loads(explain_as_json(app, {"PATH": PYTHON_PATH}, ROOT))
    except SeveralProblems as problems:
        return {"errors": sorted(error.id for error in problems.errors)}
    except BuildpackError as error:
        return {"errors": [error.id]}
    return {key: value for key, value in document.items() if key not in OF_THE_MACHINE}


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_plan_is_the_one_that_was_read_and_kept(app: Path) -> None:
    """A change of it is a change for users."""
    kept = PLANS / f"{app.name}.json"
    plan = planned(app)
    if os.environ.get("WRITE_SNAPSHOTS"):
        kept.write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")

    assert json.loads(kept.read_text(encoding="utf-8")) == plan


def test_no_plan_is_left_over() -> None:
    """Each belongs to a fixture."""
    assert {app.name for app in APPS} == {path.stem for path in PLANS.glob("*.json")}

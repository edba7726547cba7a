"""What `explain` prints: the same decisions as a build, without doing anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_buildpack.errors import NoWebEntry
from ml_buildpack.explain import explain
from support.build_runs import FLASK_APP, PYTHON_PATH, ROOT
from support.projects import write_project
from support.workplace import real_interpreter, tree_digest

ENV = {"PATH": PYTHON_PATH}


def plan_in(text: str) -> dict[str, object]:
    """The plan that stands at the end of the text."""
    found = json.loads(text[text.index("{") :])
    assert isinstance(found, dict)
    return found


def test_decisions_are_printed_and_nothing_is_done(tmp_path: Path) -> None:
    """Facts, reasons and the plan; the project is as it was."""
    write_project(
        tmp_path,
        {
            "app.py": FLASK_APP,
            "requirements.txt": "flask\n-c c.txt\n",
            "requirements.in": "flask\n",
            "c.txt": "six<2\n",
        },
    )
    before = tree_digest(tmp_path)

    text = explain(tmp_path, ENV, ROOT)

    assert before == tree_digest(tmp_path)
    assert f"[Project]\n  Detected by: requirements.txt\n  Python {real_interpreter().version} (" in text
    assert "  Web: app.py:3 app (flask, wsgi)\n" in text
    assert "[Plan]\n  Resolver: pip-tools, because: requirements.in\n" in text
    plan = plan_in(text)
    serve = ["python", "-m", "model_server", "web", "--interface", "wsgi", "--app", "app:app"]
    assert (["flask"], ["six<2"], ["gunicorn"], [{"type": "web", "command": serve, "default": True}]) == (
        plan["requirements"],
        plan["constraints"],
        plan["added"],
        plan["processes"],
    )


def test_credentials_are_not_printed(tmp_path: Path) -> None:
    """What explains a project is pasted into tickets."""
    requirements = (
        "--index-url https://u:secret@a.test/simple\na @ https://u:secret@b.test/a-1.0-py3-none-any.whl\nflask\n"
    )
    write_project(tmp_path, {"app.py": FLASK_APP, "requirements.txt": requirements})

    text = explain(tmp_path, {**ENV, "PIP_EXTRA_INDEX_URL": "https://u:secret@c.test/simple"}, ROOT)

    assert "secret" not in text
    assert "a @ https://***@b.test/a-1.0-py3-none-any.whl" in text


def test_problem_of_the_project_is_raised_as_by_a_build(tmp_path: Path) -> None:
    """With the same text, because it is the same error."""
    write_project(tmp_path, {"app.py": "print(1)\n", "requirements.txt": "flask\n"})

    with pytest.raises(NoWebEntry):
        explain(tmp_path, ENV, ROOT)

"""A build that cannot work ends with our explanation in pack's log, and with an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.pack import FIXTURES, Build, Pack
from support.projects import write_project

pytestmark = pytest.mark.image

# The lifecycle's own code for "a buildpack failed"; pack turns it into 1.
BUILDPACK_FAILED = "failed with status code: 51"


def errors_of(build: Build) -> tuple[int, bool, list[str]]:
    """The exit code of pack, whether the lifecycle blames the buildpack, and the titles of our errors."""
    titles = [line.strip() for line in build.log.splitlines() if line.strip().startswith("[Error ML-")]
    return build.exit_code, BUILDPACK_FAILED in build.log, titles


def test_two_equal_entries_are_both_named(pack: Pack) -> None:
    """Guessing could serve the wrong one."""
    failed = pack.build(FIXTURES / "apps" / "two-entries", "failing")

    title = "[Error ML-WEB-002: Several applications were found and none was chosen]"
    assert (1, True, [title]) == errors_of(failed)
    assert all(entry in failed.log for entry in ("app.py:3", "main.py:3"))


def test_no_entry_is_explained(pack: Pack) -> None:
    """With the files that were read."""
    failed = pack.build(FIXTURES / "apps" / "no-entry", "failing")

    assert (1, True, ["[Error ML-WEB-001: No application was found that could be served]"]) == errors_of(failed)
    assert all(file in failed.log for file in ("app.py", "train.py"))


def test_a_model_that_was_not_fetched_is_explained(pack: Pack) -> None:
    """Otherwise the container fails, far from the git clone that left the model out."""
    failed = pack.build(FIXTURES / "apps" / "lfs-pointer", "failing")

    title = "[Error ML-MODEL-001: A model file holds a Git-LFS pointer instead of the model]"
    assert (1, True, [title]) == errors_of(failed)
    assert "model.joblib" in failed.log


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
def test_a_conflict_is_shown_in_the_resolvers_words(pack: Pack, tmp_path: Path, resolver: str) -> None:
    """Both requirements of the user are named, by either resolver."""
    write_project(
        tmp_path,
        {
            "requirements.txt": "flask==3.1.3\nwerkzeug==2.0.0\n",
            "app.py": "from flask import Flask\n\napp = Flask(__name__)\n",
        },
    )

    failed = pack.build(tmp_path, "failing", "--env", f"BP_RESOLVER={resolver}")

    assert (1, True, ["[Error ML-LOCK-001: The requirements contradict each other]"]) == errors_of(failed)
    assert all(requirement in failed.log for requirement in ("flask==3.1.3", "werkzeug==2.0.0"))


def test_a_directory_of_another_language_is_refused_with_a_reason(pack: Pack) -> None:
    """Detection fails, and pack shows the one line that says why."""
    failed = pack.build(FIXTURES / "apps" / "not-python", "failing")

    reason = "ml-buildpack: no Python files, requirements or models at the top of the directory"
    assert (1, (reason,)) == (failed.exit_code, failed.lines("ml-buildpack: "))
    assert "No buildpack groups passed detection." in failed.log

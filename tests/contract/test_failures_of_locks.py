"""Locks and requirements that no image can be made of, each refused for its own reason, by bin/build itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.contract import ContractPlatform
from support.distributions import Distribution
from support.failing_builds import Case, build_case, check_text, shown
from support.flask_project import DISTRIBUTIONS
from support.local_index import LocalIndex

pytestmark = pytest.mark.slow

POETRY_PROJECT = '[tool.poetry]\nname = "served"\nversion = "1"\n[tool.poetry.dependencies]\npython = "^3.10"\n'
POETRY_LOCK = (
    '[[package]]\nname = "flask"\nversion = "3.1.0"\noptional = false\npython-versions = "*"\nfiles = []\n\n'
    '[metadata]\nlock-version = "2.0"\npython-versions = "^3.10"\ncontent-hash = "{digest}"\n'
)
STALE = POETRY_LOCK.format(digest="0" * 64)
PYLOCK = 'lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n'
UV_WORKSPACE = (
    'version = 1\nrevision = 3\nrequires-python = ">=3.10"\n[manifest]\nmembers = ["api", "training"]\n'
    '[[package]]\nname = "api"\nversion = "1"\nsource = { virtual = "api" }\n'
    '[[package]]\nname = "training"\nversion = "1"\nsource = { virtual = "training" }\n'
)
OFFERED = (
    Distribution(name="withdrawn", yanked="it deletes files"),
    Distribution(name="newer-python", requires_python=">=3.99"),
    Distribution(name="other-machine", tag="cp311-cp311-win_arm64"),
)
LOCKS = {
    "a merge conflict": Case(
        requirements=None,
        files={"pyproject.toml": POETRY_PROJECT, "poetry.lock": f"<<<<<<< HEAD\n{STALE}"},
        says=(shown("ML-LOCK-007"), "poetry.lock:1", "<<<<<<< HEAD", "poetry lock"),
    ),
    "a lock that is older than its project": Case(
        requirements=None,
        files={"pyproject.toml": POETRY_PROJECT, "poetry.lock": STALE},
        says=(shown("ML-LOCK-008"), "poetry.lock:11", "poetry lock"),
    ),
    "two locks of one kind": Case(
        requirements=None,
        files={"pylock.web.toml": PYLOCK, "pylock.batch.toml": PYLOCK},
        says=(shown("ML-LOCK-009"), "pylock.batch.toml", "pylock.web.toml", "BP_REQUIREMENTS"),
    ),
    "a workspace without a project at its top": Case(
        requirements=None,
        files={
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["*"]\n',
            "api/pyproject.toml": '[project]\nname = "api"\nversion = "1"\n',
            "training/pyproject.toml": '[project]\nname = "training"\nversion = "1"\n',
            "uv.lock": UV_WORKSPACE,
        },
        says=(shown("ML-LOCK-010"), "api", "training"),
    ),
    "two files that pin differently": Case(
        requirements="flask==2.0.0\n",
        files={"pylock.toml": PYLOCK.replace("packages = []", "")
               + '[[packages]]\nname = "flask"\nversion = "3.1.0"\n[[packages.wheels]]\n'
               'url = "http://127.0.0.1:9/flask-3.1.0-py3-none-any.whl"\nhashes = { sha256 = "00" }\n'},
        says=(shown("ML-REQ-005"), "requirements.txt:1", "flask==2.0.0", "pylock.toml has 3.1.0"),
    ),
    "conda packages that PyPI does not have": Case(
        requirements=None,
        files={"environment.yml": "dependencies:\n- python=3.11\n- flask\n- r-base=4.3\n"},
        says=(shown("ML-REQ-006"), "environment.yml:4", "r-base=4.3"),
    ),
}  # fmt: skip
RESOLUTIONS = {
    "wheels for other machines": Case(requirements="flask\nother-machine\n", says=(shown("ML-LOCK-005"), "win_arm64")),
    "a package for another Python": Case(
        requirements="flask\nnewer-python\n", says=(shown("ML-LOCK-011"), "requirements.txt:2", ">=3.99")
    ),
    "a release that was withdrawn": Case(
        requirements="flask\nwithdrawn>=1,<2\n",
        says=(shown("ML-LOCK-012"), "requirements.txt:2", "it deletes files"),
    ),
    "a variant that the index does not have": Case(
        requirements="flask\ntiny-model==1.0+cpu\n", says=(shown("ML-LOCK-013"), "requirements.txt:2", "1.0+cpu")
    ),
    "words that nobody knows": Case(
        env={"UV_INDEX_STRATEGY": "nearest"}, says=(shown("ML-LOCK-006"), "invalid value 'nearest'")
    ),
}


@pytest.mark.parametrize("case", LOCKS.values(), ids=LOCKS)
def test_input_that_cannot_be_obeyed_is_refused_before_anything_is_done(
    platform: ContractPlatform, index: LocalIndex, tmp_path: Path, case: Case
) -> None:
    """The index is not asked and no layer is begun."""
    result = build_case(case, platform, index, tmp_path / "app")

    check_text(case, result)
    assert ([], ()) == (index.requested, result.written)


@pytest.mark.parametrize("case", RESOLUTIONS.values(), ids=RESOLUTIONS)
def test_requirement_without_an_answer_is_explained(
    platform: ContractPlatform, index: LocalIndex, tmp_path: Path, case: Case
) -> None:
    """With the line that asks for it, where one does."""
    index.offer(*DISTRIBUTIONS, *OFFERED)

    check_text(case, build_case(case, platform, index, tmp_path / "app"))

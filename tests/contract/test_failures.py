"""Builds that cannot succeed: exit code 1, a text with an id, the file and the line, and nothing to export.

How each text reads is tested where it is rendered; here it is that the real cause arrives there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.build_runs import ROOT
from support.contract import BuildResult, ContractPlatform
from support.distributions import Distribution
from support.failing_builds import Case, build_case, check_text, shown
from support.flask_project import DISTRIBUTIONS, FLASK_APP
from support.local_index import UNREACHABLE_INDEX, Faults, LocalIndex

pytestmark = pytest.mark.slow

NO_COMPILER = "raise SystemExit(\"error: command 'gcc' failed: No such file or directory\")"
BROKEN_SETUP = "raise RuntimeError('this project needs its git history')"


USER_MISTAKES = {
    "no requirements": Case(requirements=None, says=(shown("ML-REQ-001"), "requirements.txt")),
    "requirements in no encoding": Case(
        requirements=b"flask\n# \xe9\x80\n", says=(shown("ML-REQ-002"), "requirements.txt")
    ),
    "malformed lines": Case(
        requirements="flask\ntiny model\n# a comment\nnumpy=1.0\n",
        says=(shown("ML-REQ-003"), "requirements.txt:2", "tiny model", "requirements.txt:4", "numpy=1.0"),
    ),
    "a file that is not there": Case(
        requirements="flask\n-r base.txt\n", says=(shown("ML-REQ-003"), "requirements.txt:2", "base.txt")
    ),
    "a lock that cannot be read yet": Case(
        requirements=None, files={"pixi.toml": "[dependencies]\nflask = '*'\n"}, says=(shown("ML-REQ-004"), "pixi.toml")
    ),
    "an invalid setting": Case(env={"BP_RESOLVER": "conda"}, says=(shown("ML-SET-001"), "BP_RESOLVER", "conda")),
    "a Python that is not there": Case(
        files={".python-version": "3.99\n"}, says=(shown("ML-PY-001"), ".python-version", "3.99")
    ),
    "unsafe variables": Case(
        env={"PIP_TARGET": "/x", "PYTHONHOME": "/y"}, says=(shown("ML-ENV-002"), "PIP_TARGET", "PYTHONHOME")
    ),
    "no entry": Case(files={"app.py": "print('hello')\n"}, says=(shown("ML-WEB-001"), "app.py")),
    "an entry that does not parse": Case(
        files={"app.py": "from flask import\n"}, says=(shown("ML-WEB-001"), "app.py:1")
    ),
    "two entries": Case(
        files={"app.py": FLASK_APP.replace("app =", "one = Flask(__name__)\ntwo =")},
        says=(shown("ML-WEB-002"), "app.py:3", "app.py:4", "one", "two"),
    ),
    "a malformed Procfile": Case(
        files={"Procfile": "web gunicorn app:app\n"}, says=(shown("ML-WEB-003"), "Procfile:1")
    ),
    "a module in place of the server": Case(
        files={"model_server.py": "", "gunicorn/__init__.py": "", "uvicorn.py": ""},
        says=(shown("ML-WEB-004"), "model_server.py", "gunicorn/__init__.py"),
    ),
    "a pointer in place of a model": Case(
        files={
            "model.joblib": "version https://git-lfs.github.com/spec/v1\n"
            "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345678\n"
        },
        says=(shown("ML-MODEL-001"), "model.joblib"),
    ),
    # As long as nothing serves the format; `explain` shows what will be done.
    "a model alone": Case(
        requirements=None,
        files={"app.py": "", "tiny.gguf": (ROOT / "fixtures" / "models" / "gguf" / "tiny.gguf").read_bytes()},
        says=(shown("ML-REQ-001"), shown("ML-WEB-001")),
    ),
    "several things at once": Case(
        requirements="flask==\n",
        files={"app.py": "", "Procfile": "nonsense\n"},
        env={"BP_RESOLVER": "conda"},
        says=(shown("ML-REQ-003"), shown("ML-SET-001"), shown("ML-WEB-003"), shown("ML-WEB-001")),
    ),
}
FAILED_RESOLUTIONS = {
    "a conflict": Case(
        requirements="flask\ntiny-model==1.0\nneeds-two\n", says=(shown("ML-LOCK-001"), "tiny-model", "needs-two")
    ),
    "an unknown package": Case(
        requirements="flask\n\nno-such-package\n", says=(shown("ML-LOCK-002"), "requirements.txt:3", "no-such-package")
    ),
    "an unknown version": Case(
        requirements="flask\ntiny-model==9.9\n", says=(shown("ML-LOCK-002"), "requirements.txt:2", "tiny-model")
    ),
    "an index that is not there": Case(
        env={"PIP_INDEX_URL": UNREACHABLE_INDEX}, says=(shown("ML-NET-001"), "127.0.0.1:9")
    ),
    "an index that fails": Case(faults=Faults(status=500), says=(shown("ML-NET-001"), "500")),
    "an index that wants credentials": Case(faults=Faults(credentials="user:right"), says=(shown("ML-NET-002"), "401")),
}
# Each takes pip more than a second; the others differ in nothing that the two tools say differently.
EXPLAINED_BY_PIP_TOOLS = ("a conflict", "an unknown package", "an index that wants credentials")
FAILED_DOWNLOADS = {
    "a file that is gone": Case(faults=Faults(file_status=404), says=(shown("ML-NET-003"), "404")),
    "a file with other bytes": Case(
        faults=Faults(wrong_bytes=frozenset({"tiny_model-1.0-py3-none-any.whl"})),
        says=(shown("ML-HASH-001"), "tiny_model-1.0-py3-none-any.whl"),
    ),
    "a source that needs a compiler": Case(
        requirements="flask\nneeds-gcc\n", says=(shown("ML-LOCK-003"), "needs-gcc", "gcc")
    ),
    "a source that does not build": Case(
        requirements="flask\nneeds-git\n",
        says=(shown("ML-LOCK-004"), "needs-git", "this project needs its git history"),
    ),
}
BROKEN = (
    Distribution(name="needs-two", requires=("tiny-model==2.0",)),
    Distribution(name="needs-gcc", sdist_only=True, build_guard=NO_COMPILER),
    Distribution(name="needs-git", sdist_only=True, build_guard=BROKEN_SETUP),
)


@pytest.fixture
def run(platform: ContractPlatform, index: LocalIndex, tmp_path: Path) -> Callable[[Case], BuildResult]:
    """Builds a case."""
    index.offer(*DISTRIBUTIONS, *BROKEN)
    return lambda case: build_case(case, platform, index, tmp_path / "app")


@pytest.mark.parametrize("case", USER_MISTAKES.values(), ids=USER_MISTAKES)
def test_mistakes_of_the_project_are_said_before_anything_is_done(
    run: Callable[[Case], BuildResult], index: LocalIndex, case: Case
) -> None:
    """All of them at once; the index is not asked and no layer is begun."""
    result = run(case)

    check_text(case, result)
    assert ([], ()) == (index.requested, result.written)


@pytest.mark.parametrize(
    ("name", "resolver"),
    [*((name, "uv") for name in FAILED_RESOLUTIONS), *((name, "pip-tools") for name in EXPLAINED_BY_PIP_TOOLS)],
)
def test_a_resolution_that_fails_is_explained_the_same_by_both_resolvers(
    run: Callable[[Case], BuildResult], name: str, resolver: str
) -> None:
    """The same id, whoever found out, and no layer."""
    case = FAILED_RESOLUTIONS[name]

    result = run(replace(case, env={**case.env, "BP_RESOLVER": resolver}))

    check_text(case, result)
    assert () == tuple(name for name in result.written if name.endswith(".toml"))


@pytest.mark.parametrize("case", FAILED_DOWNLOADS.values(), ids=FAILED_DOWNLOADS)
def test_files_that_cannot_be_had_end_the_build(run: Callable[[Case], BuildResult], case: Case) -> None:
    """The environment is not begun; what was resolved may be there, and is not exported."""
    result = run(case)

    check_text(case, result)
    assert "venv.toml" not in result.written


def test_a_digest_in_the_requirements_that_does_not_fit_is_a_mismatch(run: Callable[[Case], BuildResult]) -> None:
    """Whoever is wrong, the file is not installed; the line is named."""
    pinned = "".join(
        f"{name} --hash=sha256:{'0' * 64}\n" for name in ("flask==3.1.0", "werkzeug==3.0", "gunicorn==23.0")
    )
    case = Case(requirements=pinned, says=(shown("ML-HASH-001"), "requirements.txt"))

    check_text(case, run(case))


def test_credentials_that_are_refused_are_not_shown(run: Callable[[Case], BuildResult], index: LocalIndex) -> None:
    """The address is, without them."""
    case = Case(
        env={"PIP_INDEX_URL": index.url_with("ci:wr0ng")},
        faults=Faults(credentials="ci:right"),
        says=(shown("ML-NET-002"), f"127.0.0.1:{index.port}"),
    )

    result = run(case)

    check_text(case, result)
    assert "wr0ng" not in result.output

"""bin/detect and bin/build find a Python that can run them, hand over, and are reached by nothing of the app.

The program behind them is a stand-in that tells how it was started; the shims and src/__main__.py are the real ones.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.failing_builds import shown

ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.path.realpath(sys.executable)
STAND_IN = """
import json, os, sys

def main(arguments):
    print(json.dumps({
        "arguments": arguments, "cwd": os.getcwd(), "path": sys.path[:2], "isolated": sys.flags.isolated,
        "bytecode": not sys.dont_write_bytecode, "unbuffered": sys.stdout.write_through,
        "strangers": sorted(name for name, module in sys.modules.items() if hasattr(module, "STRANGER")),
    }))
    return 100
"""
# A real interpreter that claims to be another version.
PRETENDER = '#!/bin/sh\nexec {python} -I -S -c "import sys; sys.version_info = {version}; exec(sys.argv[1])" "$4"\n'
HANDS_OVER = '#!/bin/sh\nexec {python} "$@"\n'
MARKS_ITSELF = '#!/bin/sh\necho "{name}"\n'


@pytest.fixture
def buildpack(tmp_path: Path) -> Path:
    """A buildpack directory with the real shims; its path has a space, as a home directory may."""
    folder = tmp_path / "the buildpack"
    shutil.copytree(ROOT / "bin", folder / "bin")
    (folder / "src" / "ml_buildpack").mkdir(parents=True)
    shutil.copy(ROOT / "src" / "__main__.py", folder / "src")
    (folder / "src" / "ml_buildpack" / "__init__.py").touch()
    (folder / "src" / "ml_buildpack" / "main.py").write_text(STAND_IN)
    return folder


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An empty app directory, which is where phases start."""
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


def _program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return folder


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    """A PATH folder whose python3 is the one that runs these tests."""
    return _program(tmp_path / "usual", "python3", HANDS_OVER.format(python=PYTHON))


def _run(
    buildpack: Path, app: Path, path: str, phase: str = "detect", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": path, "CNB_BUILDPACK_DIR": str(buildpack), **(env or {})}
    return subprocess.run(
        (buildpack / "bin" / phase, "/platform", "/plan.toml"),
        cwd=app,
        env=variables,
        check=False,
        capture_output=True,
        text=True,
    )


def _handed_over(buildpack: Path, app: Path, phase: str) -> dict[str, Any]:
    return {
        "arguments": [phase],
        "cwd": str(app),
        "path": [str(buildpack / "src"), str(buildpack / "vendor")],
        "isolated": 1,
        "bytecode": False,
        "unbuffered": True,
        "strangers": [],
    }


@pytest.mark.parametrize("phase", ["detect", "build"])
def test_the_phase_runs_isolated_in_the_app_directory(phase: str, buildpack: Path, app: Path, usual: Path) -> None:
    """Both shims hand over their own name, keep the working directory, and return the program's exit code."""
    done = _run(buildpack, app, str(usual), phase)

    assert (100, "") == (done.returncode, done.stderr)
    assert _handed_over(buildpack, app, phase) == json.loads(done.stdout)


def test_the_buildpack_directory_is_found_without_the_variable(buildpack: Path, app: Path, usual: Path) -> None:
    """A developer can call bin/detect by hand."""
    command = (buildpack / "bin" / "detect",)
    done = subprocess.run(command, cwd=app, env={"PATH": str(usual)}, check=False, capture_output=True, text=True)

    assert _handed_over(buildpack, app, "detect") == json.loads(done.stdout)


def test_without_python_the_error_says_what_to_do(buildpack: Path, app: Path, tmp_path: Path) -> None:
    """Build images of Paketo and Cloud Foundry have no python3: title, what was looked at, numbered fixes, exit 1."""
    done = _run(buildpack, app, str(tmp_path / "nowhere"))
    expected = f"""\
[Error ML-ENV-001: No Python 3.10 or newer in the build image]
The buildpack itself runs on Python, but neither its package nor the build image brings one that it can use.
Packaged:  {buildpack}/python/bin/python3 does not exist
PATH:      {tmp_path}/nowhere
Refused:   nothing named python3 was found there

1. Use a builder whose build image has python3 3.10 or newer (Debian 12 and Ubuntu 22.04 are new enough).
2. Or use a package of this buildpack that brings its own interpreter: make package PYTHON=3.12
3. If PATH is set for the build (pack build --env PATH=...), leave it out.
See docs/errors.md, ML-ENV-001.
"""

    assert (1, "", expected) == (done.returncode, done.stdout, done.stderr)
    assert shown("ML-ENV-001") in done.stderr


def test_an_empty_path_gives_the_same_error(buildpack: Path, app: Path) -> None:
    """The message needs no program, so it is printed even where there is none."""
    done = _run(buildpack, app, "")

    assert done.returncode == 1
    assert "\nPATH:      (empty)\n" in done.stderr


def test_a_python_that_is_too_old_is_refused_by_name(buildpack: Path, app: Path, tmp_path: Path) -> None:
    """The message shows which one was tried."""
    old = _program(tmp_path / "old", "python3", PRETENDER.format(python=PYTHON, version=(3, 9, 18)))
    done = _run(buildpack, app, str(old))

    assert (1, "") == (done.returncode, done.stdout)
    assert f"\nRefused:   {old}/python3 (older than 3.10, or does not start)\n" in done.stderr


def test_the_oldest_accepted_python_is_3_10(buildpack: Path, app: Path, tmp_path: Path) -> None:
    """The limit itself is accepted: the pretender then fails to run the program, but it is not refused."""
    limit = _program(tmp_path / "limit", "python3", PRETENDER.format(python=PYTHON, version=(3, 10, 0)))
    done = _run(buildpack, app, str(limit))

    assert "ML-ENV-001" not in done.stderr


def test_a_newer_python_beside_an_old_python3_is_used(buildpack: Path, app: Path, tmp_path: Path) -> None:
    """Red Hat's python3 is 3.9 even where a python3.12 is installed."""
    both = _program(tmp_path / "both", "python3", PRETENDER.format(python=PYTHON, version=(3, 9, 18)))
    _program(both, "python3.12", HANDS_OVER.format(python=PYTHON))

    assert _handed_over(buildpack, app, "detect") == json.loads(_run(buildpack, app, str(both)).stdout)


def test_a_python_that_does_not_start_is_passed_over(buildpack: Path, app: Path, tmp_path: Path, usual: Path) -> None:
    """On PATH, pyenv leaves such programs for versions that are not selected."""
    broken = _program(tmp_path / "broken", "python3", "#!/bin/sh\necho 'version not set' >&2\nexit 127\n")
    done = _run(buildpack, app, f"{broken}:{usual}")

    assert (_handed_over(buildpack, app, "detect"), "") == (json.loads(done.stdout), done.stderr)


def test_the_packaged_interpreter_wins(buildpack: Path, app: Path, tmp_path: Path) -> None:
    """Whoever packaged one wants it used, started like any other."""
    _program(buildpack / "python" / "bin", "python3", HANDS_OVER.format(python=PYTHON))
    builders = _program(tmp_path / "builder", "python3", MARKS_ITSELF.format(name="the builder's"))

    assert _handed_over(buildpack, app, "detect") == json.loads(_run(buildpack, app, str(builders)).stdout)


def test_the_first_folder_of_path_wins(buildpack: Path, app: Path, tmp_path: Path, usual: Path) -> None:
    """As for every other program."""
    later = _program(tmp_path / "later", "python3", MARKS_ITSELF.format(name="later"))

    assert _handed_over(buildpack, app, "detect") == json.loads(_run(buildpack, app, f"{usual}:{later}").stdout)


@pytest.mark.parametrize("relative", [".", "", "bin", "../app"])
def test_a_python3_of_the_app_is_never_run(relative: str, buildpack: Path, app: Path, usual: Path) -> None:
    """A relative entry of PATH means the working directory, and that is the user's app."""
    for folder in (app, app / "bin"):
        _program(folder, "python3", MARKS_ITSELF.format(name="the app's"))

    assert _handed_over(buildpack, app, "detect") == json.loads(_run(buildpack, app, f"{relative}:{usual}").stdout)


def test_nothing_hostile_in_the_environment_or_the_app_reaches_us(
    buildpack: Path, app: Path, usual: Path, tmp_path: Path
) -> None:
    """Modules imported by name, customisation modules, and every PYTHON* variable that changes a start."""
    for folder in (app, tmp_path / "hostile"):
        folder.mkdir(exist_ok=True)
        for module in ("json", "sitecustomize", "usercustomize", "ml_buildpack", "startup"):
            (folder / f"{module}.py").write_text("STRANGER = True\nprint('reached')\n")
    hostile = {
        "PYTHONPATH": f"{tmp_path}/hostile",
        "PYTHONHOME": f"{tmp_path}/hostile",
        "PYTHONSTARTUP": f"{tmp_path}/hostile/startup.py",
        "PYTHONUSERBASE": f"{tmp_path}/hostile",
        "PYTHONINSPECT": "1",
        "PYTHONWARNINGS": "error",
        "PYTHONVERBOSE": "1",
        "IFS": "/",
        "CDPATH": f"{tmp_path}/hostile",
        "ENV": f"{tmp_path}/hostile/startup.py",
        "BASH_ENV": f"{tmp_path}/hostile/startup.py",
    }
    done = _run(buildpack, app, str(usual), env=hostile)

    assert (100, "") == (done.returncode, done.stderr)
    assert _handed_over(buildpack, app, "detect") == json.loads(done.stdout)


def test_a_buildpack_that_nobody_may_write_to_stays_as_it_was(buildpack: Path, app: Path, usual: Path) -> None:
    """On builders the directory is read-only: no bytecode may be attempted there."""
    before = sorted(buildpack.rglob("*"))
    _run(buildpack, app, str(usual))

    assert before == sorted(buildpack.rglob("*"))

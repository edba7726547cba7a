"""One image for each kind of input: built by pack, started, and asked what is installed in it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.container import serve
from support.pack import FIXTURES, Build, Pack

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.image

INPUTS = FIXTURES / "inputs"
# What the image itself is asked; the application's own answer could repeat what it was built to say.
LIST_PACKAGES = (
    "import importlib.metadata as m, json; print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"
)
# Packages of a group for development, or for another system; the locks have them, and no image shall.
NEVER_INSTALLED = frozenset({"colorama", "iniconfig"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A fixture and the line of the log that says how its input was taken."""

    app: str
    log: str


LOCKS = (
    Case(app="pylock", log="Obeying pylock.toml: there is no lock yet"),
    Case(app="uv", log="Obeying uv.lock: there is no lock yet"),
    Case(app="poetry-1", log="Obeying poetry.lock: there is no lock yet"),
    Case(app="poetry-2", log="Obeying poetry.lock: there is no lock yet"),
    Case(app="pdm", log="Obeying pdm.lock: there is no lock yet"),
)
RESOLVED = "Resolving with uv (the default): there is no lock yet"
LOOSE = (
    Case(app="pyproject", log=RESOLVED),
    Case(app="poetry-project", log=RESOLVED),
    Case(app="setup-cfg", log=RESOLVED),
    Case(app="setup-py", log=RESOLVED),
    Case(app="src-package", log=RESOLVED),
    Case(app="conda", log=RESOLVED),
    Case(app="mlflow-conda", log=RESOLVED),
)


def installed(pack: Pack, made: Build) -> dict[str, str]:
    """The packages of the image, by name."""
    output = pack.engine.containers.run(
        made.image, entrypoint="launcher", command=["python", "-c", LIST_PACKAGES], remove=True
    )
    found: dict[str, str] = json.loads(output.splitlines()[-1])
    return found


def pinned(lock: Path) -> dict[str, set[str]]:
    """Every version of every package that a TOML lock names, read without the program under test."""
    document = tomllib.loads(lock.read_text(encoding="utf-8"))
    versions: dict[str, set[str]] = {}
    for package in document.get("package", document.get("packages", [])):
        versions.setdefault(package["name"].lower(), set()).add(package.get("version", ""))
    return versions


@pytest.mark.parametrize("case", LOCKS, ids=lambda case: case.app)
def test_a_lock_is_obeyed_exactly(pack: Pack, case: Case) -> None:
    """Every package has a version of the lock; beside them there is only what the server needs."""
    made = pack.build_well(INPUTS / case.app, f"input-{case.app}")
    lock = pinned(next((INPUTS / case.app).glob("*.lock"), INPUTS / case.app / "pylock.toml"))
    found = installed(pack, made)

    assert (case.log,) == made.lines("Obeying")
    assert {} == {name: version for name, version in found.items() if name in lock and version not in lock[name]}
    assert {"gunicorn", "packaging"} >= found.keys() - lock.keys() - {"says-its-releases"}
    assert {"flask", "distro"} <= found.keys()
    assert frozenset() == NEVER_INSTALLED & found.keys()


@pytest.mark.parametrize("case", LOOSE, ids=lambda case: case.app)
def test_an_input_without_a_lock_is_resolved_and_served(pack: Pack, case: Case) -> None:
    """The application answers with the releases that it runs with: those that are installed."""
    made = pack.build_well(INPUTS / case.app, f"input-{case.app}")
    found = installed(pack, made)

    with serve(made.image, ready_path="/") as served:
        status, answer = served.get_json("/")

    assert (case.log,) == made.lines("Resolving")
    assert 200 == status
    assert {} == {name: version for name, version in answer.items() if name in found and found[name] != version}
    assert {"flask", "gunicorn"} <= found.keys()

"""The story of a build: what it decides from a project, and what it does again when something changed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ml_buildpack.apply.tools import make_tools
from ml_buildpack.build import decide, plan_resolution_of
from ml_buildpack.cnb.launch import Process
from ml_buildpack.console import StreamConsole
from ml_buildpack.decision import Decision
from ml_buildpack.descriptions import describe_project, warn_of_assumed_python
from ml_buildpack.errors import (
    InvalidSettings,
    NoRequirementsFound,
    NoWebEntry,
    PythonEndOfLife,
    ResolutionConflict,
    TwoWebEntries,
    UnsafeEnvironment,
)
from ml_buildpack.plan.layers import LAYER_SCHEMA
from ml_buildpack.plan.tool_environment import credential_urls
from ml_buildpack.problems import SeveralProblems
from support.build_runs import FLASK_APP, BuildRuns
from support.distributions import Distribution
from support.local_index import UNREACHABLE_INDEX, Faults, LocalIndex, serve_index
from support.workplace import TREE, tree_at

pytestmark = pytest.mark.slow

DISTRIBUTIONS = (
    Distribution(name="flask", requires=("werkzeug",)),
    Distribution(name="werkzeug"),
    Distribution(name="gunicorn", version="23.0"),
    Distribution(name="gunicorn", version="25.0"),
    Distribution(name="plain"),
    Distribution(name="from-source", sdist_only=True),
)
SERVE = ("python", "-m", "model_server", "web", "--interface", "wsgi", "--app", "app:app")
PROJECT = {"app.py": FLASK_APP, "requirements.txt": "flask\n"}


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """An index of its own for each test."""
    with serve_index(*DISTRIBUTIONS) as running:
        yield running


@pytest.fixture
def runs(tmp_path: Path, index: LocalIndex) -> BuildRuns:
    """A Flask project without a build so far."""
    runs = BuildRuns(root=tmp_path, variables={"PIP_INDEX_URL": index.url})
    runs.write(PROJECT)
    return runs


@contextmanager
def decision_of(runs: BuildRuns, **variables: str) -> Iterator[tuple[Decision, str]]:
    """What is decided before anything runs, and what is said about it."""
    context = runs.context(**variables)
    out = io.StringIO()
    console = StreamConsole(out=out)
    with make_tools(context, console) as tools:
        decision = decide(context, tools)
        resolution = plan_resolution_of(decision, context, tools.make_environment((), frozenset()))
        describe_project(console, decision, resolution)
        warn_of_assumed_python(console, decision.interpreter)
        yield decision, out.getvalue()


# --- what is decided -------------------------------------------------------------------------------------------------


def test_project_is_described(runs: BuildRuns) -> None:
    """The Python, the files, the entry with its place, and what was added; an assumed Python is a warning."""
    with decision_of(runs) as (_, said):
        pass

    assert "Warning: nothing says that the run image has this Python." in said
    assert "  Requirements: requirements.txt\n" in said
    assert "  Web: app.py:3 app (flask, wsgi)\n" in said
    assert "  Added: gunicorn; a version in your requirements would win\n" in said


def test_promised_python_is_no_warning(runs: BuildRuns) -> None:
    """A builder says which Python its run image has."""
    with decision_of(runs) as (assumed, _):
        minor = assumed.interpreter.minor
    with decision_of(runs, BP_RUN_IMAGE_PYTHON=minor) as (_, said):
        pass

    assert "(the run image's own)" in said
    assert "Warning" not in said


def test_users_web_command_stands_in_for_an_entry(runs: BuildRuns) -> None:
    """No entry is looked for, so that none is missing; a server that it calls is installed."""
    runs.write(
        {
            "app.py": "print('not an application')\n",
            "Procfile": "web: gunicorn other:app -b :$PORT\nworker: python w.py\n",
        }
    )

    with decision_of(runs) as (decision, said):
        assert (None, ("gunicorn",)) == (decision.server.entry, decision.server.needs)
    assert "  Process web: gunicorn other:app -b :$PORT\n  Process worker: python w.py\n" in said


def test_processes_of_the_settings_win_over_the_procfile(runs: BuildRuns) -> None:
    """One place for settings; what only the Procfile has stays."""
    runs.write({"Procfile": "worker: old\nclock: tick\n", "ml-buildpack.toml": '[processes]\nworker = "new"\n'})

    with decision_of(runs) as (decision, _):
        found = [(line.type, line.command) for line in decision.server.commands]

    assert [("clock", "tick"), ("worker", "new")] == found


def test_app_setting_wins_over_a_web_command(runs: BuildRuns) -> None:
    """The other processes stay."""
    runs.write({"Procfile": "web: old\nworker: python w.py\n"})

    with decision_of(runs, BP_APP="app:app") as (decision, _):
        assert decision.server.entry is not None
        assert ["worker"] == [line.type for line in decision.server.commands]


def test_everything_wrong_is_said_at_once(runs: BuildRuns, index: LocalIndex) -> None:
    """Before anything is downloaded."""
    (runs.app_dir / "requirements.txt").unlink()
    runs.write({"app.py": "print(1)\n", ".python-version": "2.7\n"})

    with pytest.raises(SeveralProblems) as raised:
        runs.build(BP_RESOLVER="conda", PIP_TARGET="/elsewhere")

    expected = {InvalidSettings, UnsafeEnvironment, NoRequirementsFound, NoWebEntry, PythonEndOfLife}
    assert expected == {type(error) for error in raised.value.errors}
    assert [] == index.requested
    assert {} == runs.layers()


def test_one_problem_is_raised_as_itself(runs: BuildRuns) -> None:
    """Two equal candidates, named with file and line."""
    runs.write(
        {
            "app.py": FLASK_APP + "other = Flask('other')\napp_2 = Flask('2')\n".replace("other =", "api ="),
            "main.py": FLASK_APP,
        }
    )

    with pytest.raises(TwoWebEntries) as raised:
        runs.build()

    assert {"app.py", "main.py"} <= {candidate.where for candidate in raised.value.candidates}


def test_credentials_are_found_wherever_a_url_stands(runs: BuildRuns) -> None:
    """In the environment, in options and requirements and constraints; a variable may hold a whole URL."""
    runs.write(
        {
            "requirements.txt": "--index-url ${WHOLE}\n--extra-index-url https://u:${PASS}@b.test/simple\n"
            "a @ https://u:p@c.test/a-1.0-py3-none-any.whl\n-c c.txt\nflask\n",
            "c.txt": "d @ git+https://${PASS}@d.test/d.git\n",
        }
    )
    env = {"UV_INDEX": "https://e.test", "WHOLE": "https://w:w@a.test/simple", "PASS": "secret"}
    with decision_of(runs) as (decision, _):
        urls = credential_urls(decision.dependencies.requirements, env)

    expected = (
        "https://e.test",
        "https://w:w@a.test/simple",
        "https://u:secret@b.test/simple",
        "https://u:p@c.test/a-1.0-py3-none-any.whl",
        "git+https://secret@d.test/d.git",
    )
    assert expected == urls


# --- what is done ----------------------------------------------------------------------------------------------------

MADE = {
    "lock": ("cache", True), "server": ("launch", True), "venv": ("launch", True), "wheels": ("cache", True),
}  # fmt: skip
KEPT = {**MADE, "server": ("launch", False), "venv": ("launch", False)}


def test_second_build_with_only_code_changed_does_nothing(runs: BuildRuns, index: LocalIndex) -> None:
    """It resolves nothing, fetches nothing and installs nothing, and says so; the lifecycle makes the code's layer."""
    launch, _ = runs.build()
    first = runs.layers()
    runs.restore()
    index.requested.clear()
    runs.write({"app.py": FLASK_APP + "NEW = 1\n"})

    again, said = runs.build()

    assert (Process(type="web", command=SERVE, default=True),) == launch.processes
    assert (launch, MADE, KEPT, []) == (again, first, runs.layers(), index.requested)
    assert "Keeping the lock: 3 packages, nothing to resolve" in said
    assert "  Keeping 'server'\n  Keeping 'venv'\n" in said

    runs.restore()
    _, said = runs.build(BP_UPGRADE="1")

    assert "BP_UPGRADE asks for it" in said
    assert KEPT == runs.layers(), "a lock that did not change makes no layer anew"


def test_dropped_requirement_is_dropped_from_the_image(runs: BuildRuns, index: LocalIndex) -> None:
    """The environment is made anew from the wheels that are kept; the log says what changed."""
    runs.write({"requirements.txt": "flask\nplain\n"})
    runs.build()
    runs.restore()
    index.requested.clear()
    runs.write({"requirements.txt": "flask\n"})

    _, said = runs.build()

    assert {**MADE, "server": ("launch", False)} == runs.layers()
    packages = {path.name.partition("-")[0] for path in (runs.layers_dir / "venv").rglob("*.dist-info")}
    assert {"flask", "gunicorn", "werkzeug"} == packages
    assert [] == index.files_fetched
    assert "the requirements changed" in said
    assert "    - plain 1.0\n" in said
    assert "Making 'venv': the locked packages changed\n    3 wheels: 3 kept, 0 fetched\n" in said
    assert {"flask-1.0-py3-none-any.whl", "gunicorn-25.0-py3-none-any.whl", "werkzeug-1.0-py3-none-any.whl"} == {
        path.name for path in (runs.layers_dir / "wheels").iterdir()
    }


def test_lost_cache_costs_nothing_while_nothing_changes(runs: BuildRuns, index: LocalIndex) -> None:
    """The image says what it was made from. The wheels are fetched again when they are needed."""
    runs.build()
    runs.restore(cache=False)
    index.requested.clear()

    _, said = runs.build()

    assert ({"server": ("launch", False), "venv": ("launch", False)}, []) == (runs.layers(), index.requested)
    assert "Keeping the packages of the previous image" in said

    runs.restore()
    runs.write({"requirements.txt": "flask\nplain\n"})
    _, said = runs.build()

    assert "the kept lock is gone" in said
    assert "4 wheels: 0 kept, 4 fetched" in said


def test_lost_image_is_made_from_the_cache_and_an_old_one_without_a_lock(runs: BuildRuns, index: LocalIndex) -> None:
    """As on Cloud Foundry, or under a new name: nothing drifts, nothing is fetched. Then the cache is lost instead."""
    runs.build()
    runs.restore(image=False)
    index.requested.clear()

    _, said = runs.build()

    assert (MADE, []) == (runs.layers(), index.requested)
    assert "Making 'venv': the previous image has none" in said
    assert "3 wheels: 3 kept, 0 fetched" in said

    runs.restore(cache=False)
    path = runs.layers_dir / "venv.toml"
    path.write_text(path.read_text().replace(f'schema = "{LAYER_SCHEMA}"', 'schema = "0"'))

    _, said = runs.build()

    assert "the kept lock is gone" in said
    assert "Making 'venv': this release of ml-buildpack makes it differently" in said


def test_users_pin_wins_over_ours(runs: BuildRuns) -> None:
    """The server's need has no version of its own."""
    runs.write({"requirements.txt": "flask\ngunicorn<24\n"})

    _, said = runs.build()

    assert ["gunicorn-23.0.dist-info"] == [path.name for path in runs.layers_dir.rglob("gunicorn-*.dist-info")]
    assert "Added" not in said


def test_conflict_writes_no_layer(runs: BuildRuns) -> None:
    """A failed build leaves nothing that looks like a layer."""
    runs.write({"requirements.txt": "flask\nwerkzeug<1\n"})

    with pytest.raises(ResolutionConflict):
        runs.build()

    assert {} == runs.layers()


def test_private_index_is_used_for_everything_and_named_nowhere(runs: BuildRuns, index: LocalIndex) -> None:
    """One line of the requirements names it, and wins over a variable. Builds take what they need from it as well."""
    pyproject = TREE["pyproject.toml"].replace("requires = []", 'requires = ["plain"]')
    runs.write(
        {
            "requirements.txt": f"--index-url {index.url_with('me:${TOKEN}')}\nflask\n./pkg\nfrom-source\n",
            **tree_at("pkg"),
            "pkg/pyproject.toml": pyproject,
        }
    )
    index.faults = Faults(credentials="me:secret")
    elsewhere = BuildRuns(root=runs.root, variables={"TOKEN": "secret", "UV_INDEX_URL": UNREACHABLE_INDEX})

    _, said = elsewhere.build()

    assert MADE == elsewhere.layers()
    assert "built own-tree from source" in said
    texts = [path.read_bytes() for path in elsewhere.layers_dir.rglob("*") if path.is_file()]
    assert not any(b"secret" in text for text in (*texts, said.encode()))

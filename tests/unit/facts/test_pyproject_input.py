"""pyproject.toml without a lock: which lines it has, which extras and groups count, and when its backend is asked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import InvalidSettings, Mistake, RequirementsMalformed
from ml_buildpack.facts.dependencies import Dependencies, InputKind, ProjectSource
from ml_buildpack.facts.local_trees import LocalTree
from ml_buildpack.facts.pyproject_input import declares_dependencies, read_pyproject
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_lines import RequirementLine
from ml_buildpack.facts.requirement_reading import DependencyFile, Requirements
from ml_buildpack.facts.settings import Settings
from support.projects import write_project

PATH = "pyproject.toml"
GROUPS = """\
[dependency-groups]
web = ["gunicorn"]
serve = [{include-group = "web"}, "uvicorn>=0.30"]
"""
EXTRAS = """\
[project]
name = "My.App"
dependencies = ["numpy"]
[project.optional-dependencies]
gpu = ["torch", "numpy"]
all = ["my-app[gpu,table]; python_version < '3.13'", "flask"]
table = ["tabulate; os_name == 'posix'"]
"""


def read(root: Path, text: str, *, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> Dependencies | None:
    """What a pyproject.toml of that text declares."""
    return read_pyproject(write_project(root, {PATH: text}), Settings(extras=extras, groups=groups))


def lines_of(
    root: Path, text: str, *, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()
) -> list[tuple[int, str]]:
    """(line, what a resolver is given) of each requirement."""
    found = read(root, text, extras=extras, groups=groups)
    assert found is not None
    return [(line.line, line.pip_line) for line in found.requirements.requirements]


def mistakes_of(
    root: Path, text: str, *, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()
) -> tuple[Mistake, ...]:
    """What is wrong with it."""
    with pytest.raises((RequirementsMalformed, InvalidSettings)) as caught:
        read(root, text, extras=extras, groups=groups)
    assert isinstance(caught.value, (RequirementsMalformed, InvalidSettings))
    return caught.value.mistakes


def test_the_whole_of_a_plain_project(tmp_path: Path) -> None:
    """Lines with their places, the file that they come from, and the Python."""
    text = (
        '[project]\nname = "x"\nrequires-python = ">=3.10"\ndependencies = [\n  "numpy>=1 ; os_name == \'posix\'",\n]\n'
    )

    assert Dependencies(
        kind=InputKind.PYPROJECT,
        path=PATH,
        requirements=Requirements(
            files=(DependencyFile(path=PATH, sha256=hashlib.sha256(text.encode()).hexdigest(), constraint=False),),
            requirements=(
                RequirementLine(
                    path=PATH,
                    line=5,
                    text="numpy>=1 ; os_name == 'posix'",
                    name=canonicalize_name("numpy"),
                    marker='os_name == "posix"',
                ),
            ),
            constraints=(),
            options=(),
            pip_tools_marks=(),
            local_trees=(),
        ),
        python_requests=(PythonRequest(spec=">=3.10", origin=PATH, line=3, text=">=3.10"),),
    ) == read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "declares"),
    [
        pytest.param("[tool.ruff]\n", False, id="tools only"),
        pytest.param("[project]\nname = 'x'\n", False, id="a name only"),
        pytest.param("[tool.poetry]\nname = 'x'\n", False, id="a name for Poetry only"),
        pytest.param(GROUPS, False, id="groups that nobody chose"),
        pytest.param("[project]\nname = 'x'\ndependencies = []\n", True, id="an empty list is an answer"),
        pytest.param("[project]\nname = 'x'\ndynamic = ['dependencies']\n", True, id="dynamic"),
        pytest.param("[tool.poetry.dependencies]\npython = '*'\n", True, id="Poetry"),
    ],
)
def test_what_declares_something(tmp_path: Path, text: str, *, declares: bool) -> None:
    """Many projects have the file for their tools alone."""
    files = write_project(tmp_path, {PATH: text})

    assert (declares, declares) == (
        declares_dependencies(files, Settings()),
        read_pyproject(files, Settings()) is not None,
    )


def test_no_file_is_none(tmp_path: Path) -> None:
    """And no error."""
    assert read_pyproject(write_project(tmp_path, {}), Settings()) is None


def test_a_file_that_is_not_toml(tmp_path: Path) -> None:
    """Said with its line."""
    assert (2,) == tuple(mistake.line for mistake in mistakes_of(tmp_path, "[project]\nname =\n"))


# --- extras and groups ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extras", "lines"),
    [
        pytest.param((), [(3, "numpy")], id="none"),
        pytest.param(("GPU",), [(3, "numpy"), (5, "torch")], id="one, in any case; what is there already once"),
        pytest.param(
            ("all",),
            [
                (3, "numpy"),
                (5, 'torch ; python_version < "3.13"'),
                (5, 'numpy ; python_version < "3.13"'),
                (7, 'tabulate ; (os_name == "posix") and (python_version < "3.13")'),
                (6, "flask"),
            ],
            id="one that names others through the project",
        ),
    ],
)
def test_extras(tmp_path: Path, extras: tuple[str, ...], lines: list[tuple[int, str]]) -> None:
    """Only those that are chosen."""
    assert lines == lines_of(tmp_path, EXTRAS, extras=extras)


def test_extras_in_a_circle_end(tmp_path: Path) -> None:
    """Each list is read once."""
    lists = "a = ['x[b]', 'flask']\nb = ['x[a]']\n"
    text = f"[project]\nname = 'x'\ndependencies = []\n[project.optional-dependencies]\n{lists}"

    assert [(5, "flask")] == lines_of(tmp_path, text, extras=("a",))


def test_groups(tmp_path: Path) -> None:
    """A group with those it includes; no project is needed around it."""
    assert [(2, "gunicorn"), (3, "uvicorn>=0.30")] == lines_of(tmp_path, GROUPS, groups=("Serve",))


@pytest.mark.parametrize(
    ("text", "extras", "groups", "expected"),
    [
        pytest.param(
            EXTRAS,
            ("gpus",),
            (),
            [("BP_EXTRAS", "gpus", 'pyproject.toml has no extra "gpus". Did you mean "gpu"?')],
            id="extra",
        ),
        pytest.param(
            "[project]\nname = 'x'\ndependencies = []\n" + GROUPS,
            (),
            ("dev",),
            [("BP_GROUPS", "dev", 'pyproject.toml has no group "dev". It has: serve, web.')],
            id="group",
        ),
    ],
)
def test_what_does_not_exist(
    tmp_path: Path, text: str, extras: tuple[str, ...], groups: tuple[str, ...], expected: list[tuple[str, str, str]]
) -> None:
    """A misspelt choice must not install less in silence."""
    found = mistakes_of(tmp_path, text, extras=extras, groups=groups)

    assert [Mistake(where=where, text=text, detail=detail) for where, text, detail in expected] == list(found)


@pytest.mark.parametrize(
    ("text", "groups", "expected"),
    [
        pytest.param(
            "[project]\nname = 'x'\ndependencies = ['numpy=1', './lib', 'ok']\n",
            (),
            [
                (3, "numpy=1", 'One "=" compares nothing. Write "numpy==1".'),
                (3, "./lib", "Expected package name at the start of dependency specifier."),
            ],
            id="lines",
        ),
        pytest.param(
            "[project]\nname = 'x'\ndependencies = 'numpy'\n",
            (),
            [(3, "[project] dependencies", "It must be a list of texts.")],
            id="no list",
        ),
        pytest.param(
            "[dependency-groups]\na = [{include-group = 'b'}]\n",
            ("a",),
            [(1, "[dependency-groups]", "Dependency group 'b' not found.")],
            id="a group that includes nothing",
        ),
        pytest.param(
            "[dependency-groups]\na = [{include-group = 'a'}]\n",
            ("a",),
            [
                (
                    1,
                    "[dependency-groups]",
                    "Cyclic dependency group include while resolving a: a includes itself.",
                )
            ],
            id="a group in a circle",
        ),
        pytest.param(
            "[tool.poetry.dependencies]\nnumpy = '^'\npandas = {verison = '1'}\n",
            (),
            [
                (2, "numpy = '^'", '"^" is not a constraint that Poetry knows.'),
                (3, "pandas = {verison = '1'}", 'Poetry knows no "verison" here. Did you mean "version"?'),
            ],
            id="Poetry's entries",
        ),
        pytest.param(
            "[tool.poetry.dependencies]\ntorch = {version = '*', source = 'pytorc'}\n"
            "[[tool.poetry.source]]\nname = 'pytorch'\nurl = 'https://x/whl'\n",
            (),
            [
                (
                    2,
                    "torch = {version = '*', source = 'pytorc'}",
                    'There is no source "pytorc" in [[tool.poetry.source]]. Did you mean "pytorch"?',
                )
            ],
            id="a source that does not exist",
        ),
        pytest.param(
            "[tool.poetry.dependencies]\npython = 'three'\n",
            (),
            [(2, "python = 'three'", '"three" is not a version.')],
            id="Poetry's Python",
        ),
    ],
)
def test_mistakes(tmp_path: Path, text: str, groups: tuple[str, ...], expected: list[tuple[int, str, str]]) -> None:
    """All of them at once, each with its line."""
    found = mistakes_of(tmp_path, text, groups=groups)

    assert [Mistake(where=PATH, line=line, text=text, detail=detail) for line, text, detail in expected] == list(found)


# --- when the backend, or uv, has to be asked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "extras", "note"),
    [
        pytest.param(
            "[project]\nname = 'x'\ndynamic = ['dependencies']\n",
            (),
            "pyproject.toml: its dependencies are dynamic, so its build backend is asked for them",
            id="dynamic dependencies",
        ),
        pytest.param(
            "[project]\nname = 'x'\ndependencies = []\ndynamic = ['optional-dependencies']\n",
            ("gpu",),
            "pyproject.toml: its extras are dynamic, so its build backend is asked for them",
            id="dynamic extras",
        ),
        pytest.param(
            "[project]\nname = 'x'\ndependencies = ['torch']\n[project.optional-dependencies]\ngpu = []\n"
            "[tool.uv.sources]\ntorch = {index = 'cpu'}\n",
            ("gpu",),
            "pyproject.toml: [tool.uv] sets sources, which only uv can obey",
            id="uv's sources",
        ),
        pytest.param(
            "[project]\nname = 'x'\ndependencies = ['lib @ {root:uri}/lib']\n"
            "[project.optional-dependencies]\ngpu = []\n",
            ("gpu",),
            "pyproject.toml: it names paths as {root:...}, which its build backend fills in",
            id="Hatch's paths",
        ),
    ],
)
def test_the_file_itself(tmp_path: Path, text: str, extras: tuple[str, ...], note: str) -> None:
    """It goes to the resolver, with the extras."""
    found = read(tmp_path, text, extras=extras)
    assert found is not None

    assert ((ProjectSource(path=PATH, extras=extras),), (), (note,)) == (
        found.sources,
        found.requirements.requirements,
        found.notes,
    )


def test_dynamic_dependencies_that_poetry_knows_are_read(tmp_path: Path) -> None:
    """Poetry 2 keeps them in its own table."""
    text = "[project]\nname = 'x'\ndynamic = ['dependencies']\n[tool.poetry.dependencies]\nflask = '^3.0'\n"

    assert [(5, "flask>=3.0,<4.0")] == lines_of(tmp_path, text)


# --- Poetry -----------------------------------------------------------------------------------------------------------


POETRY = """\
[tool.poetry]
name = "x"

[tool.poetry.dependencies]
python = "^3.10"
numpy = "^1.2.3"
torch = { version = "2.5.1", source = "CPU" }
table = { version = "*", optional = true }
other = { version = "*", optional = true }
foo = [
    { version = "<=1.9", python = "<3.11" },
    { version = "^2.0", python = ">=3.11" },
]

[tool.poetry.dependencies.web]
version = "~1.2"
extras = ["http2"]

[tool.poetry.extras]
tables = ["table"]

[tool.poetry.group.serve.dependencies]
gunicorn = "*"

[tool.poetry.group.all]
include-groups = ["serve", "all"]

[[tool.poetry.source]]
name = "cpu"
url = "https://download.pytorch.org/whl/cpu"
priority = "explicit"
"""
POETRY_MAIN = [
    (6, "numpy>=1.2.3,<2.0.0"),
    (7, "torch==2.5.1"),
    (10, 'foo<=1.9 ; python_version < "3.11"'),
    (10, 'foo>=2.0,<3.0 ; python_version >= "3.11"'),
    (15, "web[http2]>=1.2,<1.3"),
]


@pytest.mark.parametrize(
    ("extras", "groups", "added"),
    [
        pytest.param((), (), [], id="main only"),
        pytest.param(("tables",), (), [(8, "table")], id="an extra"),
        pytest.param((), ("serve",), [(23, "gunicorn")], id="a group"),
        pytest.param((), ("all",), [(23, "gunicorn")], id="a group that includes others, and itself"),
    ],
)
def test_poetry_tables(
    tmp_path: Path, extras: tuple[str, ...], groups: tuple[str, ...], added: list[tuple[int, str]]
) -> None:
    """Optional packages come only with an extra, groups only when they are chosen."""
    assert sorted([*POETRY_MAIN, *added]) == sorted(lines_of(tmp_path, POETRY, extras=extras, groups=groups))


def test_poetry_index_and_python(tmp_path: Path) -> None:
    """An index of one package, asked for no other; and the Python in PEP 440."""
    found = read(tmp_path, POETRY)
    assert found is not None

    assert (
        {canonicalize_name("torch"): "https://download.pytorch.org/whl/cpu"},
        (),
        (PythonRequest(spec=">=3.10,<4.0", origin=PATH, line=5, text="^3.10"),),
    ) == (found.index_of, found.requirements.options, found.python_requests)


def test_poetry_paths(tmp_path: Path) -> None:
    """Relative to the project, editable where Poetry develops them."""
    text = "[tool.poetry.dependencies]\na = {path = 'a', develop = true}\nb = {path = './b'}\nc = {path = '../c'}\n"
    files = {PATH: text, "a/setup.py": "", "b/pyproject.toml": ""}
    with pytest.raises(RequirementsMalformed) as caught:
        read_pyproject(write_project(tmp_path, files), Settings())
    files[PATH] = text.replace("c = {path = '../c'}\n", "")
    found = read_pyproject(write_project(tmp_path, files), Settings())
    assert found is not None

    assert [4] == [mistake.line for mistake in caught.value.mistakes]
    assert ["-e ./a", "./b"] == [line.pip_line for line in found.requirements.requirements]
    assert [("a", True), ("b", False)] == [(tree.path, tree.editable) for tree in found.requirements.local_trees]
    assert isinstance(found.requirements.local_trees[0], LocalTree)


def test_poetry_completes_the_projects_own_list(tmp_path: Path) -> None:
    """Poetry 2: `[project]` says what, `[tool.poetry]` from where; what is only there is not added."""
    text = (
        "[project]\nname = 'x'\ndependencies = ['torch>=2', 'lib>=1', 'flask']\n"
        "[tool.poetry.dependencies]\ntorch = {source = 'cpu'}\nlib = {git = 'https://x/lib.git', tag = 'v1'}\n"
        "extra = '*'\n"
        "[[tool.poetry.source]]\nname = 'cpu'\nurl = 'https://x/whl'\npriority = 'explicit'\n"
    )
    found = read(tmp_path, text)
    assert found is not None

    assert ["torch>=2", "lib @ git+https://x/lib.git@v1", "flask"] == [
        line.pip_line for line in found.requirements.requirements
    ]
    assert {canonicalize_name("torch"): "https://x/whl"} == found.index_of


def test_sources_of_pdm_are_asked(tmp_path: Path) -> None:
    """Otherwise a private name would be looked for on PyPI."""
    source = "[[tool.pdm.source]]\nname = 'pypi'\nurl = 'https://ours/simple'\n"
    text = f"[project]\nname = 'x'\ndependencies = ['flask']\n{source}"
    found = read(tmp_path, text)
    assert found is not None

    assert [("--index-url", "https://ours/simple")] == [
        (option.option, option.value) for option in found.requirements.options
    ]


def test_pdm_paths_below_the_root(tmp_path: Path) -> None:
    """PDM writes the project's directory as a variable that only PDM fills in."""
    files = {
        PATH: "[project]\nname = 'x'\ndependencies = ['lib @ file:///${PROJECT_ROOT}/lib']\n",
        "lib/setup.py": "",
    }
    found = read_pyproject(write_project(tmp_path, files), Settings())
    assert found is not None

    assert ["./lib"] == [line.pip_line for line in found.requirements.requirements]

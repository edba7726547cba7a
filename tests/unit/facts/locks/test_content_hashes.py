"""The digest that Poetry, PDM and Pipenv keep of a project: equal to what the tools themselves compute.

The expected digests are from the tools: Poetry 1.2.2, 1.8.5 and 2.5.1, PDM 2.29.3, Pipenv 2026.10.3.
"""

from __future__ import annotations

import sys

import pytest

from ml_buildpack.facts.locks import pdm_project, pipenv_entries, poetry_project

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LEGACY = """\
[tool.poetry]
name = "x"
[tool.poetry.dependencies]
python = "^3.10"
flask = {version = "^3.0", extras = ["async"], source = "own"}
six = [{version = "^1.16", python = "<3.12"}, {git = "https://example.com/six.git", rev = "main", python = ">=3.12"}]
[tool.poetry.extras]
fast = ["orjson"]
[tool.poetry.dev-dependencies]
pytest = "*"
[[tool.poetry.source]]
name = "own"
url = "https://pypi.example.com/simple"
"""
GROUPS = """\
[tool.poetry]
name = "x"
package-mode = false
[tool.poetry.dependencies]
python = ">=3.10,<4"
flask = "^3.0"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
mkdocs = "^1.5"
"""
PROJECT = """\
[project]
name = "x"
version = "1"
requires-python = ">=3.10"
dependencies = ["flask>=3", "grüß ; sys_platform == 'win32'"]
[project.optional-dependencies]
fast = ["orjson"]
[dependency-groups]
dev = ["pytest"]
all = [{include-group = "dev"}, "ruff"]
[tool.poetry.dependencies]
flask = {source = "own"}
[[tool.poetry.source]]
name = "own"
url = "https://pypi.example.com/simple"
"""
PDM = """\
[project]
name = "x"
requires-python = ">=3.10"
dependencies = ["flask>=3"]
[project.optional-dependencies]
fast = ["orjson"]
[dependency-groups]
Lint_Tools = ["ruff"]
[tool.pdm.dev-dependencies]
test = ["pytest", "-e file:///${PROJECT_ROOT}/lib"]
[tool.pdm.resolution]
excludes = ["six"]
[tool.pdm.resolution.overrides]
werkzeug = "3.0.1"
[[tool.pdm.source]]
name = "own"
url = "https://${USER}:${PASSWORD}@pypi.example.com/simple"
verify_ssl = true
"""
PIPFILE = """\
[packages]
Flask = "*"
my_lib = {git = "https://example.com/my.git", ref = "main"}
[dev-packages]
pytest = ">=8"
[docs]
MkDocs = "*"
[scripts]
serve = "flask run"
"""
PIPFILE_WITH_SOURCE = """\
[[source]]
name = "own"
url = "https://$USER:${PASSWORD}@pypi.example.com/simple"
verify_ssl = false
[packages]
flask = "*"
[requires]
python_version = "3.11"
[pipenv]
allow_prereleases = true
"""


@pytest.mark.parametrize(
    ("text", "digests"),
    [
        pytest.param(LEGACY, {"1f461f9349291ddd0549074782f4cdce02a823361d8ba17a000202e357117cb3"}, id="of all Poetrys"),
        pytest.param(
            GROUPS, {"b6e3444b5341e107f9f9a746a7fe7b8fb0a8655a217cf5b006718e4387b2c3bf"}, id="of all since 1.2"
        ),
        pytest.param(
            PROJECT,
            {
                "ba723203ca84c873790d215c0a75db76af0a2e15c87ba50913b4ae4fdb25d509",
                "1816a4bcf1c09b88e4656d99bb533a83358371ec7bd9fe457556a31bdb5c4e1a",
                "953a34fa9b50331d7cabc11df1f1b36f693ea8e4441c5a211a9dafaf4f435384",
            },
            id="of 2.5, of 2.2 and of 1.8",
        ),
    ],
)
def test_poetry(text: str, digests: set[str]) -> None:
    """Every version's own way is known."""
    assert digests <= set(poetry_project.content_hashes(tomllib.loads(text)))


def test_pdm() -> None:
    """The newest way comes first; it is the one that a message names."""
    expected = "978280bf8deebc04deb0e00d73dc52ef9ba29e2596dacde9114efa426e0feaba"

    assert expected == pdm_project.content_hashes(tomllib.loads(PDM), "sha256")[0]


@pytest.mark.parametrize(
    ("text", "digests"),
    [
        pytest.param(
            PIPFILE,
            [
                "3fb58968a539bfc60904643c2db6d6d357d2fe0913437f6b4e71acfa67ed14bd",
                "28071ea6c53c47a78680d91c123c0e90057f2e36312fd8216eed4851dd0110f0",
            ],
            id="names in two spellings",
        ),
        pytest.param(
            PIPFILE_WITH_SOURCE,
            ["f59930788e72ff56219ad7be37c60c844183251b000d4e1807e31d7ca6f235a5"],
            id="a source of its own",
        ),
    ],
)
def test_pipenv(text: str, digests: list[str]) -> None:
    """Of Pipenv now, and of the library that it used before."""
    assert digests == list(pipenv_entries.content_hashes(tomllib.loads(text)))[: len(digests)]


@pytest.mark.parametrize("change", ["flask", "pytest", "pypi.example.com"])
def test_a_change_of_what_counts_changes_the_digest(change: str) -> None:
    """Dependencies, groups and sources count."""
    changed = LEGACY.replace(change, f"x{change}")

    assert changed != LEGACY
    before, after = (poetry_project.content_hashes(tomllib.loads(text)) for text in (LEGACY, changed))
    assert set() == set(before) & set(after)

"""One dependency in Poetry's words: every key, and what it becomes."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.facts.poetry_constraints import UnusableConstraintError
from ml_buildpack.facts.poetry_entries import PoetryEntry, read_entries

PACKAGE = canonicalize_name("pkg")


@pytest.mark.parametrize(
    ("value", "requirement"),
    [
        pytest.param("^1.2", "pkg>=1.2,<2.0", id="a version"),
        pytest.param({"version": "*"}, "pkg", id="any version"),
        pytest.param({"version": "~1.2", "extras": ["a", "b"]}, "pkg[a,b]>=1.2,<1.3", id="extras"),
        pytest.param(
            {"version": "1.*", "python": ">=3.8"}, 'pkg==1.* ; python_version >= "3.8"', id="for some Pythons"
        ),
        pytest.param({"version": "*", "platform": "linux"}, 'pkg ; sys_platform == "linux"', id="for a platform"),
        pytest.param(
            {"version": "*", "python": "<3.9 || >=3.11", "markers": "os_name == 'nt' or os_name == 'posix'"},
            'pkg ; (python_version < "3.9" or python_version >= "3.11") and (os_name == "nt" or os_name == "posix")',
            id="all markers hold together",
        ),
        pytest.param({"version": "^1.0", "allow-prereleases": True}, "pkg>=1.0,<2.0,>=0.dev0", id="pre-releases"),
        pytest.param({"allows-prereleases": True}, "pkg>=0.dev0", id="pre-releases of any version"),
        pytest.param(
            {"git": "https://github.com/o/r.git", "branch": "main", "subdirectory": "sub", "extras": ["a"]},
            "pkg[a] @ git+https://github.com/o/r.git@main#subdirectory=sub",
            id="a branch",
        ),
        pytest.param(
            {"git": "git@github.com:o/r.git", "tag": "v1"}, "pkg @ git+ssh://git@github.com/o/r.git@v1", id="ssh"
        ),
        pytest.param({"git": "git+https://x/r", "rev": "abc"}, "pkg @ git+https://x/r@abc", id="git+ is not doubled"),
        pytest.param({"url": "https://x/p-1.0.zip"}, "pkg @ https://x/p-1.0.zip", id="an address"),
        pytest.param({"path": "./a b"}, "pkg @ file:./a%20b", id="a path"),
        pytest.param({"path": "libs", "subdirectory": "pkg"}, "pkg @ file:libs/pkg", id="a path with a subdirectory"),
        pytest.param({"file": "wheels/p.whl"}, "pkg @ file:wheels/p.whl", id="a file"),
    ],
)
def test_requirement(value: object, requirement: str) -> None:
    """The PEP 508 text."""
    assert (PoetryEntry(name=PACKAGE, requirement=requirement),) == read_entries("pkg", value)


def test_what_has_no_place_in_a_requirement() -> None:
    """Editable, optional and the index are kept beside the text."""
    entry = {"path": "lib", "develop": True, "optional": True, "source": "ours"}

    assert (
        PoetryEntry(name=PACKAGE, requirement="Pkg @ file:lib", editable=True, optional=True, source="ours"),
    ) == read_entries("Pkg", entry)


def test_several_entries_of_one_package() -> None:
    """A list has them in its order, each with its marker."""
    entries = [{"version": "<2", "python": "<3.10"}, {"version": "^2.0", "python": ">=3.10"}]

    assert (
        PoetryEntry(name=PACKAGE, requirement='pkg<2 ; python_version < "3.10"'),
        PoetryEntry(name=PACKAGE, requirement='pkg>=2.0,<3.0 ; python_version >= "3.10"'),
    ) == read_entries("pkg", entries)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (1, 'It must be a version such as "^1.2", or a table such as {version = "^1.2"}.'),
        ({"verison": "1"}, 'Poetry knows no "verison" here. Did you mean "version"?'),
        ({"version": 1}, '"version" must be text in quotes.'),
        ({"optional": "yes"}, '"optional" must be true or false.'),
        ({"extras": "a"}, '"extras" must be a list of texts.'),
        ({"git": "https://x/r", "path": "r"}, 'It names two places, "git" and "path". Keep one.'),
        ({"git": "https://x/r", "tag": "a", "rev": "b"}, '"branch", "tag" and "rev" exclude each other. Keep one.'),
        ({"git": "../r"}, '"../r" is not an address of a repository. Use `path` for a directory.'),
        ({"markers": "sys_platform = 'linux'"}, "\"sys_platform = 'linux'\" is not a marker."),
    ],
)
def test_unusable_entry(value: object, detail: str) -> None:
    """A sentence for each mistake that Poetry would find too."""
    with pytest.raises(UnusableConstraintError) as caught:
        read_entries("pkg", value)

    assert detail == str(caught.value)

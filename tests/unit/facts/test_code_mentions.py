"""What source says of test modules, of files in other languages, and of compilers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.facts.code_mentions import CodeMentions, find_mentions, find_project_mentions, unite
from ml_buildpack.facts.project_files import find_project_files
from support.projects import write_project


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import pandas.tests.util as u\n", {"pandas.tests.util"}),
        ("import a, b.test\n", {"b.test"}),
        ("from scipy.special.tests.test_hyp import f\n", {"scipy.special.tests.test_hyp"}),
        ("from a.b import (\n    other,\n    tests,\n)\n", {"a.b.tests"}),
        ("    from .tests import x\n", {"pkg.sub.tests"}),
        ("from .. import tests\n", {"pkg.tests"}),
        ("from .testing import tester  # runs the tests\n", set()),
        ("import testing, contest\n# import a.tests\n", set()),
    ],
)
def test_imports_of_test_modules_are_found(source: str, modules: set[str]) -> None:
    """Absolute, whatever their form and their place in the file."""
    assert CodeMentions(test_modules=frozenset(modules)) == find_mentions(source, "pkg/sub/mod.py")


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("load('numba.tests.support')", {"numba.tests.support"}),
        ("open('tests/data.csv')", {"tests/data.csv"}),
        ('name == "sklearn.metrics.tests."', {"sklearn.metrics.tests."}),
        ("join(dirname(__file__), 'tests', 'data')", {"tests"}),
        ("kind in ('train', 'test')", set()),
        ("'''Runs the tests.'''", set()),
    ],
)
def test_texts_that_may_lead_to_tests_are_found(source: str, texts: set[str]) -> None:
    """The bare word is a name like any other, unless it stands behind the place of the module."""
    assert {("m.py", text) for text in texts} == find_mentions(source, "m.py").test_texts


def test_files_and_compilers_are_found() -> None:
    """By their names alone."""
    source = "open('driver.c'); read(\"inc/cpp_prefix.h\"); suffix = '.h'; import pyximport; 'a.html'; 'b.cfg'\n"

    expected = CodeMentions(source_names=frozenset({"driver.c", "cpp_prefix.h"}), compilers=frozenset({"pyximport"}))
    assert expected == find_mentions(source, "m.py")


def test_configuration_of_pytest_does_not_count() -> None:
    """No application loads it."""
    assert CodeMentions() == find_mentions("from pandas.tests import x\n", "pandas/conftest.py")


def test_project_counts_for_others_alone(tmp_path: Path) -> None:
    """Nothing of the project itself is left out, and its own test modules would change layers of packages."""
    files: dict[str, str | bytes] = {
        "app.py": "import torch\nfrom service.tests import fake\nmodel = torch.compile(make())\n",
        "service/__init__.py": "from pandas.tests import frames\nopen('tests/x.c')\n",
        "notes.txt": "nvrtc",
        "data.py": "nvcc = '" + "x" * 1_000_000 + "'",
    }
    write_project(tmp_path / "app", files)

    expected = CodeMentions(test_modules=frozenset({"pandas.tests"}), compilers=frozenset({"torch.compile"}))
    assert expected == find_project_mentions(find_project_files(tmp_path / "app"))


def test_mentions_are_united() -> None:
    """Each kind with its like."""
    one = CodeMentions(test_modules=frozenset({"a"}), source_names=frozenset({"b"}))
    two = CodeMentions(test_modules=frozenset({"c"}), compilers=frozenset({"d"}))

    expected = CodeMentions(
        test_modules=frozenset({"a", "c"}), source_names=frozenset({"b"}), compilers=frozenset({"d"})
    )
    assert expected == unite((one, two))

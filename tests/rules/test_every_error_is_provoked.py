"""Every message of the catalogue is met by a test in which the real cause occurs: bin/* runs, and something is wrong.

Such a test asserts `shown("ML-…")` of the log. What is written there is collected without running it, so an error
without a provocation is found by the fast tests already.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_buildpack.error_text import RENDERERS, UNEXPECTED_ID
from support.failing_builds import shown

TESTS = Path(__file__).resolve().parent.parent
# The levels that start bin/* as a platform does. Others may make an error up.
LEVELS = ("contract", "lifecycle", "image")
NO_PYTHON_ID = "ML-ENV-001"


def _provoked(source: str) -> Iterator[str]:
    """The ids whose message the source expects; not those that it expects to be absent."""
    tree = ast.parse(source)
    denied = {
        id(node.left) for node in ast.walk(tree) if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in denied or not _is_shown(node.func):
            continue
        argument = node.args[0]
        if not isinstance(argument, ast.Constant):
            message = f"line {node.lineno}: the id must be written out"
            raise TypeError(message)
        yield str(argument.value)


def _is_shown(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id == shown.__name__


def test_every_error_is_provoked_for_real() -> None:
    """Without one, nobody knows that the cause leads to the message; and no message is expected that does not exist."""
    sources = (path.read_text(encoding="utf-8") for level in LEVELS for path in (TESTS / level).glob("test_*.py"))
    provoked = {error_id for source in sources for error_id in _provoked(source)}

    assert {kind.id for kind in RENDERERS} | {UNEXPECTED_ID, NO_PYTHON_ID} == provoked


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param('assert shown("ML-A-001") in log', ["ML-A-001"], id="an assertion"),
        pytest.param('CASES = {"x": Case(says=(shown("ML-A-001"), "b"))}', ["ML-A-001"], id="a table"),
        pytest.param('assert shown("ML-A-001") not in log', [], id="a denial"),
        pytest.param('# shown("ML-A-001")\nassert "ML-A-002" in log', [], id="a comment and an id alone"),
    ],
)
def test_what_counts_as_a_provocation(source: str, expected: list[str]) -> None:
    """The rule would pass on anything otherwise."""
    assert expected == list(_provoked(source))


def test_id_that_is_computed_is_refused() -> None:
    """It could not be collected."""
    with pytest.raises(TypeError, match="line 1"):
        list(_provoked("shown(name)"))

"""Conditions as values: read, joined, narrowed, turned round and written."""

from __future__ import annotations

import itertools

import pytest
from packaging.markers import Marker, default_environment

from ml_buildpack.facts.locks.marker_clauses import (
    ALWAYS,
    NEVER,
    Clauses,
    UnusableMarkerError,
    both,
    either,
    marker_text,
    negation,
    on_linux,
    read_clauses,
    with_extras,
)

MARKERS = (
    'sys_platform == "win32"',
    'python_version < "3.11" and sys_platform != "win32"',
    '(python_version >= "3.9" or os_name == "nt") and platform_machine in "x86_64 aarch64"',
    '"linux" in sys_platform or python_full_version > "3.12.1"',
)
ENVIRONMENTS = tuple(
    {"sys_platform": platform, "os_name": name, "python_version": version, "python_full_version": f"{version}.4"}
    for (platform, name), version in itertools.product((("linux", "posix"), ("win32", "nt")), ("3.8", "3.10", "3.12"))
)


def holds(marker: str | None, environment: dict[str, str]) -> bool:
    """Whether the condition is met there."""
    return marker is None or Marker(marker).evaluate({**default_environment(), **environment})  # type: ignore[dict-item]  # plain text values


def met(condition: Clauses, environment: dict[str, str]) -> bool:
    """The same for a condition; one that is never met cannot be written."""
    return condition != NEVER and holds(marker_text(condition), environment)


@pytest.mark.parametrize("marker", MARKERS)
def test_what_is_read_is_written_with_the_same_meaning(marker: str) -> None:
    """In every environment."""
    written = marker_text(read_clauses(marker))

    assert [holds(marker, one) for one in ENVIRONMENTS] == [holds(written, one) for one in ENVIRONMENTS]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(MARKERS, 2)))
def test_combinations_mean_what_they_say(first: str, second: str) -> None:
    """`both`, `either` and `negation` are and, or and not."""
    one, other = read_clauses(first), read_clauses(second)

    for environment in ENVIRONMENTS:
        facts = (holds(first, environment), holds(second, environment))
        combined = (both(one, other), either(one, other), negation(one))
        assert [all(facts), any(facts), not facts[0]] == [met(condition, environment) for condition in combined]


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        pytest.param(['python_version < "3.12"', 'python_version >= "3.12"'], None, id="all cases"),
        pytest.param(
            ['os_name == "nt"', 'os_name == "nt" and python_version < "3.9"'], 'os_name == "nt"', id="a special case"
        ),
        pytest.param(
            ['os_name == "nt" and python_version < "3.9"', 'python_version < "3.9" and os_name != "nt"'],
            'python_version < "3.9"',
            id="all cases of one part",
        ),
        pytest.param(
            ["sys_platform == 'win32'", 'os_name=="nt"'], 'os_name == "nt" or sys_platform == "win32"', id="sorted"
        ),
    ],
)
def test_conditions_are_written_simply(conditions: list[str], text: str | None) -> None:
    """Equal conditions give equal texts, so that a lock's fingerprint does not depend on the way to them."""
    assert text == marker_text(either(*map(read_clauses, conditions)))
    assert text == marker_text(either(*map(read_clauses, reversed(conditions))))


def test_a_contradiction_is_never_met() -> None:
    """Such a package is left out."""
    assert read_clauses('python_version < "3.9" and python_version >= "3.9"') == NEVER
    assert negation(ALWAYS) == NEVER
    assert negation(NEVER) == ALWAYS


@pytest.mark.parametrize(
    ("marker", "active", "text"),
    [
        pytest.param('extra == "table"', {"table"}, None, id="asked for"),
        pytest.param('extra == "Table_X"', {"table-x"}, None, id="spelt differently"),
        pytest.param('"table" == extra', {"table"}, None, id="the other way round"),
        pytest.param(
            'python_version < "3.9" and extra == "a" or extra == "b"', {"a"}, 'python_version < "3.9"', id="one of two"
        ),
        pytest.param('extra != "a" and os_name == "nt"', set(), 'os_name == "nt"', id="not asked for"),
    ],
)
def test_extras_are_decided(marker: str, active: set[str], text: str | None) -> None:
    """Installers of single packages know no extras of the whole project."""
    assert text == marker_text(with_extras(read_clauses(marker), active))


def test_extras_that_are_not_asked_for_rule_out() -> None:
    """The package belongs to them only."""
    assert with_extras(read_clauses('extra == "table"'), set()) == NEVER


@pytest.mark.parametrize("marker", ["sys_platform == 'win32'", "os_name == 'nt' and python_version > '3'"])
def test_other_systems_are_ruled_out(marker: str) -> None:
    """Images are Linux."""
    assert on_linux(read_clauses(marker)) == NEVER


def test_linux_is_no_condition() -> None:
    """What else there is stays."""
    condition = read_clauses("sys_platform == 'linux' and python_version < '3.11'")

    assert 'python_version < "3.11"' == marker_text(on_linux(condition))


@pytest.mark.parametrize(
    ("marker", "detail"),
    [
        pytest.param("python_version <", "This is not a marker: Expected a marker variable", id="syntax"),
        pytest.param("(" * 5000, "This marker has more parentheses than can be read.", id="parentheses"),
        pytest.param(
            " and ".join(f'(platform_release == "{n}" or platform_version == "{n}")' for n in range(12)),
            "The conditions on this package are too many to be combined.",
            id="explosion",
        ),
    ],
)
def test_what_cannot_be_worked_with(marker: str, detail: str) -> None:
    """It is said in a sentence, and soon."""
    with pytest.raises(UnusableMarkerError) as caught:
        read_clauses(marker)

    assert str(caught.value).startswith(detail)


def test_what_has_no_opposite() -> None:
    """`~=` has two bounds."""
    with pytest.raises(UnusableMarkerError) as caught:
        negation(read_clauses('python_version ~= "3.9"'))

    assert 'The opposite of `python_version ~= "3.9"` cannot be written as a marker.' == str(caught.value)

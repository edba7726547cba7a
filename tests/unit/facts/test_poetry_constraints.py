"""Poetry's constraints in PEP 440. The expected values are those that poetry-core 2.5 allows, release by release."""

from __future__ import annotations

import pytest
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from ml_buildpack.facts.poetry_constraints import (
    UnusableConstraintError,
    translate_constraint,
    translate_platform_marker,
    translate_python_marker,
)

PYTHONS = ("2.7.18", "3.6.0", "3.6.9", "3.8.5", "3.9.0", "3.9.1", "3.10.0", "3.10.4", "3.11.7", "3.12.0", "4.0.0")


@pytest.mark.parametrize(
    ("constraint", "specifier"),
    [
        ("*", ""),
        ("^1.2.3", ">=1.2.3,<2.0.0"),
        ("^1.2", ">=1.2,<2.0"),
        ("^1", ">=1,<2"),
        ("^0.2.3", ">=0.2.3,<0.3.0"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1"),
        ("^0.0.0.4", ">=0.0.0.4,<0.0.1.0"),
        ("^1.2.3.4", ">=1.2.3.4,<2.0.0.0"),
        ("^1.0.0b1", ">=1.0.0b1,<2.0.0"),
        ("^1!1.2", ">=1!1.2,<1!2.0"),
        ("^v1.2", ">=1.2,<2.0"),
        ("^ 1.2", ">=1.2,<2.0"),
        ("~1.2.3", ">=1.2.3,<1.3.0"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("~1.2.3.4", ">=1.2.3.4,<1.3.0.0"),
        ("~=1.2.3", "~=1.2.3"),
        ("1.2.*", "==1.2.*"),
        ("==1.2.*", "==1.2.*"),
        ("!=1.2.*", "!=1.2.*"),
        ("1.*.*", "==1.*"),
        ("1.2.3", "==1.2.3"),
        ("=1.2.3", "==1.2.3"),
        ("2.1.0+cpu", "==2.1.0+cpu"),
        (">=1,<2", ">=1,<2"),
        (">=1 <2", ">=1,<2"),
        (">= 1 , < 2", ">=1,<2"),
        ("^1.2,!=1.5", ">=1.2,<2.0,!=1.5"),
        (">=1,<2 || >=2,<3", ">=1,<3"),
        (">=1,<2 || >=3", ">=1,!=2.*"),
        ("^1.2|^3.0", ">=1.2,<4,!=2.*"),
        ("* || ^1.2", ""),
    ],
)
def test_constraint(constraint: str, specifier: str) -> None:
    """Each form, and what it means for pip and uv."""
    assert specifier == translate_constraint(constraint)
    assert SpecifierSet(specifier) is not None


@pytest.mark.parametrize(
    ("constraint", "detail"),
    [
        ("", 'It names no version. Write "*" for any.'),
        ("latest", '"latest" is not a version.'),
        ("^1.*", '"^1.*" has both a comparison and a wildcard. Write one of them.'),
        ("1.2 - 2.0", '"1.2 - 2.0" is not a constraint that Poetry knows.'),
        ("^1.2+cpu", '"^1.2+cpu" is not a constraint that Poetry knows.'),
        ("<>1.2", '"<>1.2" is not a constraint that Poetry knows.'),
        (
            "1.2 || 1.4",
            (
                'Python packaging has no word for "or", and no single range says "1.2 || 1.4". Write two entries with'
                ' `python = "..."` or `markers = "..."`, or one range.'
            ),
        ),
    ],
)
def test_unusable_constraint(constraint: str, detail: str) -> None:
    """What Poetry would not take, and what nobody else has, is refused instead of guessed at."""
    with pytest.raises(UnusableConstraintError) as caught:
        translate_constraint(constraint)

    assert detail == str(caught.value)


@pytest.mark.parametrize(
    ("constraint", "marker", "holds"),
    [
        ("*", None, PYTHONS),
        (">=3.8", 'python_version >= "3.8"', PYTHONS[3:]),
        ("^3.8", 'python_version >= "3.8" and python_version < "4.0"', PYTHONS[3:-1]),
        ("~3.9", 'python_version >= "3.9" and python_version < "3.10"', ("3.9.0", "3.9.1")),
        ("3.9", 'python_version == "3.9"', ("3.9.0", "3.9.1")),
        ("3.9.*", 'python_version == "3.9"', ("3.9.0", "3.9.1")),
        ("3.*", 'python_version >= "3" and python_version < "4"', PYTHONS[1:-1]),
        (">3.6", 'python_full_version > "3.6"', PYTHONS[2:]),
        ("<=3.9", 'python_full_version <= "3.9"', PYTHONS[:5]),
        (">=3.6.1,<3.9", 'python_full_version >= "3.6.1" and python_version < "3.9"', ("3.6.9", "3.8.5")),
        ("!=3.9", 'python_full_version != "3.9"', tuple(one for one in PYTHONS if one != "3.9.0")),
        ("!=3.9.*", 'python_version != "3.9"', tuple(one for one in PYTHONS if not one.startswith("3.9."))),
        ("~=3.8", 'python_version >= "3.8" and python_version < "4"', PYTHONS[3:-1]),
        (
            "~2.7 || ^3.10",
            (
                '(python_version >= "2.7" and python_version < "2.8")'
                ' or (python_version >= "3.10" and python_version < "4.0")'
            ),
            ("2.7.18", *PYTHONS[6:-1]),
        ),
    ],
)
def test_python_marker(constraint: str, marker: str | None, holds: tuple[str, ...]) -> None:
    """`python = "..."` of a dependency: a marker can say "or", so nothing is lost."""
    assert marker == translate_python_marker(constraint)
    assert holds == tuple(one for one in PYTHONS if marker is None or _evaluate(marker, one))


@pytest.mark.parametrize("constraint", ["!=3.*", "3.9.1.*"])
def test_unusable_python_marker(constraint: str) -> None:
    """What no release of Python could mean."""
    with pytest.raises(UnusableConstraintError):
        translate_python_marker(constraint)


@pytest.mark.parametrize(
    ("platform", "marker"),
    [
        ("win32", 'sys_platform == "win32"'),
        ("!=win32", 'sys_platform != "win32"'),
        ("linux || darwin", 'sys_platform == "linux" or sys_platform == "darwin"'),
        ("!=win32,!=cygwin", 'sys_platform != "win32" and sys_platform != "cygwin"'),
    ],
)
def test_platform_marker(platform: str, marker: str) -> None:
    """`platform = "..."` of a dependency."""
    assert marker == translate_platform_marker(platform)


def _evaluate(marker: str, python: str) -> bool:
    environment = {"python_full_version": python, "python_version": ".".join(python.split(".")[:2])}
    return Marker(marker).evaluate(environment)

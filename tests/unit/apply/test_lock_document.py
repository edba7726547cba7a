"""The document of a lock: what is taken of one that somebody else made, and how two become one."""

from __future__ import annotations

from typing import Any

import pytest

from ml_buildpack.apply.lock_document import merged, narrowed, pins
from support.workplace import real_interpreter


def lock() -> dict[str, Any]:
    """A lock with an extra, two groups of which one is taken by default, and a package for another system."""
    return {
        "lock-version": "1.0",
        "extras": ["table"],
        "dependency-groups": ["serve", "dev"],
        "default-groups": ["serve"],
        "packages": [
            {"name": "always", "version": "1"},
            {"name": "elsewhere", "version": "1", "marker": "sys_platform == 'win32'"},
            {"name": "for-dev", "version": "1", "marker": "'dev' in dependency_groups"},
            {"name": "for-serve", "version": "1", "marker": "'serve' in dependency_groups"},
            {"name": "for-table", "version": "1", "marker": "'table' in extras"},
        ],
    }


@pytest.mark.parametrize(
    ("extras", "groups", "expected"),
    [
        pytest.param((), (), ["always", "for-serve"], id="defaults"),
        pytest.param(("table",), (), ["always", "for-serve", "for-table"], id="extra"),
        pytest.param((), ("dev",), ["always", "for-dev"], id="groups replace the default ones"),
    ],
)
def test_what_was_chosen_is_all_there_is(extras: tuple[str, ...], groups: tuple[str, ...], expected: list[str]) -> None:
    """No marker is left, so that nobody has to choose again."""
    taken = narrowed(lock(), real_interpreter().environment, extras=extras, groups=groups)

    packages = [{"name": name, "version": "1"} for name in expected]
    assert {"lock-version": "1.0", "packages": packages} == taken


def test_first_lock_wins_where_both_have_a_package() -> None:
    """What the server needs never replaces what the project's lock has."""
    first = {"lock-version": "1.0", "packages": [{"name": "b", "version": "1"}]}
    second = {"lock-version": "1.0", "packages": [{"name": "b", "version": "2"}, {"name": "a", "version": "2"}]}

    expected = [{"name": "a", "version": "2"}, {"name": "b", "version": "1"}]
    assert {"lock-version": "1.0", "packages": expected} == merged(first, second)


def test_pins_leave_out_what_is_not_installed_or_has_no_version() -> None:
    """They are constraints for another resolution on the same interpreter."""
    document = {
        "packages": [
            {"name": "a", "version": "1"},
            {"name": "tree", "directory": {"path": "."}},
            {"name": "w", "version": "1", "marker": "sys_platform == 'win32'"},
        ]
    }

    assert ("a==1",) == pins(document, real_interpreter().environment)

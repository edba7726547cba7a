"""What a setting is: its key, its variable, what it takes, and who parses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One row of the table. `name` is the field of Settings; `key` and `variable` are None where there is none.

    A key with a dot stands in a table of that name: `model.slices` is `slices` below `[model]`.
    `from_file` turns a TOML value, and `from_variable` a text that is not empty, into the field's value.
    """

    name: str
    key: str | None
    variable: str | None
    takes: str
    default: str
    from_file: Callable[[object], object]
    from_variable: Callable[[str], object]

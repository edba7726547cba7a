"""Where a text of a list or a table stands in a TOML file, so that a message can point at its line.

A search in the text, because TOML parsers give no positions. Called by the readers of project files.
"""

from __future__ import annotations

import json
import re

from ml_buildpack.facts.toml_files import TomlFile

_HEADER = re.compile(r"\s*\[")


def line_of_key(file: TomlFile, table: str, key: str) -> int:
    """The line, from 1, of that key; where it is not found, that of its table, then of any table around it, then 1."""
    found = file.line_of(table, key)
    while found is None and table:
        table, _, name = table.rpartition(".")
        found = file.line_of(table, name)
    return found or 1


def line_of_item(file: TomlFile, table: str, key: str, item: str) -> int:
    """The line, from 1, of that text below the key; the key's own where the text is written in another way there."""
    start = line_of_key(file, table, key)
    written = (json.dumps(item, ensure_ascii=False), f"'{item}'")
    for number, line in enumerate(file.text.split("\n"), start=1):
        if number < start:
            continue
        # A list has ended where the next table begins; its lines may begin with a bracket only as nested lists do.
        if number > start and _HEADER.match(line) is not None and "]" in line and not line.rstrip().endswith(","):
            break
        if any(text in line for text in written):
            return number
    return start

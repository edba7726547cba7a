"""docs/models.md promises what the fixtures show: every format is in its table, with what is installed for it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ml_buildpack.facts.models.artifact import ModelFormat

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
PLANS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "fixtures" / "models" / "plans").glob("*.json")}


def test_the_table_of_formats_is_what_the_fixtures_give() -> None:
    """One row for each, with its requirements or its error."""
    rows = re.findall(r"^\| \[([\w-]+)\]\(\.\./fixtures/models/\1\) \|.*\| ([^|]*) \|$", DOCS, re.MULTILINE)
    planned = {
        name: ", ".join(f"`{line['requirement']}`" for line in plan["requirements"])
        if "requirements" in plan
        else plan["errors"][0]
        for name, plan in PLANS.items()
    }

    assert planned == dict(rows)


def test_every_format_has_an_example() -> None:
    """What has no fixture is not promised. A custom model is any of them with a predict.py."""
    shown = {model["format"] for plan in PLANS.values() for model in plan.get("models", ())}

    assert {each.value for each in ModelFormat} - {"custom"} == shown

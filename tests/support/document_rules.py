"""Reads the build plan, launch.toml, build.toml and store.toml as the lifecycle does, and holds them to the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from support.contract_rules import Rule, only_keys, read_toml, require, strings
from support.contract_values import BuiltProcess, Launch, TomlDocument

_PROCESS_TYPE = re.compile(r"[A-Za-z0-9._-]+")


def read_build_plan(path: Path) -> TomlDocument:
    """The plan that bin/detect wrote, checked."""
    plan = read_toml(path, rule=Rule.DETECT_PLAN_KEYS)
    require(rule=Rule.DETECT_PLAN_KEYS, holds=only_keys(plan, "provides", "requires", "or"), detail=f"{sorted(plan)}")
    for alternative in alternatives(plan):
        for kind, keys in (("provides", ("name",)), ("requires", ("name", "metadata"))):
            for entry in alternative.get(kind, []):
                named = only_keys(entry, *keys) and isinstance(entry.get("name"), str)
                require(rule=Rule.DETECT_PLAN_KEYS, holds=named, detail=f"{kind} {entry}")
    return plan


def alternatives(plan: TomlDocument) -> Iterator[TomlDocument]:
    """The sections of a plan, in the order in which the lifecycle tries them."""
    yield {kind: entries for kind, entries in plan.items() if kind != "or"}
    yield from plan.get("or", [])


def plan_entries(plan: TomlDocument) -> list[dict[str, Any]]:
    """The entries that bin/build gets where no other buildpack takes part."""
    for alternative in alternatives(plan):
        required = alternative.get("requires", [])
        if {entry["name"] for entry in required} == {entry["name"] for entry in alternative.get("provides", [])}:
            return [{"name": entry["name"], "metadata": entry.get("metadata", {})} for entry in required]
    require(rule=Rule.DETECT_STANDS_ALONE, holds=False, detail="every alternative needs or offers something more")
    return []


def read_launch(path: Path) -> Launch:
    """What launch.toml says, checked."""
    document = read_toml(path)
    require(
        rule=Rule.LAUNCH_KEYS, holds=only_keys(document, "processes", "labels", "slices"), detail=f"{sorted(document)}"
    )
    processes = tuple(_read_process(table) for table in document.get("processes", []))
    types = [process.type for process in processes]
    require(rule=Rule.PROCESS_TYPE, holds=len(types) == len(set(types)), detail=f"{types}")
    defaults = [process.type for process in processes if process.default]
    require(rule=Rule.PROCESS_DEFAULT, holds=len(defaults) <= 1, detail=f"{defaults}")
    return Launch(
        processes=processes,
        labels=_read_labels(document.get("labels", [])),
        slices=tuple(_read_slice(table) for table in document.get("slices", [])),
    )


def check_build_toml(path: Path, entries: list[dict[str, Any]]) -> None:
    """Hold build.toml to its rule."""
    document = read_toml(path)
    unmet = document.get("unmet", [])
    names = {entry["name"] for entry in entries}
    known = only_keys(document, "unmet") and all(only_keys(one, "name") and one.get("name") in names for one in unmet)
    require(rule=Rule.BUILD_TOML, holds=known, detail=f"{document}")


def read_store(path: Path) -> Mapping[str, Any] | None:
    """The metadata of store.toml, None where there is no such file."""
    if not path.exists():
        return None
    document = read_toml(path)
    require(rule=Rule.STORE_TOML, holds=only_keys(document, "metadata"), detail=f"{sorted(document)}")
    return dict(document.get("metadata", {}))


def _read_process(table: dict[str, Any]) -> BuiltProcess:
    keys = ("type", "command", "args", "default", "working-dir")
    require(rule=Rule.LAUNCH_KEYS, holds=only_keys(table, *keys), detail=f"{table}")
    type_, command, args = table.get("type", ""), table.get("command", []), table.get("args", [])
    working_dir = table.get("working-dir")
    require(rule=Rule.PROCESS_TYPE, holds=bool(_PROCESS_TYPE.fullmatch(type_)), detail=f"{type_!r}")
    runnable = strings(command) and bool(command) and strings(args)
    require(rule=Rule.PROCESS_COMMAND, holds=runnable, detail=f"{type_}: {command!r} {args!r}")
    absolute = working_dir is None or str(working_dir).startswith("/")
    require(rule=Rule.PROCESS_WORKING_DIR, holds=absolute, detail=f"{type_}: {working_dir!r}")
    return BuiltProcess(
        type=type_,
        command=tuple(command),
        args=tuple(args),
        default=table.get("default", False),
        working_dir=working_dir,
    )


def _read_labels(tables: list[dict[str, Any]]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for table in tables:
        key, value = table.get("key", 0), table.get("value", 0)
        whole = only_keys(table, "key", "value") and isinstance(key, str) and isinstance(value, str)
        require(rule=Rule.LABEL, holds=whole and key not in labels, detail=f"{table}")
        labels[key] = value
    return labels


def _read_slice(table: dict[str, Any]) -> tuple[str, ...]:
    paths = table.get("paths", [])
    relative = only_keys(table, "paths") and strings(paths) and not any(path.startswith("/") for path in paths)
    require(rule=Rule.SLICE, holds=relative, detail=f"{table}")
    return tuple(paths)

"""Which modules are compiled, and what is remembered of an import for a build that cannot repeat it. Pure.

A layer that is kept has no contents here, so an application that needs it cannot be imported. Then the record of the
last import says what is loaded, distribution by distribution; one that it does not know is compiled in full.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ml_buildpack.facts.settings import Bytecode
from ml_buildpack.plan.import_run import ImportRun
from ml_buildpack.plan.installed import Distribution, InstalledFile, PackagesFolder

__all__ = [
    "Bytecode",
    "ImportRecord",
    "choose_modules",
    "find_app_modules",
    "loaded_files",
    "make_record",
    "parse_record",
    "render_record",
]

_RECORD_SCHEMA = 1
# In an application's directory: what is run by people who develop it, and not by the image.
_NOT_LAUNCHED = frozenset({"test", "tests", "docs", "doc", "examples", "notebooks"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportRecord:
    """The modules of each distribution that an import loaded: (name, version) to paths relative to the folder."""

    modules: Mapping[tuple[str, str], tuple[str, ...]]


def make_record(run: ImportRun, distributions: Iterable[Distribution]) -> ImportRecord:
    """What the import loaded of each distribution, also where that is nothing."""
    loaded = frozenset(run.files)
    return ImportRecord(
        modules={
            (each.name, each.version): tuple(
                file.path for file in each.files if f"{each.folder.path}/{file.path}" in loaded and _is_module(file)
            )
            for each in distributions
        }
    )


def render_record(record: ImportRecord) -> str:
    """The record as a file."""
    document = {
        "schema": _RECORD_SCHEMA,
        "distributions": [
            {"name": name, "version": version, "modules": list(modules)}
            for (name, version), modules in sorted(record.modules.items())
        ],
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def parse_record(text: str) -> ImportRecord | None:
    """The record of a file; None for a file of another release, or one that is damaged."""
    try:
        document = json.loads(text)
        if document["schema"] != _RECORD_SCHEMA:
            return None
        return ImportRecord(
            modules={
                (str(each["name"]), str(each["version"])): tuple(str(path) for path in each["modules"])
                for each in document["distributions"]
            }
        )
    except (ValueError, KeyError, TypeError):
        return None


def loaded_files(record: ImportRecord, distributions: Iterable[Distribution]) -> frozenset[str]:
    """The files of these distributions that the recorded import loaded, as absolute paths."""
    return frozenset(
        f"{each.folder.path}/{path}"
        for each in distributions
        for path in record.modules.get((each.name, each.version), ())
    )


def choose_modules(
    mode: Bytecode,
    folder: PackagesFolder,
    modules: Iterable[str],
    *,
    distributions: Iterable[Distribution],
    run: ImportRun | None,
    record: ImportRecord | None = None,
) -> tuple[str, ...]:
    """Which of the folder's modules are compiled, sorted. `modules` are absolute paths.

    Where nobody knows what is imported, because there was no import, or it failed, everything is.
    """
    every = tuple(sorted(modules))
    if mode is Bytecode.NONE:
        return ()
    if mode is Bytecode.ALL:
        return every
    if run is not None:
        loaded = frozenset(run.files)
        return every if run.failure is not None else tuple(path for path in every if path in loaded)
    if record is None:
        return every
    left_out = frozenset(
        f"{folder.path}/{file.path}"
        for each in distributions
        if each.folder == folder and (known := record.modules.get((each.name, each.version))) is not None
        for file in each.files
        if file.path not in known
    )
    return tuple(path for path in every if path not in left_out)


def find_app_modules(paths: Iterable[str]) -> tuple[str, ...]:
    """The application's modules that are compiled, sorted: by their paths alone.

    Not by what was imported. The directory is exported on every build, and must be the same on one that keeps its
    packages and imports nothing.
    """
    return tuple(sorted(path for path in paths if path.endswith(".py") and _is_launched(path)))


def _is_launched(path: str) -> bool:
    *folders, name = path.split("/")
    is_hidden = any(part.startswith(".") for part in (*folders, name))
    is_test = name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")
    return not is_hidden and not is_test and _NOT_LAUNCHED.isdisjoint(folders)


def _is_module(file: InstalledFile) -> bool:
    return file.path.endswith(".py")

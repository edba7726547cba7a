"""What the user asked for: BP_* variables over the keys of one file, every mistake collected.

One table, `setting_table.SETTINGS`, drives the parsing. Decides nothing: a setting that was not given keeps its empty
default, and whoever needs it chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ml_buildpack.errors import InvalidSettings, Mistake
from ml_buildpack.facts.accelerator_wish import AUTO, AcceleratorWish
from ml_buildpack.facts.project_files import ProjectFiles
from ml_buildpack.facts.setting_table import SETTINGS, Setting
from ml_buildpack.facts.setting_values import (
    Bytecode,
    CondaMode,
    LibraryCheck,
    Resolver,
    Slim,
    UnusableValueError,
    describe_value,
)
from ml_buildpack.facts.spelling import did_you_mean
from ml_buildpack.facts.toml_files import TomlFile, read_toml

__all__ = [
    "SETTINGS",
    "Bytecode",
    "CondaMode",
    "LibraryCheck",
    "Resolver",
    "Setting",
    "Settings",
    "Slim",
    "read_settings",
]

SETTINGS_FILE = "ml-buildpack.toml"
PYPROJECT_FILE = "pyproject.toml"
_PYPROJECT_TABLE = "tool.ml-buildpack"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings, each empty where nobody gave it.

    `app` is `module:attribute`, with `()` behind it where the user said that it is to be called. `processes` are
    (name, command), in the file's order. `wheel_cache_max` is in bytes. `origins` tells, for each setting that was
    given, the variable or the file.
    """

    app: str | None = None
    server: str | None = None
    requirements: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    conda: CondaMode | None = None
    conda_channels: tuple[str, ...] = ()
    conda_mirror: str | None = field(default=None, repr=False)
    wheelhouse: str | None = None
    accelerator: AcceleratorWish = AUTO
    torch_mirror: str | None = None
    resolver: Resolver | None = None
    upgrade: bool = False
    python: str | None = None
    python_mirror: str | None = None
    python_downloads_json: str | None = None
    library_check: LibraryCheck | None = None
    apt: tuple[str, ...] = ()
    apt_mirror: str | None = None
    model_slices: bool = True
    bytecode: Bytecode | None = None
    import_seconds: int | None = None
    slim: Slim | None = None
    processes: tuple[tuple[str, str], ...] = ()
    wheel_cache_max: int | None = None
    model_path: str | None = None
    model_name: str | None = None
    model_version: str | None = None
    model_allow: tuple[str, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()

    def origin_of(self, name: str) -> str | None:
        """The variable or the file that gave that setting; None where none did."""
        return dict(self.origins).get(name)


def read_settings(files: ProjectFiles, env: Mapping[str, str]) -> Settings:
    """The project's settings; variables win over files. Raises: InvalidSettings, with all mistakes of both."""
    mistakes: list[Mistake] = []
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for source in (_read_files(files, mistakes), _read_variables(env, mistakes)):
        for name, (value, origin) in source.items():
            values[name], origins[name] = value, origin
    if mistakes:
        raise InvalidSettings(mistakes=tuple(mistakes))
    return Settings(**values, origins=tuple(sorted(origins.items())))


# --- where settings come from ----------------------------------------------------------------------------------------

_Found = dict[str, tuple[object, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Refused:
    detail: str


_Given = TypeVar("_Given")


def _parsed(parse: Callable[[_Given], object], given: _Given) -> object:
    """The field's value, or why there is none."""
    try:
        return parse(given)
    except UnusableValueError as error:
        return _Refused(detail=str(error))


def _read_variables(env: Mapping[str, str], mistakes: list[Mistake]) -> _Found:
    found: _Found = {}
    for setting in SETTINGS:
        # Empty is absent: several platforms cannot delete a variable, or hand on an empty one for each that they know.
        text = env.get(setting.variable, "").strip() if setting.variable is not None else ""
        if setting.variable is None or not text:
            continue
        value = _parsed(setting.from_variable, text)
        if isinstance(value, _Refused):
            mistakes.append(Mistake(where=setting.variable, text=text, detail=value.detail))
        else:
            found[setting.name] = (value, setting.variable)
    return found


def _read_files(files: ProjectFiles, mistakes: list[Mistake]) -> _Found:
    own = _read_parsable(files, SETTINGS_FILE, mistakes)
    pyproject = _read_parsable(files, PYPROJECT_FILE, mistakes)
    own_found = _read_table(own, own.document, "", mistakes) if own is not None else {}
    if pyproject is None or not _has_table(pyproject, mistakes):
        return own_found
    if SETTINGS_FILE in files:
        detail = f"{SETTINGS_FILE} has settings too. Keep them in one place and remove the other."
        mistakes.append(Mistake(where=PYPROJECT_FILE, text=f"[{_PYPROJECT_TABLE}]", detail=detail))
    table = pyproject.table("tool", "ml-buildpack") or {}
    return {**_read_table(pyproject, table, _PYPROJECT_TABLE, mistakes), **own_found}


def _read_parsable(files: ProjectFiles, path: str, mistakes: list[Mistake]) -> TomlFile | None:
    file = read_toml(files, path)
    if isinstance(file, Mistake):
        mistakes.append(file)
        return None
    return file


def _has_table(pyproject: TomlFile, mistakes: list[Mistake]) -> bool:
    tool = pyproject.table("tool") or {}
    if "ml-buildpack" in tool and not isinstance(tool["ml-buildpack"], dict):
        found = describe_value(tool["ml-buildpack"])
        detail = f"It must be a table, [{_PYPROJECT_TABLE}], and is {found}."
        line = pyproject.line_of("tool", "ml-buildpack")
        mistakes.append(Mistake(where=PYPROJECT_FILE, line=line, text="ml-buildpack", detail=detail))
        return False
    return "ml-buildpack" in tool


def _read_table(file: TomlFile, table: dict[str, object], name: str, mistakes: list[Mistake]) -> _Found:
    settings = {setting.key: setting for setting in SETTINGS if setting.key is not None}
    found: _Found = {}
    for key, value in _dotted(table, settings):
        setting = settings.get(key)
        parsed = _parsed(setting.from_file, value) if setting is not None else _Refused(detail=_unknown_key(key))
        if isinstance(parsed, _Refused):
            inner, _, last = key.rpartition(".")
            line = file.line_of(f"{name}.{inner}".strip("."), last)
            text = file.line_text(line) if line is not None else key
            mistakes.append(Mistake(where=file.path, line=line, text=text, detail=parsed.detail))
        elif setting is not None:
            found[setting.name] = (parsed, file.path)
    return found


def _dotted(table: dict[str, object], settings: Mapping[str, Setting]) -> Iterator[tuple[str, object]]:
    """The table's entries; those of a table that has settings in it as `table.key`."""
    groups = {key.partition(".")[0] for key in settings if "." in key}
    for key, value in table.items():
        if key in groups and isinstance(value, dict):
            yield from ((f"{key}.{inner}", item) for inner, item in value.items())
        else:
            yield key, value


def _unknown_key(key: str) -> str:
    for setting in SETTINGS:
        if setting.key is None and key == setting.name:
            return f"This is asked for once, with the variable {setting.variable}, and cannot stand in a file."
    if key == "tool":
        return f"In {SETTINGS_FILE} the keys stand at the top, without [{_PYPROJECT_TABLE}]."
    return f'There is no setting "{key}".' + did_you_mean(key, (setting.key for setting in SETTINGS if setting.key))

"""docs/settings.md says what the program does: its table is the program's, its examples are read by the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml_buildpack.facts.accelerator_wish import CPU
from ml_buildpack.facts.dependency_files import DEFAULT_INPUTS
from ml_buildpack.facts.settings import (
    SETTINGS,
    Bytecode,
    CondaMode,
    LibraryCheck,
    Resolver,
    Settings,
    Slim,
    read_settings,
)
from support.projects import write_project

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
# What reads the launch variables. The table of the docs may name nothing else.
LAUNCH_READERS = tuple(sorted((ROOT / "src" / "model_server").glob("*.py")))
# Read by the servers themselves: gunicorn and uvicorn document them.
READ_BY_SERVERS = {"GUNICORN_CMD_ARGS", "UVICORN_*", "FORWARDED_ALLOW_IPS"}


def section(title: str) -> str:
    """The text between that heading and the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", DOCS, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/settings.md has no section {title!r}"
    return found.group(1)


def table(title: str) -> list[tuple[str, ...]]:
    """The rows of the table in that section, without its head."""
    rows = [line for line in section(title).splitlines() if line.startswith("|")]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows[2:]]


def test_the_table_of_settings_is_the_programs() -> None:
    """Keys, variables, values and defaults, in the same order."""
    program = [
        (
            f"`{setting.key}`" if setting.key is not None else "none",
            f"`{setting.variable}`" if setting.variable is not None else "none",
            setting.takes,
            setting.default,
        )
        for setting in SETTINGS
    ]

    assert program == table("All settings")


@pytest.mark.parametrize("setting", [setting.key or setting.variable for setting in SETTINGS])
def test_each_setting_is_explained(setting: str) -> None:
    """Under a heading of its own."""
    assert section(f"`{setting}`").strip()


@pytest.mark.parametrize(("position", "path"), [(0, "ml-buildpack.toml"), (1, "pyproject.toml")])
def test_the_examples_are_valid_and_complete(tmp_path: Path, position: int, path: str) -> None:
    """They can be copied, and both say the same."""
    example = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)[position]
    keys = sorted(setting.name for setting in SETTINGS if setting.key is not None)

    assert Settings(
        app="service.main:app",
        server="uvicorn",
        requirements=("requirements/prod.txt",),
        extras=("serving",),
        groups=("production",),
        conda=CondaMode.TRANSLATE,
        conda_channels=("conda-forge",),
        wheelhouse="wheels",
        accelerator=CPU,
        resolver=Resolver.UV,
        python="3.12",
        library_check=LibraryCheck.ERROR,
        apt=("libgl1",),
        model_slices=True,
        bytecode=Bytecode.IMPORTS,
        import_seconds=120,
        slim=Slim.AUTO,
        processes=(("worker", "python -m service.worker"),),
        model_path="models/churn.onnx",
        model_name="churn",
        model_version="3",
        model_allow=("builtins.open",),
        origins=tuple((key, path) for key in keys),
    ) == read_settings(write_project(tmp_path, {path: example}), {})


def test_the_default_requirements_files_are_the_programs() -> None:
    """In the order in which they are tried."""
    listed = re.findall(r"^- (.*)$", section("`requirements`"), re.MULTILINE)
    stems = ["prod", *re.findall(r"`(\w+)`", listed[2].partition(";")[2])]
    documented = (
        listed[0].strip("`"),
        listed[1].strip("`"),
        *(f"requirements/{stem}{suffix}" for stem in stems for suffix in (".txt", ".in")),
    )

    assert DEFAULT_INPUTS == documented


def test_the_launch_variables_are_read_by_something() -> None:
    """A variable that nothing reads would be a promise that nothing keeps."""
    source = "".join(path.read_text(encoding="utf-8") for path in LAUNCH_READERS)
    documented = {name for row in table("When the image runs") for name in re.findall(r"`([A-Z_*]+)`", row[0])}
    unread = {name for name in documented if f'"{name}"' not in source}

    assert set() == unread - READ_BY_SERVERS

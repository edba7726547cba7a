"""Ask uv which standalone interpreters can be downloaded, and the machine what they would answer about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.markers import default_environment
from packaging.tags import platform_tags

from ml_buildpack.apply import commands
from ml_buildpack.apply.downloads import make_downloader, read_credentials, without_credentials
from ml_buildpack.errors import BuildpackError
from ml_buildpack.plan.interpreter import PythonDownload
from ml_buildpack.plan.python_downloads import Machine, PythonSource, PythonTable
from ml_buildpack.redaction import redact
from ml_buildpack.sizes import count

_TABLE = "UV_PYTHON_DOWNLOADS_JSON_URL"


def read_machine() -> Machine:
    """What every interpreter on this machine says of it."""
    environment = {name: str(value) for name, value in default_environment().items()}
    return Machine(platforms=tuple(platform_tags()), environment=environment)


def read_python_table(source: PythonSource, *, uv: Path, env: Mapping[str, str], cwd: Path) -> PythonTable:
    """The interpreters that can be downloaded for this machine, by the source's table or uv's own."""
    name = _name(source, env)
    argv = (
        str(uv), "python", "list", "--all-versions", "--only-downloads", "--output-format", "json", "--no-config",
    )  # fmt: skip
    result = commands.run(argv, env=source.environment(env), cwd=cwd)
    if result.exit_code != 0:
        return PythonTable(name=name, trouble=result.output_tail)
    # Warnings may stand around it: with --quiet, uv would print neither.
    entries: list[dict[str, Any]] = json.loads(
        next((line for line in result.output.splitlines() if line.startswith("[")), "[]")
    )
    usable = tuple(_download(entry) for entry in entries if _is_usable(entry))
    table = source.environment(env).get(_TABLE)
    return PythonTable(name=name, downloads=usable) if table is None else _checked(name, usable, table, env, cwd)


def _checked(
    name: str, downloads: tuple[PythonDownload, ...], table: str, env: Mapping[str, str], scratch: Path
) -> PythonTable:
    """A table of the user's without the entries that have no sha256: uv installs such archives as they come."""
    try:
        entries = json.loads(_read_table(table, env, scratch))
    except (BuildpackError, OSError, ValueError) as error:
        return PythonTable(name=name, trouble=redact(str(error)))
    checked = tuple(each for each in downloads if entries.get(each.key, {}).get("sha256"))
    left_out = len(downloads) - len(checked)
    note = f" (without {count(left_out, 'archive')} that it has no sha256 for)" if left_out else ""
    return PythonTable(name=name + note, downloads=checked)


def _read_table(table: str, env: Mapping[str, str], scratch: Path) -> str:
    if urlsplit(table).scheme not in {"http", "https"}:
        path = unquote(urlsplit(table).path) if table.startswith("file:") else table
        return Path(path).read_text(encoding="utf-8")
    netrc = Path(env["NETRC"]) if "NETRC" in env else None
    downloader = make_downloader(env, read_credentials((table,), netrc_path=netrc))
    return downloader.fetch_unchecked(table, scratch / "python-downloads.json").read_text(encoding="utf-8")


def _is_usable(entry: Mapping[str, Any]) -> bool:
    """Ordinary CPython: with its lock, and not another implementation of the language."""
    return entry["implementation"] == "cpython" and entry["variant"] == "default" and bool(entry["url"])


def _download(entry: Mapping[str, Any]) -> PythonDownload:
    archive = unquote(urlsplit(entry["url"]).path).rpartition("/")[2]
    return PythonDownload(key=entry["key"], version=entry["version"], build=archive)


def _name(source: PythonSource, env: Mapping[str, str]) -> str:
    chosen = source.environment(env)
    table = chosen.get(_TABLE)
    mirror = chosen.get("UV_PYTHON_INSTALL_MIRROR")
    shown = "uv's own" if table is None else redact(without_credentials(table))
    return shown if mirror is None else f"{shown}, from the mirror {redact(without_credentials(mirror))}"

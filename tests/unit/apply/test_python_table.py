"""What uv says can be downloaded, and what is said where it cannot tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_buildpack.apply.python_table import read_python_table
from ml_buildpack.apply.vendored import find_uv
from ml_buildpack.plan.interpreter import PythonDownload
from ml_buildpack.plan.python_downloads import PythonSource, PythonTable
from support.file_server import Answer, serve_files
from support.python_mirror import VERSION, PythonMirror
from support.workplace import ONCE


def read(tmp_path: Path, source: PythonSource, **env: str) -> PythonTable:
    """The table, by the real uv."""
    return read_python_table(source, uv=find_uv(), env={"HOME": str(tmp_path), **ONCE, **env}, cwd=tmp_path)


@pytest.mark.parametrize("form", [str, Path.as_uri], ids=["path", "file URL"])
def test_table_of_a_mirror_is_read(tmp_path: Path, python_mirror: PythonMirror, form: type[str]) -> None:
    """It replaces uv's own; the archive's name tells builds apart."""
    name = form(python_mirror.table)
    expected = PythonDownload(key=python_mirror.key, version=VERSION, build=python_mirror.archive.name)

    assert PythonTable(name=name, downloads=(expected,)) == read(tmp_path, PythonSource(table=name))


def test_uvs_own_name_means_the_same(tmp_path: Path, python_mirror: PythonMirror) -> None:
    """Whoever has set it for uv need not set ours."""
    table = read(tmp_path, PythonSource(), UV_PYTHON_DOWNLOADS_JSON_URL=str(python_mirror.table))

    assert (str(python_mirror.table), [VERSION]) == (table.name, [each.version for each in table.downloads])


def test_other_machines_implementations_and_variants_are_left_out(tmp_path: Path, python_mirror: PythonMirror) -> None:
    """Those of other machines uv leaves out; PyPy and Python without its lock have other wheels."""
    (entry,) = json.loads(python_mirror.table.read_text()).values()
    table = tmp_path / "t.json"
    entries = {
        "pypy": {**entry, "name": "pypy"},
        "freethreaded": {**entry, "variant": "freethreaded"},
        "windows": {**entry, "os": "windows", "libc": "none"},
    }
    table.write_text(json.dumps(entries))

    assert () == read(tmp_path, PythonSource(table=str(table))).downloads


def test_uvs_own_table_needs_no_network(tmp_path: Path) -> None:
    """It is part of uv: every supported minor version is in it, where it comes from is not asked."""
    table = read(tmp_path, PythonSource(mirror="https://user:secret@mirror.test/python"))
    minors = {each.version.rpartition(".")[0] for each in table.downloads}

    assert {"3.10", "3.11", "3.12", "3.13", "3.14"} <= minors
    assert "uv's own, from the mirror https://mirror.test/python" == table.name


@pytest.mark.parametrize(
    ("content", "trouble"),
    [(None, "No such file"), ("{", "Unable to parse"), ('{"x": {"name": "cpython"}}', "missing field")],
)
def test_trouble_is_told_in_uvs_words(tmp_path: Path, content: str | None, trouble: str) -> None:
    """It is not raised: the project may not need the table after all."""
    table = tmp_path / "t.json"
    if content is not None:
        table.write_text(content)

    found = read(tmp_path, PythonSource(table=str(table)))

    assert () == found.downloads
    assert trouble in str(found.trouble)


def test_credentials_of_a_table_are_not_told(tmp_path: Path) -> None:
    """Neither in its name nor in uv's words."""
    found = read(tmp_path, PythonSource(table="http://user:secret@127.0.0.1:9/t.json"))

    assert "http://127.0.0.1:9/t.json" == found.name
    assert "secret" not in str(found)
    assert "127.0.0.1:9" in str(found.trouble)


@pytest.mark.parametrize("way", ["path", "address"])
def test_archive_without_a_digest_is_not_offered(tmp_path: Path, python_mirror: PythonMirror, way: str) -> None:
    """It would be installed unchecked; the name of the table says why it is missing."""
    (entry,) = json.loads(python_mirror.table.read_text()).values()
    text = json.dumps({"unchecked": {**entry, "patch": 1, "sha256": None}, python_mirror.key: entry})
    table = tmp_path / "t.json"
    table.write_text(text)
    with serve_files() as files:
        files.answers["/t.json"] = [Answer(body=text.encode())] * 3
        name = str(table) if way == "path" else files.url("/t.json")
        found = read(tmp_path, PythonSource(table=name))

    assert f"{name} (without 1 archive that it has no sha256 for)" == found.name
    assert [VERSION] == [each.version for each in found.downloads]

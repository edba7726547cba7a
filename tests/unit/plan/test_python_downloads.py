"""Which standalone Python is downloaded: the one of before, else the newest, else a reason why there is none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml_buildpack.apply.python_table import read_machine
from ml_buildpack.cnb.layer import Absent, MetadataOnly, Present
from ml_buildpack.errors import PythonDownloadFailed, PythonEndOfLife, PythonNotAvailable
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.plan.interpreter import InterpreterOrigin, PythonDownload
from ml_buildpack.plan.layers import plan_downloaded_python_layer
from ml_buildpack.plan.python_downloads import (
    PythonSource,
    PythonTable,
    choose_download,
    describe_download,
    find_kept_download,
)
from ml_buildpack.plan.python_wish import PythonWish, weigh_requests
from support.build_values import PYTHON_3_12, TARGET
from support.workplace import real_interpreter

TODAY = date(2026, 1, 15)
LAYERS_DIR = "/layers/own"


def download(version: str, build: str = "1") -> PythonDownload:
    """An entry of a table."""
    return PythonDownload(key=f"cpython-{version}", version=version, build=f"{version}-{build}.tar.gz")


TABLE = PythonTable(
    name="t.json",
    downloads=tuple(map(download, ("3.16.0a2", "3.14.2", "3.13.10", "3.13.9", "3.12.8", "3.8.20"))),
)


def wish_of(*specs: str) -> PythonWish:
    """The wish of a file that asks for that."""
    return weigh_requests(PythonRequest(spec=spec, origin="f", line=1, text=spec) for spec in specs)


def metadata_of(one: PythonDownload, layers_dir: str = LAYERS_DIR) -> dict[str, str]:
    """What is kept with the layer of a download."""
    layer = plan_downloaded_python_layer(one, layers_dir=layers_dir, target=TARGET)
    return {**layer.metadata, **dict(layer.notes)}


def choose(wish: PythonWish, table: PythonTable = TABLE, previous: PythonDownload | None = None) -> PythonDownload:
    """The choice on a builder with Python 3.12.4."""
    restored = Absent() if previous is None else MetadataOnly(metadata=metadata_of(previous))
    return choose_download(wish, table, previous=restored, found=(PYTHON_3_12,), today=TODAY)


@pytest.mark.parametrize(
    ("specs", "version"),
    [
        pytest.param((), "3.14.2", id="nothing asked for: no pre-release"),
        pytest.param(("==3.13.*",), "3.13.10", id="the newest release, by number"),
        pytest.param((">=3.12", "<3.14"), "3.13.10", id="all requests together"),
        pytest.param(("==3.13.9",), "3.13.9", id="a release"),
        pytest.param(("==3.16.0a2",), "3.16.0a2", id="a pre-release by its name"),
        pytest.param(("==3.8.*",), "3.8.20", id="one that has ended but can be had"),
    ],
)
def test_newest_that_satisfies_is_chosen(specs: tuple[str, ...], version: str) -> None:
    """Of those that the table has."""
    assert download(version) == choose(wish_of(*specs))


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        pytest.param(download("3.13.9"), download("3.13.9"), id="there is a newer one"),
        pytest.param(download("3.13.9", "0"), download("3.13.9"), id="the table has another build of it"),
        pytest.param(download("3.13.8"), download("3.13.10"), id="it is gone"),
        pytest.param(download("3.12.8"), download("3.13.10"), id="it does not satisfy any more"),
    ],
)
def test_version_of_the_previous_image_is_kept(previous: PythonDownload, expected: PythonDownload) -> None:
    """A rebuild never drifts, even where the cache is lost."""
    assert expected == choose(wish_of("==3.13.*"), previous=previous)


@pytest.mark.parametrize(
    ("kept", "layers_dir", "expected"),
    [
        pytest.param(download("3.13.9"), LAYERS_DIR, download("3.13.9"), id="it satisfies"),
        pytest.param(download("3.12.8"), LAYERS_DIR, None, id="it does not satisfy"),
        pytest.param(download("3.13.9"), "/other", None, id="it was made for another place"),
    ],
)
def test_archive_in_the_cache_needs_no_table(
    kept: PythonDownload, layers_dir: str, expected: PythonDownload | None
) -> None:
    """A table may be far away, and may have lost it."""
    archive = Present(metadata=metadata_of(kept, layers_dir), path=Path("/x"))

    assert expected == find_kept_download(wish_of("==3.13.*"), archive, layers_dir=LAYERS_DIR, target=TARGET)


@pytest.mark.parametrize(
    "layer",
    [
        Absent(),
        MetadataOnly(metadata=metadata_of(download("3.13.9"))),
        Present(metadata={"python": "3.13.9 packaged"}, path=Path("/x")),
    ],
)
def test_nothing_is_kept_without_an_archive(layer: Absent | MetadataOnly | Present) -> None:
    """Metadata alone makes no interpreter, and a packaged one is not a download."""
    assert None is find_kept_download(wish_of(), layer, layers_dir=LAYERS_DIR, target=TARGET)


def test_refusal_says_what_there_is_and_what_could_be_had() -> None:
    """The evidence, newest first."""
    with pytest.raises(PythonNotAvailable) as raised:
        choose(wish_of("==3.13.99"))

    error = raised.value
    assert ("3.12.4", tuple(each.version for each in TABLE.downloads), "t.json") == (
        error.available, error.downloadable, error.table,
    )  # fmt: skip
    assert ("f", "asks for Python ==3.13.99") == (error.requests[0].where, error.requests[0].detail)


def test_versions_that_have_ended_get_their_own_words() -> None:
    """With the newest that would have done, and its last day."""
    with pytest.raises(PythonEndOfLife) as raised:
        choose(wish_of(">=3.6", "<3.8"))

    assert ("3.7", "2023-06-27", "3.12.4") == (raised.value.version, raised.value.ended, raised.value.available)


def test_unreadable_table_fails_where_it_is_needed() -> None:
    """A project whose image has what it asks for does not need it: nothing may have changed."""
    table = PythonTable(name="http://t", trouble="no route")

    assert download("3.13.9") == choose(wish_of("==3.13.*"), table, previous=download("3.13.9"))
    with pytest.raises(PythonDownloadFailed) as raised:
        choose(wish_of("==3.13.*"), table, previous=download("3.12.8"))
    assert ("the table of downloads, http://t", "no route") == (raised.value.python, raised.value.detail)


def test_description_equals_the_interpreters_own_answers() -> None:
    """Nothing has to be downloaded to know which wheels it takes."""
    real = real_interpreter()
    described = describe_download(download(real.version), read_machine(), layers_dir=LAYERS_DIR)

    assert (real.tags, dict(real.environment)) == (described.tags, dict(described.environment))
    assert (InterpreterOrigin.DOWNLOADED, f"{LAYERS_DIR}/python/bin/python3", described.path) == (
        described.origin, described.path, described.launch_path,
    )  # fmt: skip


def test_settings_win_over_uvs_own_names() -> None:
    """And what forbids uv to fetch interpreters by itself does not forbid to ask it to."""
    env = {
        "UV_PYTHON_INSTALL_MIRROR": "a",
        "UV_PYTHON_DOWNLOADS_JSON_URL": "b",
        "UV_PYTHON_DOWNLOADS": "never",
        "X": "1",
    }

    assert {**env, "UV_PYTHON_DOWNLOADS": "manual"} == PythonSource().environment(env)
    assert {
        "UV_PYTHON_INSTALL_MIRROR": "m", "UV_PYTHON_DOWNLOADS_JSON_URL": "t", "UV_PYTHON_DOWNLOADS": "manual", "X": "1",
    } == PythonSource(mirror="m", table="t").environment(env)  # fmt: skip
    assert "secret" not in repr(PythonSource(mirror="https://u:secret@m", table="https://u:secret@t"))

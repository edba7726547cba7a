"""What the benchmarks read out of logs and answers of tools: phases, layers, uploads, memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.apps import App
from bench.engine import Layers, by_name, layer_sizes, volume_name
from bench.machine import phases_of
from bench.plan import CODE, DAEMON, FIRST, LIGHT, NOTHING, PYTHON, Series
from bench.registry import uploads
from bench.start import anonymous_bytes

BLOB = "a" * 64


def test_phases_reach_from_heading_to_heading() -> None:
    """The last one ends with the command, and what comes before the first heading is not lost."""
    lines = [(0.5, "pulling\n"), (1.0, "===> ANALYZING\n"), (1.5, "[analyzer] words\n"), (4.0, "===> BUILDING\n")]

    assert {"starting": 1.0, "analyzing": 3.0, "building": 2.0} == phases_of(lines, 6.0)


def test_a_log_without_headings_has_no_phases() -> None:
    """A Dockerfile's build has no lifecycle."""
    assert {} == phases_of([(1.0, "Step 1/5\n")], 2.0)


def test_sizes_of_layers_come_base_first_without_entries_that_made_no_layer() -> None:
    """A history is told newest first, and `USER` or `ENV` are entries of it too."""
    history = [{"Size": 0}, {"Size": 7}, {"Size": 0}, {"Size": 90}]

    assert [90, 7] == layer_sizes(history, 2)


def test_an_empty_layer_counts_where_every_entry_is_a_layer() -> None:
    """The lifecycle writes an entry for each layer, an empty one too."""
    assert [90, 0, 7] == layer_sizes([{"Size": 7}, {"Size": 0}, {"Size": 90}], 3)


def test_a_history_that_fits_no_layers_is_an_error() -> None:
    """Guessing would put another layer's bytes into the table."""
    with pytest.raises(ValueError, match="3 layers"):
        layer_sizes([{"Size": 7}, {"Size": 0}, {"Size": 90}, {"Size": 0}], 3)


def test_new_bytes_are_those_of_layers_that_the_other_image_lacks() -> None:
    """Wherever they stand: a changed layer below a kept one moves alone."""
    before, after = Layers(sizes={"base": 90, "old": 5, "app": 1}), Layers(sizes={"base": 90, "new": 6, "app": 1})

    assert {"new": 6} == after.beyond(before)


def test_slices_of_the_application_count_as_one() -> None:
    """And the lifecycle's own layers, which have no names, as none."""
    sizes = {"model": 50, "code": 1, "venv": 90, "launcher": 3}

    assert {"app": 51, "venv": 90} == by_name(sizes, {"model": "app", "code": "app", "venv": "venv"})


def test_only_finished_uploads_of_the_repository_count() -> None:
    """A mounted blob, a part of an upload, another repository's blob, and a refused one moved nothing that counts."""
    log = "\n".join(
        f'127.0.0.1 - - [21/Nov/2026:12:00:00 +0000] "{request} HTTP/1.1" {status} 0 "" "docker"'
        for request, status in (
            ("POST /v2/app/blobs/uploads/?from=run&mount=sha256%3Abbb", 201),
            ("PATCH /v2/app/blobs/uploads/1?_state=x", 202),
            (f"PUT /v2/app/blobs/uploads/1?_state=x&digest=sha256%3A{BLOB}", 201),
            (f"PUT /v2/other/blobs/uploads/2?_state=x&digest=sha256%3A{BLOB}", 201),
            (f"PUT /v2/app/blobs/uploads/3?_state=x&digest=sha256%3A{BLOB}", 400),
        )
    )

    assert [f"sha256:{BLOB}"] == uploads(log, "app")


@pytest.mark.parametrize("counted", [{"total_rss": 5, "rss": 4, "cache": 9}, {"anon": 5, "file": 9}])
def test_memory_is_without_the_page_cache(counted: dict[str, int]) -> None:
    """Under cgroup v1 and v2."""
    assert anonymous_bytes({"memory_stats": {"usage": 14, "stats": counted}}) == 5


def test_cheap_cases_are_repeated_and_the_others_are_not() -> None:
    """A first build is first only once."""
    series = Series(app="a", sink=DAEMON, contestants=(), cases=(FIRST, NOTHING, LIGHT), repeats=2)

    assert (FIRST, NOTHING, NOTHING, LIGHT) == series.steps


def test_a_copy_changes_as_the_case_says(tmp_path: Path) -> None:
    """Each change of the code is another one; nothing else is touched by it."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "app.py").write_text("app = 1\n")
    (source / "requirements.txt").write_text("bottle\n")
    app = App(name="a", source=source, module="app", server="gunicorn", model_mb=0, packages=1, python_minor="3.13")
    copy = tmp_path / "copy"

    app.copy(copy)
    for number, case in enumerate((FIRST, NOTHING, CODE, CODE, PYTHON)):
        app.change(copy, case, number)

    assert {
        "app.py": "app = 1\n\n# Change 2.\n\n# Change 3.\n",
        "requirements.txt": "bottle\nbench-package-000==1.0\n",
        ".python-version": "3.13.99\n",
    } == {path.name: path.read_text() for path in copy.iterdir()}


def test_names_are_what_an_engine_takes() -> None:
    """Of images and of volumes."""
    assert volume_name("bench scikit-learn + FastAPI 1") == "bench-scikit-learn-fastapi-1"

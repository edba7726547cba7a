"""Which modules are compiled: by what was imported, else by what was imported last, else all."""

from __future__ import annotations

import json

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.plan.bytecode import (
    Bytecode,
    choose_modules,
    find_app_modules,
    make_record,
    parse_record,
    render_record,
)
from ml_buildpack.plan.import_run import ImportRun, Stopped
from ml_buildpack.plan.installed import Distribution, InstalledFile, PackagesFolder
from ml_buildpack.plan.layers import VENV

FOLDER = PackagesFolder(layer=VENV, path="/l/site-packages")
MODULES = tuple(f"{FOLDER.path}/{name}" for name in ("b/used.py", "a/unused.py", "a/used.py", "stray.py"))
RUN = ImportRun(files=(f"{FOLDER.path}/a/used.py", f"{FOLDER.path}/b/used.py", "/usr/lib/python3/os.py"))


def distribution(name: str, version: str = "1.0") -> Distribution:
    """A distribution of two modules and a library."""
    return Distribution(
        name=canonicalize_name(name),
        version=version,
        info=f"{name}-{version}.dist-info",
        folder=FOLDER,
        files=tuple(InstalledFile(path=f"{name}/{file}", size_bytes=1) for file in ("lib.so", "unused.py", "used.py")),
    )


A, B = distribution("a"), distribution("b")


@pytest.mark.parametrize(
    ("mode", "run", "expected"),
    [
        (Bytecode.IMPORTS, RUN, ("a/used.py", "b/used.py")),
        (Bytecode.ALL, RUN, ("a/unused.py", "a/used.py", "b/used.py", "stray.py")),
        (Bytecode.NONE, RUN, ()),
        (Bytecode.IMPORTS, None, ("a/unused.py", "a/used.py", "b/used.py", "stray.py")),
        (
            Bytecode.IMPORTS,
            ImportRun(files=RUN.files, failure=Stopped(limit="1 second")),
            ("a/unused.py", "a/used.py", "b/used.py", "stray.py"),
        ),
    ],
    ids=["imports", "all", "none", "no import", "failed import"],
)
def test_modules_follow_the_setting_and_the_import(
    mode: Bytecode, run: ImportRun | None, expected: tuple[str, ...]
) -> None:
    """Sorted, whatever the order of the import; everything where nobody knows."""
    chosen = choose_modules(mode, FOLDER, MODULES, distributions=(A, B), run=run)

    assert tuple(f"{FOLDER.path}/{name}" for name in expected) == chosen


def test_record_stands_for_an_import_that_is_not_possible() -> None:
    """For the very versions that it knows; others, and what belongs to nobody, are compiled in full."""
    record = make_record(RUN, (A, B))
    newer = distribution("b", "2.0")

    chosen = choose_modules(
        Bytecode.IMPORTS,
        FOLDER,
        (*MODULES, f"{FOLDER.path}/b/unused.py"),
        distributions=(A, newer),
        run=None,
        record=record,
    )

    assert tuple(f"{FOLDER.path}/{n}" for n in ("a/used.py", "b/unused.py", "b/used.py", "stray.py")) == chosen


def test_record_is_read_as_it_was_written() -> None:
    """A distribution of which nothing was loaded is known too."""
    record = make_record(RUN, (A, distribution("c")))

    assert {("a", "1.0"): ("a/used.py",), ("c", "1.0"): ()} == record.modules
    assert record == parse_record(render_record(record))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 0, "distributions": []}', '{"schema": 1}'])
def test_record_of_another_release_is_none(text: str) -> None:
    """Or one that was damaged in the cache."""
    assert parse_record(text) is None
    assert parse_record(json.dumps(json.loads(render_record(make_record(RUN, (A,)))))) is not None


def test_application_is_compiled_by_its_paths() -> None:
    """What runs in the image: not its tests and documents, and nothing hidden."""
    paths = (
        "b.py",
        "a/x.py",
        "model.joblib",
        "tests/conftest.py",
        "a/test_x.py",
        ".cache/y.py",
        "docs/conf.py",
        "conftest.py",
    )

    assert ("a/x.py", "b.py") == find_app_modules(paths)

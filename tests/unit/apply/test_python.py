"""Interpreters: which are found, in which order, and what each says of itself."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.tags import Tag

from ml_buildpack.apply.python import InterpreterSearch, copy_interpreter, find_interpreters, packaged_identity
from ml_buildpack.plan.interpreter import InterpreterOrigin
from support.workplace import files_below, real_interpreter

REAL = Path(real_interpreter().path)


@pytest.fixture
def search(tmp_path: Path) -> InterpreterSearch:
    """A build without any interpreter."""
    for name in ("buildpack", "layers/own", "scratch"):
        (tmp_path / name).mkdir(parents=True)
    return InterpreterSearch(
        buildpack_dir=tmp_path / "buildpack",
        layers_dir=tmp_path / "layers" / "own",
        path="",
        run_image_python=None,
        scratch=tmp_path / "scratch",
    )


def wrapper(directory: Path) -> Path:
    """A python3 in that directory which is the real one under another path."""
    directory.mkdir(parents=True, exist_ok=True)
    python = directory / "python3"
    python.write_text(f'#!/bin/sh\nexec {REAL} "$@"\n')
    python.chmod(0o755)
    return python


def found(search: InterpreterSearch) -> list[tuple[InterpreterOrigin, str, str]]:
    """Origin, path during the build, path in the image."""
    return [(one.origin, one.path, one.launch_path) for one in find_interpreters(search)]


def test_interpreter_says_what_it_is() -> None:
    """With our own `packaging`, so that tags are those that the lock is compared with; not its own paths."""
    interpreter = real_interpreter()

    assert f"{sys.version_info.major}.{sys.version_info.minor}" == interpreter.minor
    assert Tag("py3", "none", "any") in interpreter.tags
    assert interpreter.tags[0].interpreter == f"cp{interpreter.minor.replace('.', '')}"
    assert ("linux", interpreter.minor) == (
        interpreter.environment["sys_platform"],
        interpreter.environment["python_version"],
    )


def test_images_python_is_assumed_unless_the_builder_promises_it(search: InterpreterSearch) -> None:
    """Links are followed: the image has the file, and perhaps not the link."""
    on_path = replace(search, path=str(REAL.parent))
    minor = real_interpreter().minor

    assert [(InterpreterOrigin.ASSUMED, str(REAL), str(REAL))] == found(on_path)
    assert [(InterpreterOrigin.RUN_IMAGE, str(REAL), str(REAL))] == found(replace(on_path, run_image_python=minor))
    assert [(InterpreterOrigin.ASSUMED, str(REAL), str(REAL))] == found(replace(on_path, run_image_python="3.9"))


def test_preference_is_upstream_then_image_then_packaged(search: InterpreterSearch, tmp_path: Path) -> None:
    """An earlier buildpack was asked for its interpreter; the packaged one runs where its layer will be."""
    upstream = wrapper(tmp_path / "layers" / "cpython" / "python" / "bin")
    packaged = wrapper(search.buildpack_dir / "python" / "bin")
    search = replace(search, path=f"{REAL.parent}:{upstream.parent}", run_image_python=real_interpreter().minor)

    launch_path = str(search.layers_dir / "python" / "bin" / "python3")
    expected = [
        (InterpreterOrigin.UPSTREAM, str(upstream), str(upstream)),
        (InterpreterOrigin.RUN_IMAGE, str(REAL), str(REAL)),
        (InterpreterOrigin.PACKAGED, str(packaged), launch_path),
    ]
    assert expected == found(search)


def test_packaged_python_comes_before_an_assumed_one(search: InterpreterSearch) -> None:
    """A build image may have a Python that its run image lacks."""
    wrapper(search.buildpack_dir / "python" / "bin")

    origins = [origin for origin, _, _ in found(replace(search, path=str(REAL.parent)))]
    assert [InterpreterOrigin.PACKAGED, InterpreterOrigin.ASSUMED] == origins


def test_first_python_of_the_path_that_runs_is_the_images(search: InterpreterSearch, tmp_path: Path) -> None:
    """Shims of version managers exist for versions that do not run; a second working one is another matter."""
    broken = wrapper(tmp_path / "broken")
    broken.write_text("#!/bin/sh\nexit 1\n")
    talking = wrapper(tmp_path / "talking")
    talking.write_text("#!/bin/sh\necho hello\n")
    other = wrapper(tmp_path / "other")
    path = ":".join(["", "/nowhere", str(broken.parent), str(talking.parent), str(REAL.parent), str(other.parent)])

    assert [(InterpreterOrigin.ASSUMED, str(REAL), str(REAL))] == found(replace(search, path=path))


def test_no_python_at_all_is_no_interpreter(search: InterpreterSearch) -> None:
    """Whoever needs one says so."""
    assert [] == found(search)


def test_application_cannot_answer_for_its_interpreter(
    search: InterpreterSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Isolated: modules beside it and variables of ours change nothing."""
    (search.scratch / "json.py").write_text("1 / 0\n")
    monkeypatch.setenv("PYTHONPATH", str(search.scratch))
    monkeypatch.chdir(search.scratch)

    assert 1 == len(find_interpreters(replace(search, path=str(REAL.parent))))


def test_packaged_interpreter_is_known_by_its_build(search: InterpreterSearch) -> None:
    """Version, date and compiler on one line."""
    wrapper(search.buildpack_dir / "python" / "bin")

    identity = packaged_identity(search.buildpack_dir, {}, search.scratch)

    assert identity.startswith(f"{real_interpreter().version} (")
    assert "\n" not in identity


def test_copied_interpreter_keeps_its_links(tmp_path: Path) -> None:
    """`python3` is a link in every distribution; a copy for each name would be twice the size."""
    source = tmp_path / "source"
    wrapper(source / "bin")
    (source / "bin" / "python").symlink_to("python3")
    (tmp_path / "layer").mkdir()

    copy_interpreter(source, tmp_path / "layer")

    assert ["bin", "bin/python", "bin/python3"] == files_below(tmp_path / "layer")
    assert "python3" == str((tmp_path / "layer" / "bin" / "python").readlink())

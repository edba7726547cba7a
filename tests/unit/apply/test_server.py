"""The server layer: our in-image package, and the helper that starts with every process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ml_buildpack.apply.server import check_digest, make_accelerator_layer, make_server_layer, sources_digest
from support.projects import write_project
from support.workplace import files_below, real_interpreter, tree_digest

SOURCES = {"__init__.py": "", "exec_d.py": "print('helped')\n", "logging.json": "{}\n", "__pycache__/a.pyc": "x"}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A package in the place of ours."""
    write_project(tmp_path / "model_server", SOURCES)
    return tmp_path / "model_server"


def make(sources: Path, layer: Path) -> Path:
    """The layer of those sources."""
    layer.mkdir()
    make_server_layer(sources, layer, interpreter_path=real_interpreter().path)
    return layer


def test_layer_has_the_package_and_one_helper(sources: Path, tmp_path: Path) -> None:
    """Without bytecode, which would be stale; the helper runs by itself, isolated."""
    layer = make(sources, tmp_path / "layer")

    expected = [
        "exec.d/size-to-container",
        *(f"site/model_server/{name}" for name in sorted(SOURCES) if "pyc" not in name),
    ]
    assert expected == [name for name in files_below(layer) if (layer / name).is_file()]
    helper = layer / "exec.d" / "size-to-container"
    assert f"#!{real_interpreter().path} -ISB" == helper.read_text().splitlines()[0]
    assert "helped\n" == subprocess.run((str(helper),), check=True, capture_output=True, text=True).stdout


def test_layer_is_the_same_each_time_and_readable(sources: Path, tmp_path: Path) -> None:
    """Whatever the modes of the buildpack's own files are."""
    (sources / "__init__.py").chmod(0o600)
    first = tree_digest(make(sources, tmp_path / "first"))
    (sources / "__init__.py").chmod(0o664)

    assert first == tree_digest(make(sources, tmp_path / "second"))
    assert {"0o40755", "0o100755", "0o100644"} == {mode for mode, _ in first.values()}


@pytest.mark.parametrize(
    ("name", "text"), [("exec_d.py", "print()\n"), ("logging.json", "[]\n"), ("new.py", ""), ("new.json", "")]
)
def test_digest_follows_every_file_of_the_layer(sources: Path, name: str, text: str) -> None:
    """The layer is kept by it: a file that it does not follow would stay old for ever."""
    before = sources_digest(sources)
    (sources / name).write_text(text)

    assert before != sources_digest(sources)


def test_digest_does_not_follow_bytecode_and_place(sources: Path, tmp_path: Path) -> None:
    """The same release gives the same digest on every builder."""
    before = sources_digest(sources)
    write_project(sources, {"__pycache__/b.pyc": "y"})

    assert before == sources_digest(sources.rename(tmp_path / "moved"))


def test_layer_of_an_accelerator_has_the_check_and_what_it_compares_with(sources: Path, tmp_path: Path) -> None:
    """A program that runs by itself, and a file beside it; the digest follows the program."""
    write_project(sources, {"driver_check.py": "print('checked')\n"})
    layer = tmp_path / "layer"
    layer.mkdir()
    make_accelerator_layer(sources, layer, real_interpreter().path, (("cuda", "12.6"), ("asked", "yes")))
    before = check_digest(sources)
    write_project(sources, {"driver_check.py": "print()\n"})

    assert ["exec.d/check-driver", "needs.txt"] == [name for name in files_below(layer) if (layer / name).is_file()]
    check = layer / "exec.d" / "check-driver"
    assert "checked\n" == subprocess.run((str(check),), check=True, capture_output=True, text=True).stdout
    assert "cuda 12.6\nasked yes\n" == (layer / "needs.txt").read_text()
    assert before != check_digest(sources)

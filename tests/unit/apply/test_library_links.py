"""Libraries of one folder of packages find those of another, by the real loader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml_buildpack.apply.library_links import link_libraries, list_libraries
from ml_buildpack.plan.layers import CUDA, HEAVY
from support.shared_library import shared_library


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two folders of packages: a framework in one, what its library needs in the other."""
    heavy, cuda = tmp_path / "heavy" / "site-packages", tmp_path / "cuda" / "site-packages"
    (heavy / "torch" / "lib").mkdir(parents=True)
    (cuda / "nvidia" / "lib").mkdir(parents=True)
    needing = shared_library("libtorch.so", needed=("libcu.so.1",), runpath="${ORIGIN}/../../nvidia/lib:/nowhere")
    (heavy / "torch" / "lib" / "libtorch.so").write_bytes(needing)
    (heavy / "torch" / "lib" / "broken.so").write_bytes(needing[:80])
    (heavy / "torch" / "lib" / "text.so").write_text("INPUT(libtorch.so)")
    (cuda / "nvidia" / "lib" / "libcu.so.1").write_bytes(shared_library("libcu.so.1"))
    return {"heavy": heavy, "cuda": cuda}


def error_of_loading(library: str) -> str:
    """What the loader says, in a process of its own: it remembers the folders that were not there."""
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
    return subprocess.run((sys.executable, "-c", code, library), check=False, capture_output=True, text=True).stderr


def test_library_is_found_where_it_is_looked_for(folders: dict[str, Path]) -> None:
    """Not before; by a link that holds wherever the layers are."""
    library = str(folders["heavy"] / "torch" / "lib" / "libtorch.so")
    assert "libcu.so.1: cannot open shared object file" in error_of_loading(library)

    links = link_libraries(folders["heavy"], {"nvidia": CUDA}, {HEAVY: folders["heavy"], CUDA: folders["cuda"]})

    assert ("nvidia",) == links
    assert "../../cuda/site-packages/nvidia" == str((folders["heavy"] / "nvidia").readlink())
    assert "" == error_of_loading(library)


def test_libraries_are_named_for_builds_that_keep_the_layer(folders: dict[str, Path]) -> None:
    """Without extension modules, which nothing needs by name."""
    (folders["cuda"] / "nvidia" / "ops.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
    (folders["cuda"] / "nvidia" / "more.abi3.so").write_bytes(b"")

    assert ("libcu.so.1",) == list_libraries(folders["cuda"])


def test_layer_without_others_is_not_looked_at(folders: dict[str, Path]) -> None:
    """Most applications have one layer of packages."""
    assert () == link_libraries(folders["heavy"], {}, {HEAVY: folders["heavy"]})

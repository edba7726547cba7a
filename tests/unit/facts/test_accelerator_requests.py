"""Where a project says what to compute on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ml_buildpack.facts.accelerator_request import conda_request, wish_of_package
from ml_buildpack.facts.observation import observe
from ml_buildpack.problems import Problems
from support.projects import write_project

UV_LOCK = """\
version = 1
requires-python = ">=3.10"
[[package]]
name = "app"
version = "0"
source = { virtual = "." }
[[package]]
name = "torch"
version = "2.9.1+cu126"
source = { registry = "https://download.pytorch.org/whl/cu126" }
[[package]]
name = "flask"
version = "3.0"
source = { registry = "https://pypi.org/simple" }
"""


def requests_in(root: Path, files: Mapping[str, str], **env: str) -> list[tuple[str, str, str]]:
    """Place, text and wish of each request of the project of those files."""
    write_project(root, {**files, "app.py": "app = 1\n"})
    problems = Problems()
    facts = observe(root, env, root / "no-platform", problems)
    problems.raise_if_any()
    return [(one.place, one.text, str(one.asks)) for one in facts.accelerators]


@pytest.mark.parametrize(
    ("name", "version", "extras", "wish"),
    [
        ("torch", "==2.5.1+cu121", (), "cu121"),
        ("torch", "==2.5.1+cpu", (), "cpu"),
        ("torch", "https://x.test/whl/cu118/torch-2.1.0%2Bcu118-cp311-cp311-linux_x86_64.whl", (), "cu118"),
        ("torch", "==2.5.1", (), "None"),
        ("tensorflow", ">=2.16", ("and-cuda",), "cuda"),
        ("jax", "", ("cuda12",), "cuda12"),
        ("jax", "", ("cuda12_local",), "cuda12"),
        ("jax", "", ("tpu",), "None"),
        ("onnxruntime-gpu", "", (), "cuda"),
        ("faiss-gpu-cu12", "", (), "cuda12"),
        ("cupy-cuda12x", "", (), "cuda12"),
        ("nvidia-cudnn-cu12", "9.1.0.70", (), "cuda12"),
        ("jax-cuda12-plugin", "", (), "cuda12"),
        ("tensorflow-cpu", "", (), "cpu"),
        ("gpustat", "", (), "None"),
        ("torch", "2.5.1+rocm6.2", (), "None"),
        ("numpy", "1.26.4+cuddly", (), "None"),
    ],
)
def test_a_package_says_it_by_version_extra_or_name(
    name: str, version: str, extras: tuple[str, ...], wish: str
) -> None:
    """The version first, because it is the build itself."""
    assert wish == str(wish_of_package(name, version, extras))


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("cpuonly", "cpu"),
        ("pytorch::cpuonly", "cpu"),
        ("pytorch-cuda=12.1", "cu121"),
        ("cudatoolkit=11.8", "cu118"),
        ("cudatoolkit==11.8.0", "cu118"),
        ("conda-forge::cuda-version=12", "cuda12"),
        ("cudnn=8.9", "cuda"),
        ("magma", "None"),
        ("cuda-nvcc=12.4", "None"),
    ],
)
def test_a_conda_package_chooses_between_builds(text: str, wish: str) -> None:
    """Those that only follow another say nothing."""
    found = conda_request("environment.yml", 3, text)

    assert wish == str(found.asks if found else None)


def test_lines_options_and_variables_are_read_with_their_places(tmp_path: Path) -> None:
    """Without a login that an address has."""
    found = requests_in(
        tmp_path,
        {
            "requirements.txt": "--extra-index-url https://me:secret@pytorch.test/whl/cu121\n"
            "torch==2.5.1+cu121 ; python_version > '3'\nflask\n-r more.txt\n",
            "more.txt": "tensorflow[and-cuda]==2.18\n",
        },
        PIP_EXTRA_INDEX_URL="https://pytorch.test/whl/cpu https://other.test/simple",
    )

    assert [
        ("requirements.txt:2", "torch==2.5.1+cu121 ; python_version > '3'", "cu121"),
        ("more.txt:1", "tensorflow[and-cuda]==2.18", "cuda"),
        ("requirements.txt:1", "https://pytorch.test/whl/cu121", "cu121"),
        ("PIP_EXTRA_INDEX_URL", "https://pytorch.test/whl/cpu", "cpu"),
    ] == found


def test_entries_of_a_lock_are_read_with_their_lines(tmp_path: Path) -> None:
    """Uv's own form is read by uv; only which of its lines says what is read here."""
    project = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = []\n'

    assert [("uv.lock:9", "torch 2.9.1+cu126", "cu126")] == requests_in(
        tmp_path, {"uv.lock": UV_LOCK, "pyproject.toml": project}
    )


def test_a_conda_environment_says_it_with_packages_that_are_not_installed(tmp_path: Path) -> None:
    """They are noted, and their wish is known."""
    text = "dependencies:\n  - python=3.11\n  - pytorch=2.1\n  - pytorch-cuda=12.1\n  - cudnn\n  - flask\n"

    assert [
        ("environment.yml:4", "pytorch-cuda=12.1", "cu121"),
        ("environment.yml:5", "cudnn", "cuda"),
    ] == requests_in(tmp_path, {"environment.yml": text})

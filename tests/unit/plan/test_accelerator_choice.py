"""The first turn: what shall be resolved for, and from where."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.errors import AcceleratorContradicted, AcceleratorNotOffered
from support.accelerator_values import choice_of

PYTORCH = "https://download.pytorch.org/whl"
WHEEL = f"{PYTORCH}/cpu/torch-2.5.1%2Bcpu-cp312-cp312-linux_x86_64.whl"
HASH = "--hash=sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("requirements", "wish", "index", "extras"),
    [
        pytest.param("torch\n", "auto", None, (), id="auto changes nothing"),
        pytest.param("torch\n", "cpu", "cpu", (), id="cpu"),
        pytest.param("sentence-transformers\n", "cpu", "cpu", (), id="a package that may need torch"),
        pytest.param("torch\n", "cu126", "cu126", (), id="a version"),
        pytest.param("torch\n", "cuda12.8", "cu128", (), id="another spelling"),
        pytest.param("torch\n", "cuda", None, (), id="any CUDA is what PyPI has"),
        pytest.param("torch==2.5.1\n", "cuda12", "cu124", (), id="the newest that this release has"),
        pytest.param("torch>=2\n", "cuda11", "cu118", (), id="the newest that any release has"),
        pytest.param("torch==2.99\n", "cu139", "cu139", (), id="a release that the table does not know"),
        pytest.param(f"--extra-index-url {PYTORCH}/cpu\ntorch\n", "cpu", None, (), id="an index of the project's own"),
        pytest.param(f"torch @ {WHEEL}\n", "cpu", None, (), id="an address"),
        pytest.param("tensorflow\n", "cuda", None, ("tensorflow[and-cuda]",), id="an extra"),
        pytest.param("jax\n", "cuda13", "cu130", ("jax[cuda13]",), id="an extra for the version"),
        pytest.param("jax[cuda12]\n", "cuda", None, (), id="an extra that is there"),
        pytest.param("jax ; sys_platform == 'win32'\n", "cuda", None, (), id="a line for elsewhere"),
        pytest.param("--no-index\n--find-links .\ntorch\n", "cpu", None, (), id="no index at all"),
    ],
)  # fmt: skip
def test_a_wish_chooses_where_versions_are_loose(
    tmp_path: Path, requirements: str, wish: str, index: str | None, extras: tuple[str, ...]
) -> None:
    """An index for PyTorch's packages, extras of others; never what a line says already."""
    choice = choice_of(tmp_path, requirements, BP_ACCELERATOR=wish)

    url = f"{PYTORCH}/{index}" if index else None
    assert (url, extras) == (choice.index.url if choice.index else None, choice.extras)


@pytest.mark.parametrize(
    ("requirements", "identity"),
    [("torch\n", f"cpu {PYTORCH}/cpu"), (f"torch==2.5.1 {HASH}\n", "")],
    ids=["loose", "pinned by hashes"],
)
def test_pins_with_hashes_are_obeyed_like_a_lock(tmp_path: Path, requirements: str, identity: str) -> None:
    """A file from another index would not have the digest."""
    assert identity == choice_of(tmp_path, requirements, BP_ACCELERATOR="cpu").identity


def test_nothing_is_part_of_the_lock_s_inputs_where_nobody_chooses(tmp_path: Path) -> None:
    """So that a lock from before there was a choice is kept."""
    assert "" == choice_of(tmp_path, "torch\n").identity


def test_the_setting_stands_in_a_file_and_the_mirror_in_a_variable(tmp_path: Path) -> None:
    """The packages that the project names are asked of that index at once."""
    files = {
        "requirements.txt": "torch\ntorchvision ; python_version > '3'\nflask\n",
        "ml-buildpack.toml": 'accelerator = "cu128"\n',
    }
    choice = choice_of(tmp_path, files, BP_TORCH_MIRROR="https://mirror.test/pytorch/")

    assert choice.index is not None
    assert ("https://mirror.test/pytorch/cu128", ("torch", "torchvision"), "ml-buildpack.toml") == (
        choice.index.url,
        choice.index.packages,
        choice.asked_by,
    )


@pytest.mark.parametrize(
    ("lines", "index"),
    [
        ("  - pytorch=2.1\n  - pytorch-cuda=12.1\n", "cu121"),
        ("  - pytorch\n  - cpuonly\n", "cpu"),
        ("  - pytorch=2.9\n  - cudatoolkit=11.8\n", "cu118"),
        ("  - pytorch==2.9.1\n  - cudatoolkit=11.8\n", None),
        ("  - tensorflow\n  - cudatoolkit=11.8\n", None),
        ("  - pytorch\n  - cudnn\n", None),
    ],
)
def test_auto_takes_over_what_a_conda_environment_chooses(tmp_path: Path, lines: str, index: str | None) -> None:
    """There, the build of PyTorch is chosen by another package; a build that PyTorch's index lacks comes from PyPI."""
    choice = choice_of(tmp_path, {"environment.yml": f"dependencies:\n  - python=3.12\n{lines}"})

    assert (f"{PYTORCH}/{index}" if index else None) == (choice.index.url if choice.index else None)


@pytest.mark.parametrize(
    ("requirements", "wish", "texts"),
    [
        ("torch==2.5.1+cu121\n", "cpu", ["torch==2.5.1+cu121"]),
        ("torch==2.5.1+cpu\n", "cuda", ["torch==2.5.1+cpu"]),
        ("torch==2.5.1+cu121\n", "cu118", ["torch==2.5.1+cu121"]),
        ("tensorflow[and-cuda]\nonnxruntime-gpu\n", "cpu", ["tensorflow[and-cuda]", "onnxruntime-gpu"]),
        (f"--extra-index-url {PYTORCH}/cu121\ntorch\n", "cpu", [f"{PYTORCH}/cu121"]),
        (f"torch==2.5.1 {HASH}\nnvidia-cudnn-cu12==9.1.0.70 {HASH}\n", "cpu", ["nvidia-cudnn-cu12==9.1.0.70"]),
    ],
)
def test_a_line_that_says_the_opposite_is_an_error(
    tmp_path: Path, requirements: str, wish: str, texts: list[str]
) -> None:
    """Nothing that is pinned is changed silently."""
    with pytest.raises(AcceleratorContradicted) as caught:
        choice_of(tmp_path, requirements, BP_ACCELERATOR=wish)

    assert ("BP_ACCELERATOR", texts) == (caught.value.asked_by, [line.text for line in caught.value.lines])


@pytest.mark.parametrize(
    ("requirements", "wish"),
    [
        ("torch\nfaiss-cpu\n", "cuda"),
        (f"--extra-index-url {PYTORCH}/cu121\n--extra-index-url {PYTORCH}/cpu\ntorch\n", "cpu"),
        ("torch==2.5.1+cu121 ; sys_platform == 'win32'\ntorch ; sys_platform == 'linux'\n", "cpu"),
        ("cupy-cuda12x\n", "cu126"),
    ],
    ids=["one package for CPUs beside others", "several indexes", "another platform", "a major version"],
)
def test_what_leaves_room_is_no_contradiction(tmp_path: Path, requirements: str, wish: str) -> None:
    """An index only offers, and a package may compute on CPUs where others do not."""
    assert wish == str(choice_of(tmp_path, requirements, BP_ACCELERATOR=wish).wish)


@pytest.mark.parametrize(
    ("requirements", "wish", "offered"),
    [
        ("torch==2.3.1\n", "cu126", ("cpu", "cu118", "cu121")),
        ("torch==2.9.0\n", "cuda11", ("cpu", "cu126", "cu128", "cu130")),
        ("tensorflow\n", "cuda13", ("cuda12",)),
    ],
)
def test_a_version_without_a_build_is_an_error_that_lists_those_there_are(
    tmp_path: Path, requirements: str, wish: str, offered: tuple[str, ...]
) -> None:
    """Before an index is asked, which would only say that it has nothing."""
    with pytest.raises(AcceleratorNotOffered) as caught:
        choice_of(tmp_path, requirements, BP_ACCELERATOR=wish)

    assert (offered, "requirements.txt", 1) == (caught.value.offered, caught.value.line.where, caught.value.line.line)

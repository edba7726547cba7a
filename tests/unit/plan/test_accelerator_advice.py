"""What the log says of the accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ml_buildpack.cnb.layer import Absent
from ml_buildpack.plan.accelerator import Accelerator, find_accelerator
from ml_buildpack.plan.accelerator_advice import describe_accelerator
from support.accelerator_values import TORCH_CPU, TORCH_CUDA, XGBOOST, choice_of, lock_with

PROJECT = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = []\n'
OWN = '[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\n'


def said(root: Path, files: Mapping[str, str] | str, pins: tuple[str, ...], **env: str) -> list[str]:
    """The lines for a project and its lock."""
    choice = choice_of(root, files, **env)
    lock = lock_with(*set(pins))
    steps = describe_accelerator(find_accelerator(lock, choice, Absent()), lock, choice)
    return [line for title, details in steps for line in (title, *details.splitlines())]


def test_nothing_is_said_where_there_is_nothing_to_choose(tmp_path: Path) -> None:
    """Most projects have no GPU's packages."""
    assert [] == said(tmp_path, "flask\n", ("flask==3.0",))


def test_cuda_that_nobody_asks_for_is_told_with_its_bytes_and_the_way_out(tmp_path: Path) -> None:
    """It is installed as it was resolved; but nobody should pay for it without knowing."""
    shown = "nvidia-cuda-runtime-cu12 1.0 KB, nvidia-nccl-cu12 1.0 KB, nvidia-nvtx-cu12 1.0 KB"

    assert [
        "Accelerator: CUDA 12.8, which nobody asks for; it comes with torch 2.9.1 (requirements.txt:1)",
        f"4 packages, 4.0 KB to download, are of use to a GPU only: {shown} and 1 more",
        "for an image that computes on CPUs:",
        "  pack build NAME --env BP_ACCELERATOR=cpu",
        '  or in pyproject.toml, below [tool.ml-buildpack]: accelerator = "cpu"',
    ] == said(tmp_path, "torch\n", (*TORCH_CUDA, "nvidia-nvtx-cu12==12.8"))


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("torch==2.5.1+cu121", "torch==2.5.1+cpu"),
        ("torch[x]==2.5.1+cu121", "torch[x]==2.5.1+cpu"),
        ("nvidia-nvtx-cu12", "(remove the line)"),
    ],
)
def test_lines_that_ask_are_shown_as_they_would_be(tmp_path: Path, line: str, changed: str) -> None:
    """To be changed by hand: they win over any setting."""
    found = said(tmp_path, f"{line}\n", ("torch==2.5.1+cu121", "nvidia-nvtx-cu12==12.1"))

    assert f"Accelerator: CUDA 12.1, requirements.txt:1: {line}" == found[0]
    assert ["for an image that computes on CPUs, change:", f"  requirements.txt:1: {line}  ->  {changed}"] == found[2:]


def test_what_the_setting_changed_is_told(tmp_path: Path) -> None:
    """The index, what was added and what was left out."""
    assert [
        "Accelerator: CPU, as BP_ACCELERATOR asks",
        "torch from https://download.pytorch.org/whl/cpu",
        "left out: nvidia-nccl, which xgboost opens only to train on several GPUs",
    ] == said(tmp_path / "a", "torch\nxgboost\n", (*TORCH_CPU, "xgboost==3.2"), BP_ACCELERATOR="cpu")
    found = said(tmp_path / "b", "jax\n", ("jax==0.6", "jax-cuda12-plugin==0.6"), BP_ACCELERATOR="cuda12")
    assert ["Accelerator: CUDA 12, BP_ACCELERATOR asks for CUDA 12", "added: jax[cuda12]"] == found[:2]


def test_what_xgboost_never_opens_is_a_cost_and_no_accelerator(tmp_path: Path) -> None:
    """Half a gigabyte that nobody asked for."""
    assert [
        "Accelerator: CPU",
        "1 package, 1.0 KB to download, is of use to a GPU only: nvidia-nccl-cu12 1.0 KB",
        "without them:",
        "  pack build NAME --env BP_ACCELERATOR=cpu",
        '  or in pyproject.toml, below [tool.ml-buildpack]: accelerator = "cpu"',
    ] == said(tmp_path, "xgboost\n", XGBOOST)


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        (
            {"pyproject.toml": PROJECT, "uv.lock": f'version = 1\nrequires-python = ">=3.10"\n{OWN}'},
            ["uv.lock is obeyed as it is; for an image that computes on CPUs:",
             "  in pyproject.toml, then `uv lock`:", "    [tool.uv.sources]"],
        ),
        (
            {"requirements.txt": f"torch==2.9.1 --hash=sha256:{'a' * 64}\n"},
            ["requirements.txt is obeyed as it is; for an image that computes on CPUs:",
             "  --extra-index-url https://download.pytorch.org/whl/cpu", "  torch==2.9.1+cpu"],
        ),
    ],
    ids=["uv", "hashes"],
)  # fmt: skip
def test_a_lock_is_obeyed_and_its_own_tool_s_lines_are_shown(
    tmp_path: Path, files: dict[str, str], lines: list[str]
) -> None:
    """With and without the setting: a build never rewrites it."""
    by_itself = said(tmp_path / "a", files, TORCH_CUDA)
    asked = said(tmp_path / "b", files, TORCH_CUDA, BP_ACCELERATOR="cpu")

    assert (lines, lines) == (by_itself[2:5], asked[2:5])


def test_the_line_of_a_conda_environment_is_told_once(tmp_path: Path) -> None:
    """It is no requirement, so it is in no lock; and what brings CUDA may have a name that nobody knows."""
    environment = "dependencies:\n  - python=3.12\n  - pytorch=2.1\n  - pytorch-cuda=12.1\n"

    assert (
        "Accelerator: CUDA 12.1, environment.yml:4: pytorch-cuda=12.1"
        == (said(tmp_path / "a", {"environment.yml": environment}, ("torch==2.1.0+cu121",))[0])
    )
    assert (
        "Accelerator: CUDA 12, which nobody asks for; it comes with what was locked"
        == (said(tmp_path / "b", "flask\n", ("cuml-cu12==25.2",))[0])
    )


def test_the_previous_image_s_is_told_where_its_packages_are_kept(tmp_path: Path) -> None:
    """Nothing more is known then."""
    choice = choice_of(tmp_path, "torch\n")

    assert [(("Accelerator: CUDA 12.8, as in the previous image", ""),), ()] == [
        describe_accelerator(Accelerator(cuda=cuda), None, choice) for cuda in ("12.8", None)
    ]

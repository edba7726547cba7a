"""The second turn: what the locked packages compute on, and whether that is what was asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.cnb.layer import Absent, MetadataOnly
from ml_buildpack.errors import AcceleratorContradicted, AcceleratorNotLocked
from ml_buildpack.plan.accelerator import Accelerator, find_accelerator, left_out
from support.accelerator_values import TENSORFLOW, TORCH_CPU, TORCH_CUDA, XGBOOST, choice_of, lock_with
from support.build_values import lock_of, locked


@pytest.mark.parametrize(
    ("pins", "cuda", "parts"),
    [
        pytest.param(("flask==3.0",), None, 0, id="nothing of either"),
        pytest.param(TORCH_CUDA, "12.8", 3, id="torch of PyPI, by its runtime"),
        pytest.param(TORCH_CPU, None, 0, id="torch for CPUs"),
        pytest.param(("torch==2.5.1+cu121",), "12.1", 1, id="a local version"),
        pytest.param(("torch==2.15.0", "nvidia-cuda-runtime==13.2.86", "triton==3.9.0"), "13.2", 2, id="CUDA 13"),
        pytest.param(("torch==2.15.0", "cuda-toolkit==13.2.2"), "13.2", 1, id="the toolkit's meta package"),
        pytest.param(("torch==1.12.1",), "10.2", 0, id="a torch that has CUDA in its own wheel"),
        pytest.param(TENSORFLOW, "12.5", 2, id="tensorflow"),
        pytest.param(("tensorflow==2.18.0",), None, 0, id="tensorflow without its extra"),
        pytest.param(XGBOOST, None, 1, id="what xgboost never opens is no accelerator"),
        pytest.param((*XGBOOST, *TORCH_CUDA), "12.8", 3, id="unless another needs it"),
        pytest.param(("cupy-cuda12x==13.3",), "12", 1, id="a name"),
        pytest.param(("onnxruntime-gpu==1.18.1",), "11", 1, id="onnxruntime for CUDA 11"),
        pytest.param(("onnxruntime-gpu==1.22.0",), "12", 1, id="onnxruntime for CUDA 12"),
        pytest.param(("onnxruntime-gpu==1.31.1",), "13", 1, id="onnxruntime for CUDA 13"),
        pytest.param(("nvidia-ml-py==13.0",), None, 0, id="a monitor"),
        pytest.param(
            ("torch==2.6.0+cu118", "cupy-cuda12x==13.3", "nvidia-cuda-runtime-cu11==11.8.89"), "12", 3, id="the newest"
        ),
    ],
)
def test_the_lock_says_what_the_image_computes_on(
    tmp_path: Path, pins: tuple[str, ...], cuda: str | None, parts: int
) -> None:
    """Whoever asked, and whether anybody did."""
    found = find_accelerator(lock_with(*set(pins)), choice_of(tmp_path, "flask\n"), Absent())

    assert (cuda, parts, 1000 * parts) == (found.cuda, len(found.parts), found.size_bytes)


def test_who_asked_is_told_with_the_place(tmp_path: Path) -> None:
    """A line, the setting; or nobody, and then it is what brought the packages."""
    lock = lock_with("torch==2.5.1+cu121", "flask==3.0")
    by_line = choice_of(tmp_path / "a", "flask\ntorch==2.5.1+cu121\n")
    by_setting = choice_of(tmp_path / "b", "torch\n", BP_ACCELERATOR="cu121")
    by_nobody = choice_of(tmp_path / "c", "flask\ntorch\n")
    by_other = choice_of(tmp_path / "d", "flask\n")

    assert [
        (True, ("requirements.txt:2: torch==2.5.1+cu121",)),
        (True, ("BP_ACCELERATOR asks for CUDA 12.1",)),
        (False, ("torch 2.5.1+cu121 (requirements.txt:2)",)),
        (False, ("torch 2.5.1+cu121",)),
    ] == [
        (found.is_asked, found.evidence)
        for found in (find_accelerator(lock, choice, Absent()) for choice in (by_line, by_setting, by_nobody, by_other))
    ]


def test_what_brought_a_framework_is_told_where_no_line_names_it(tmp_path: Path) -> None:
    """The lock keeps it."""
    torch = replace(locked("torch", "2.5.1+cu121"), origin=("required by sentence-transformers",))

    assert ("torch 2.5.1+cu121 (required by sentence-transformers)",) == (
        find_accelerator(lock_of(torch), choice_of(tmp_path, "sentence-transformers\n"), Absent()).evidence
    )


def test_indexes_of_several_variants_ask_for_none_of_them(tmp_path: Path) -> None:
    """One of them alone would."""
    index = "--extra-index-url https://pytorch.test/whl/{}\n"
    lock = lock_with("torch==2.5.1+cu121")
    one = choice_of(tmp_path / "a", f"{index.format('cu121')}torch\n")
    several = choice_of(tmp_path / "b", f"{index.format('cu121')}{index.format('cpu')}torch\n")

    assert (True, False) == (
        find_accelerator(lock, one, Absent()).is_asked,
        find_accelerator(lock, several, Absent()).is_asked,
    )


def test_an_unknown_lock_has_the_accelerator_of_the_previous_image(tmp_path: Path) -> None:
    """Only the digest of the lock came back, and that image is made of the same packages."""
    choice = choice_of(tmp_path, "torch\n")
    before = MetadataOnly(metadata={"cuda": "12.8", "asked": "yes"})

    assert [
        Accelerator(cuda="12.8", is_asked=True, evidence=("the previous image",)),
        Accelerator(cuda=None, evidence=("the previous image",)),
    ] == [find_accelerator(None, choice, before), find_accelerator(None, choice, Absent())]


@pytest.mark.parametrize(
    ("requirements", "wish", "pins", "locked"),
    [
        ("onnxruntime\n", "cuda", ("onnxruntime==1.23.2",), "CPU"),
        ("flask\n", "cuda12.6", ("flask==3.0",), "CPU"),
        ("sentence-transformers\n", "cu126", TORCH_CUDA, "CUDA 12.8"),
        ("tensorflow[and-cuda]\n", "cuda13", TENSORFLOW, "CUDA 12.5"),
    ],
)
def test_packages_without_the_cuda_asked_for_are_an_error(
    tmp_path: Path, requirements: str, wish: str, pins: tuple[str, ...], locked: str
) -> None:
    """Better than a service that computes on CPUs for months."""
    choice = choice_of(tmp_path, requirements, BP_ACCELERATOR=wish)

    with pytest.raises(AcceleratorNotLocked) as caught:
        find_accelerator(lock_with(*pins), choice, Absent())

    assert locked == caught.value.locked


def test_tensorflow_s_minor_version_is_not_the_user_s_to_choose(tmp_path: Path) -> None:
    """It has one build for each major version, so that one is what is compared."""
    choice = choice_of(tmp_path, "tensorflow[and-cuda]\n", BP_ACCELERATOR="cu126")

    assert "12.5" == find_accelerator(lock_with(*TENSORFLOW), choice, Absent()).cuda


def test_a_lock_of_uv_with_the_other_build_is_an_error_with_its_line(tmp_path: Path) -> None:
    """Known only now: which of its entries are taken, uv says."""
    entry = '[[package]]\nname = "torch"\nversion = "2.9.1+cu126"\nsource = { registry = "https://x.test" }\n'
    project = '[project]\nname = "app"\nversion = "0"\nrequires-python = ">=3.10"\ndependencies = []\n'
    own = '[[package]]\nname = "app"\nversion = "0"\nsource = { virtual = "." }\n'
    files = {"pyproject.toml": project, "uv.lock": f'version = 1\nrequires-python = ">=3.10"\n{own}{entry}'}
    choice = choice_of(tmp_path, files, BP_ACCELERATOR="cpu")

    with pytest.raises(AcceleratorContradicted) as caught:
        find_accelerator(lock_with("torch==2.9.1+cu126"), choice, Absent())

    (line,) = caught.value.lines
    assert ("uv.lock", 9, "torch 2.9.1+cu126") == (line.where, line.line, line.text)
    # Not taken: no contradiction.
    assert find_accelerator(lock_with("flask==3.0"), choice, Absent()).cuda is None


@pytest.mark.parametrize(
    ("requirements", "wish", "names", "expected"),
    [
        ("xgboost\n", "cpu", ("xgboost", "nvidia-nccl-cu12"), ("nvidia-nccl-cu12",)),
        ("xgboost\n", "auto", ("xgboost", "nvidia-nccl-cu12"), ()),
        ("xgboost\n", "cpu", ("xgboost", "nvidia-nccl-cu12", "nvidia-cublas-cu12"), ()),
        ("xgboost\n", "cpu", ("xgboost", "nvidia-nccl-cu12", "nvidia-ml-py"), ("nvidia-nccl-cu12",)),
        ("other\n", "cpu", ("other", "nvidia-nccl-cu12"), ()),
        (f"xgboost==3.2 --hash=sha256:{'a' * 64}\n", "cpu", ("xgboost", "nvidia-nccl-cu12"), ()),
    ],
    ids=["loose", "nobody asked", "something else may need it", "a monitor does not", "not xgboost's", "pinned"],
)
def test_nccl_is_left_out_only_behind_xgboost(
    tmp_path: Path, requirements: str, wish: str, names: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """Where it is certain that nothing opens it, and nothing is pinned."""
    assert expected == left_out(names, choice_of(tmp_path, requirements, BP_ACCELERATOR=wish))

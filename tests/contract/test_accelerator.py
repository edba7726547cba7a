"""What an image computes on, built from an index with small wheels that are shaped like the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.contract import BuildResult, ContractPlatform
from support.distributions import Distribution
from support.failing_builds import shown
from support.flask_project import DISTRIBUTIONS
from support.local_index import LocalIndex, serve_index

pytestmark = pytest.mark.slow

WriteApp = Callable[..., Path]
RUNTIME = Distribution(name="nvidia-cuda-runtime-cu12", version="12.8.90", modules={"nvidia/cuda_runtime/lib/x.py": ""})
NCCL = Distribution(name="nvidia-nccl-cu12", version="2.27.5", modules={"nvidia/nccl/lib/x.py": ""})
CUBLAS = Distribution(name="nvidia-cublas-cu12", version="12.8.4", modules={"nvidia/cublas/lib/x.py": ""})
NEEDS = ("nvidia-cuda-runtime-cu12==12.8.90", "nvidia-nccl-cu12==2.27.5", "triton")
# PyPI's torch brings CUDA; PyTorch's index has one build for each variant, and old copies of other packages.
WHEELS = (
    *DISTRIBUTIONS,
    Distribution(name="torch", version="2.9.1", requires=NEEDS),
    Distribution(name="torch", version="2.9.1+cpu"),
    Distribution(name="torch", version="2.9.1+cu126", requires=("nvidia-nccl-cu12",)),
    Distribution(name="torchvision", version="0.24.1", requires=("torch==2.9.1",)),
    Distribution(name="torchvision", version="0.24.1+cpu", requires=("torch==2.9.1",)),
    Distribution(name="numpy", version="2.0"),
    Distribution(name="numpy", version="9.0+cpu"),
    Distribution(name="sentence-transformers", requires=("torchvision", "numpy")),
    Distribution(name="xgboost", version="3.2.0", requires=("nvidia-nccl-cu12",)),
    Distribution(name="onnxruntime-gpu", version="1.22.0", requires=("nvidia-cublas-cu12",)),
    Distribution(name="onnxruntime", version="1.22.0"),
    Distribution(name="triton", version="3.5.1"),
    RUNTIME,
    NCCL,
    CUBLAS,
)


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """An index with them, and PyTorch's beside it."""
    with serve_index(*WHEELS) as running:
        yield running


def build(platform: ContractPlatform, index: LocalIndex, app: Path, before: BuildResult | None = None, **env: str
) -> BuildResult:  # fmt: skip
    """One build, after another one if there was one."""
    return platform.build(
        app,
        env={"PIP_INDEX_URL": index.url, "BP_TORCH_MIRROR": index.torch_mirror, **env},
        previous=before.image if before else None,
        cache=before.cache if before else None,
    )


def installed(platform: ContractPlatform) -> list[str]:
    """What is installed, without the server and the framework."""
    names = (path.name.removesuffix(".dist-info") for path in platform.layers_dir.glob("*/lib/*/*/*.dist-info"))
    return sorted(name for name in names if name.partition("-")[0] not in {"flask", "werkzeug", "gunicorn"})


def test_auto_installs_what_was_resolved_and_says_what_it_costs(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """The image has a check of the driver; a second build keeps everything, and still knows what it computes on."""
    first = build(platform, index, write_app("flask\ntorch\n"))
    packages = installed(platform)
    check = platform.layers_dir / "accelerator" / "exec.d" / "check-driver"
    needs = (platform.layers_dir / "accelerator" / "needs.txt").read_text()
    assert check.read_text().startswith("#!")
    second = build(platform, index, write_app("flask\ntorch\n"), first)
    third = build(platform, index, write_app("flask\ntorch\n"), replace(first, cache=None))

    assert (0, 0, 0) == (first.exit_code, second.exit_code, third.exit_code)
    assert [
        "nvidia_cuda_runtime_cu12-12.8.90",
        "nvidia_nccl_cu12-2.27.5",
        "torch-2.9.1",
        "triton-3.5.1",
    ] == packages
    assert (
        "Accelerator: CUDA 12.8, which nobody asks for; it comes with torch 2.9.1 (requirements.txt:2)" in first.output
    )
    assert "3 packages, " in first.output
    assert "pack build NAME --env BP_ACCELERATOR=cpu" in first.output
    assert "cuda 12.8\ndriver 525.60.13\ntoolkit 570.26\nasked no\n" == needs
    assert "Keeping 'accelerator'" in second.output
    assert "Accelerator: CUDA 12.8, as in the previous image" in third.output
    assert (
        first.layers["accelerator"].digest == second.layers["accelerator"].digest == third.layers["accelerator"].digest
    )


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
def test_cpu_takes_pytorch_s_packages_from_its_index_and_others_from_theirs(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp, resolver: str
) -> None:
    """Also those that another package needs; and the variant's index is no place for anything else."""
    result = build(
        platform, index, write_app("flask\nsentence-transformers\n"), BP_RESOLVER=resolver, BP_ACCELERATOR="cpu"
    )

    assert 0 == result.exit_code, result.output
    others = ["numpy-2.0"] if resolver == "uv" else ["numpy-9.0+cpu"]
    assert [*others, "sentence_transformers-1.0", "torch-2.9.1+cpu", "torchvision-0.24.1+cpu"] == installed(platform)
    assert f"torch, torchvision from {index.torch_mirror}cpu" in result.output
    assert "accelerator" not in result.layers


def test_changed_wish_resolves_again_and_takes_the_check_away(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """A kept lock is no answer to another question."""
    app = write_app("flask\ntorch\nxgboost\n")
    first = build(platform, index, app)
    second = build(platform, index, app, first, BP_ACCELERATOR="cpu")
    third = build(platform, index, app, second, BP_ACCELERATOR="cu126")

    assert (0, 0, 0) == (first.exit_code, second.exit_code, third.exit_code), third.output
    assert "the accelerator changed from auto to cpu " in second.output
    assert "left out: nvidia-nccl" in second.output
    assert ("accelerator" in first.layers, "accelerator" in second.layers) == (True, False)
    assert "Accelerator: CUDA 12.6, BP_ACCELERATOR asks for CUDA 12.6" in third.output
    assert ["nvidia_nccl_cu12-2.27.5", "torch-2.9.1+cu126", "xgboost-3.2.0"] == installed(platform)


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
def test_nccl_behind_xgboost_is_left_out_for_a_cpu(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp, resolver: str
) -> None:
    """By either resolver; it is not even fetched."""
    result = build(platform, index, write_app("flask\nxgboost\n"), BP_RESOLVER=resolver, BP_ACCELERATOR="cpu")

    assert 0 == result.exit_code, result.output
    assert (["xgboost-3.2.0"], []) == (installed(platform), [name for name in index.files_fetched if "nccl" in name])


def test_search_path_is_set_for_wheels_that_need_one(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """It leads to where the libraries were installed."""
    result = build(platform, index, write_app("flask\nonnxruntime-gpu\n"))

    assert 0 == result.exit_code, result.output
    path = (platform.layers_dir / "accelerator" / "env.launch" / "LD_LIBRARY_PATH.prepend").read_text()
    assert [True] == [(Path(folder) / "x.py").is_file() for folder in path.split(":")]


@pytest.mark.parametrize(
    ("requirements", "wish", "says"),
    [
        ("flask\ntorch==2.9.1+cu126\n", "cpu", (shown("ML-ACC-001"), "requirements.txt:2   torch==2.9.1+cu126")),
        ("flask\ntorch==2.3.0\n", "cu126", (shown("ML-ACC-002"), "requirements.txt:2   torch==2.3.0")),
        ("flask\ntorch==2.9.2\n", "cpu", (shown("ML-ACC-002"), "requirements.txt:2   torch==2.9.2", "/whl/cpu/torch/")),
        ("flask\nonnxruntime\n", "cuda", (shown("ML-ACC-003"), "requirements.txt:2   onnxruntime 1.22.0")),
        ("flask\n", "gpu", (shown("ML-SET-001"), "Did you mean cuda?")),
    ],
)
def test_wish_that_cannot_be_had_is_explained_before_anything_is_installed(  # fixtures and one row
    platform: ContractPlatform,
    index: LocalIndex,
    write_app: WriteApp,
    requirements: str,
    wish: str,
    says: tuple[str, ...],
) -> None:
    """With the line."""
    result = build(platform, index, write_app(requirements), BP_ACCELERATOR=wish)

    assert 1 == result.exit_code
    assert [] == [words for words in says if words not in result.output]
    assert [] == index.files_fetched

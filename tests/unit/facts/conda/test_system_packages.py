"""What of conda is no Python package: left out, said, or refused."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.conda.system_packages import advice_without_wheel, is_accelerator, is_left_out


@pytest.mark.parametrize(
    "name",
    ["cudatoolkit", "cudnn", "pytorch-cuda", "cuda-version", "cuda-nvcc", "libcublas", "libcudnn9", "nccl", "cpuonly",
     "pytorch-mutex", "magma-cuda121", "_tflow_select"],
)  # fmt: skip
def test_accelerators(name: str) -> None:
    """They choose a CUDA and hold nothing to import."""
    assert is_accelerator(name)


@pytest.mark.parametrize(
    "name",
    ["_libgcc_mutex", "_openmp_mutex", "libgcc-ng", "libstdcxx-ng", "openssl", "zlib", "ca-certificates", "mkl",
     "mkl_fft", "blas", "libblas", "intel-openmp", "ncurses", "readline", "sqlite", "tk", "xz", "tzdata",
     "ld_impl_linux-64", "libopencv",
     "xorg-libx11", "aws-c-common", "arrow-cpp", "python_abi", "vs2015_runtime", "pip", "conda", "sysroot_linux-64"],
)  # fmt: skip
def test_left_out(name: str) -> None:
    """Wheels bring their own libraries, and the image needs no installer."""
    assert (True, None) == (is_left_out(name, is_export=False), advice_without_wheel(name, is_export=False))


@pytest.mark.parametrize(
    "name",
    ["numpy", "librosa", "libcst", "libclang", "cuda-python", "cuda-bindings", "setuptools", "wheel", "brotli-python",
     "python-lmdb", "tensorrt", "gcsfs", "rasterio", "pyarrow", "rich", "redis-py", "psutil", "r2pipe", "blis"],
)  # fmt: skip
def test_python_packages(name: str) -> None:
    """Names that only look like a library, an accelerator or a program."""
    assert (False, False, None) == (
        is_accelerator(name),
        is_left_out(name, is_export=False),
        advice_without_wheel(name, is_export=False),
    )


@pytest.mark.parametrize(
    "name",
    ["r-base", "r", "r-essentials", "gcc", "gxx_linux-64", "gcc_impl_linux-64", "ffmpeg", "nodejs", "openjdk", "cmake",
     "compilers", "git", "rust", "perl-dbi", "bioconductor-deseq2", "graphviz", "tesseract", "anaconda", "rapids",
     "spacy-model-en_core_web_sm"],
)  # fmt: skip
def test_without_a_wheel(name: str) -> None:
    """Each has advice that is not empty, and is not left out in silence."""
    assert (True, False) == (bool(advice_without_wheel(name, is_export=False)), is_left_out(name, is_export=False))


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [("ffmpeg", False), ("graphviz", False), ("perl", False), ("r-base", True), ("nodejs", True)],
)
def test_in_an_exported_list(name: str, *, is_refused: bool) -> None:
    """Some programs are installed for others, so nobody may have asked for them."""
    assert (is_refused, not is_refused) == (
        advice_without_wheel(name, is_export=True) is not None,
        is_left_out(name, is_export=True),
    )

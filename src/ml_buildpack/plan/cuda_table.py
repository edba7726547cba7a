"""What is known of CUDA: the builds of PyTorch there are, the driver a version needs, who finds its libraries. Data.

Revision 2026-11. Newer releases than the table knows are left to the resolver: a row forbids, a missing row does not.
Sources: replicate/cog `pkg/config/torch_compatibility.json` for PyTorch up to 2.11; NVIDIA, "CUDA Toolkit Release
Notes", tables 2 and 3, and "CUDA Compatibility", for drivers; the ELF files of the wheels named below for libraries.
"""

from __future__ import annotations

import re

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

# What PyTorch builds once for each accelerator and keeps on an index for each, in versions that belong together.
TORCH_FAMILY: frozenset[NormalizedName] = frozenset(
    map(canonicalize_name, ("torch", "torchvision", "torchaudio", "torchtext"))
)
TORCH_INDEX = "https://download.pytorch.org/whl"

# By minor version of torch, ascending.
_TORCH: dict[str, tuple[str, ...]] = {
    "1.11": ("10.2", "11.3"),
    "1.12": ("10.2", "11.3", "11.6"),
    "1.13": ("11.6", "11.7"),
    "2.0": ("11.7", "11.8"),
    "2.1": ("11.8", "12.1"),
    "2.2": ("11.8", "12.1"),
    "2.3": ("11.8", "12.1"),
    "2.4": ("11.8", "12.1", "12.4"),
    "2.5": ("11.8", "12.1", "12.4"),
    "2.6": ("11.8", "12.4", "12.6"),
    "2.7": ("11.8", "12.6", "12.8"),
    "2.8": ("12.6", "12.8", "12.9"),
    "2.9": ("12.6", "12.8", "13.0"),
    "2.10": ("12.6", "12.8", "13.0"),
    "2.11": ("12.6", "12.8", "12.9", "13.0"),
}
_ALL_TORCH = sorted({cuda for row in _TORCH.values() for cuda in row}, key=Version)

# The extra with which a package of PyPI brings the libraries of that CUDA itself.
_EXTRAS: dict[str, dict[str, str]] = {
    "tensorflow": {"12": "and-cuda"},
    "jax": {"12": "cuda12", "13": "cuda13"},
}

# Packages that compute, and either need NVIDIA's wheels or have CUDA in their own.
FRAMEWORKS: frozenset[NormalizedName] = frozenset(
    map(
        canonicalize_name,
        ("torch", "tensorflow", "tensorflow-gpu", "jax", "onnxruntime-gpu", "paddlepaddle-gpu", "cupy-cuda11x",
         "cupy-cuda12x", "cupy-cuda13x", "faiss-gpu-cu11", "faiss-gpu-cu12", "ctranslate2", "vllm", "mxnet-cu112"),
    )
)  # fmt: skip
# Packages without CUDA, and what has it instead.
CPU_ONLY: dict[NormalizedName, str] = {
    canonicalize_name(name): f"It computes on CPUs only. Ask for {other} instead."
    for name, other in (
        ("faiss-cpu", "`faiss-gpu-cu12`"),
        ("onnxruntime", "`onnxruntime-gpu[cuda,cudnn]`"),
        ("paddlepaddle", "`paddlepaddle-gpu`"),
        ("tensorflow-cpu", "`tensorflow[and-cuda]`"),
        ("xgboost-cpu", "`xgboost`"),
    )
}

# The first driver for Linux that each version of the toolkit came with.
_TOOLKIT_DRIVERS = {
    "10.2": "440.33",
    "11.0": "450.51.05",
    "11.1": "455.23",
    "11.2": "460.27.03",
    "11.3": "465.19.01",
    "11.4": "470.42.01",
    "11.5": "495.29.05",
    "11.6": "510.39.01",
    "11.7": "515.43.04",
    "11.8": "520.61.05",
    "12.0": "525.60.13",
    "12.1": "530.30.02",
    "12.2": "535.54.03",
    "12.3": "545.23.06",
    "12.4": "550.54.14",
    "12.5": "555.42.02",
    "12.6": "560.28.03",
    "12.8": "570.26",
    "12.9": "575.51.03",
    "13.0": "580.65.06",
    "13.1": "590.44.01",
    "13.2": "595.45.04",
}
# Minor version compatibility: what was made with any 12.x runs on every driver for 12.0, but for code that the driver
# itself compiles.
_MAJOR_DRIVERS = {"10": "440.33", "11": "450.80.02", "12": "525.60.13", "13": "580.65.06"}

# Wheels that load CUDA's libraries by name alone, and the releases of which that holds: no RPATH leads from them to
# NVIDIA's wheels, and they load nothing themselves. Read from the ELF files of onnxruntime-gpu 1.31.1 (its
# `preload_dlls` has to be called), ctranslate2 4, paddlepaddle-gpu 2.6.2, and tensorflow 2.14 to 2.21, of which 2.16
# alone lost it. torch, jax and faiss have an RPATH, cupy searches.
_WITHOUT_RPATH: dict[NormalizedName, SpecifierSet] = {
    canonicalize_name("ctranslate2"): SpecifierSet(),
    canonicalize_name("onnxruntime-gpu"): SpecifierSet(),
    canonicalize_name("paddlepaddle-gpu"): SpecifierSet(),
    canonicalize_name("tensorflow"): SpecifierSet("==2.16.*"),
}
# onnxruntime-gpu names no CUDA in its own requirements. From its extra `cuda`, and from its libraries.
_ONNXRUNTIME = ((Version("1.27"), "13"), (Version("1.19"), "12"), (Version("0"), "11"))


def torch_cuda_versions(version: str) -> tuple[str, ...] | None:
    """The CUDA versions that PyTorch has builds of that release for; None where the table does not know it."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        return None
    return _TORCH.get(f"{parsed.major}.{parsed.minor}")


def newest_torch_cuda(major: str, version: str | None) -> str | None:
    """The newest CUDA of that major version which PyTorch has builds for, of that release if it is known."""
    offered = (torch_cuda_versions(version) if version else None) or _ALL_TORCH
    return next((cuda for cuda in reversed(offered) if cuda.startswith(f"{major}.")), None)


def extra_for(package: str, cuda: str | None) -> str | None:
    """The extra with which a package brings its CUDA; None where it has none for that version."""
    extras = _EXTRAS.get(package, {})
    return extras.get((cuda or "12").partition(".")[0])


def extra_majors(package: str) -> tuple[str, ...]:
    """The major versions of CUDA that the package has extras for."""
    return tuple(_EXTRAS.get(package, {}))


def has_extra(package: str) -> bool:
    """Whether the package has an extra for CUDA at all."""
    return package in _EXTRAS


def required_driver(cuda: str) -> str | None:
    """The oldest driver on which anything of that CUDA's major version runs."""
    return _MAJOR_DRIVERS.get(cuda.partition(".")[0])


def toolkit_driver(cuda: str) -> str | None:
    """The driver from which on everything of that CUDA version runs; None where only a major version is known."""
    return _TOOLKIT_DRIVERS.get(cuda)


def onnxruntime_cuda(version: str) -> str:
    """The CUDA that this release of onnxruntime-gpu on PyPI is made for."""
    return next(cuda for since, cuda in _ONNXRUNTIME if Version(version) >= since)


def needs_library_path(package: NormalizedName, version: str) -> bool:
    """Whether the wheel finds CUDA's libraries only where the dynamic linker is told to look for them."""
    releases = _WITHOUT_RPATH.get(package)
    return releases is not None and releases.contains(version, prereleases=True)


def library_folder(package: NormalizedName) -> str | None:
    """Where a wheel of NVIDIA's has its libraries, within site-packages; None for other packages.

    Up to CUDA 12 each has a folder of its own; from 13 on most share one.
    """
    found = re.fullmatch(r"nvidia-(?P<part>.+?)(?:-cu(?P<major>\d+))?", package)
    if found is None or found["part"] in {"ml-py", "cuda-nvcc", "nvtx"}:
        return None
    if found["major"] is None:
        return "nvidia/cu13/lib"
    return f"nvidia/{found['part'].replace('-', '_')}/lib"

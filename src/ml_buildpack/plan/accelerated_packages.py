"""What is known of packages by their names: which of them are parts of a GPU's runtime. Data, and pure.

Sizes and contents decide everything else; a name is needed only where neither tells.
"""

from __future__ import annotations

import re

from packaging.utils import NormalizedName

# Read off the locks of torch, tensorflow[and-cuda], jax[cuda12], xgboost and vllm (2026-11): NVIDIA's own libraries,
# which all of them share, and the compiler that torch brings for its kernels. They change with the CUDA version, the
# frameworks in front of them with each release. `cuda-*` are NVIDIA's bindings and its toolkit's meta packages.
_CUDA_RUNTIME = re.compile(r"nvidia-.+|cuda-.+|triton|pytorch-triton(-.+)?")
# The folder that all libraries of NVIDIA's wheels lie in. Frameworks find them by RPATH, relative to themselves.
CUDA_FOLDER = "nvidia"


def is_cuda_runtime(name: NormalizedName) -> bool:
    """Whether the package is part of the runtime that frameworks share on an NVIDIA GPU."""
    return _CUDA_RUNTIME.fullmatch(name) is not None

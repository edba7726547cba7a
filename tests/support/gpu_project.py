"""A Flask project that needs a GPU framework: wheels shaped like torch's, NVIDIA's and mlflow's, only smaller."""

from __future__ import annotations

from support.distributions import Distribution
from support.flask_project import DISTRIBUTIONS
from support.shared_library import shared_library

MB = 1_000_000
REQUIREMENTS = "flask\ntiny-model==1.0\ntorch==2.0\n"


def torch(version: str) -> Distribution:
    """A framework whose library finds CUDA's beside itself, with a program and a `.pth` file."""
    library = shared_library(
        "libtorch_cuda.so",
        needed=("libcublas.so.12",),
        runpath="$ORIGIN:$ORIGIN/../../nvidia/cublas/lib:$ORIGIN/../../nvidia/none/lib",
    )
    return Distribution(
        name="torch",
        version=version,
        requires=("nvidia-cublas-cu12", "nvidia-cudnn-cu12", "triton"),
        scripts={"torchrun": "torch:main"},
        modules={
            "torch/__init__.py": f"__version__ = {version!r}\ndef main():\n    print('torchrun', __version__)\n",
            "torch/lib/libtorch_cuda.so": library,
            "torch/lib/weights.bin": bytes(21 * MB),
            "torch_path.pth": "import sys; sys.torch_was_here = True\n",
        },
    )


GPU_DISTRIBUTIONS = (
    *DISTRIBUTIONS,
    torch("2.0"),
    torch("2.1"),
    Distribution(
        name="nvidia-cublas-cu12",
        version="12.0",
        modules={
            "nvidia/cublas/lib/libcublas.so.12": shared_library("libcublas.so.12"),
            "nvidia/cublas/lib/weights.bin": bytes(12 * MB),
        },
    ),
    Distribution(
        name="nvidia-cudnn-cu12",
        version="9.0",
        modules={"nvidia/cudnn/__init__.py": "NAME = 'cudnn'\n", "nvidia/cudnn/lib/weights.bin": bytes(8 * MB)},
    ),
    Distribution(name="triton", version="3.0"),
)
CUDA_WHEELS = (
    "nvidia_cublas_cu12-12.0-py3-none-any.whl",
    "nvidia_cudnn_cu12-9.0-py3-none-any.whl",
    "triton-3.0-py3-none-any.whl",
)
LIGHT_WHEELS = (
    "flask-3.1.0-py3-none-any.whl",
    "gunicorn-23.0-py3-none-any.whl",
    "tiny_model-1.0-py3-none-any.whl",
    "werkzeug-3.0-py3-none-any.whl",
)

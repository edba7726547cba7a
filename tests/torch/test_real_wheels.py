"""What the tables say of real wheels, shown on them: PyTorch with CUDA and xgboost, from PyPI.

Gigabytes, so it is run by `make test-torch` alone. No GPU is needed: what has CUDA also computes on a CPU.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ml_buildpack.plan.cuda_table import library_folder
from support.build_runs import FLASK_APP, BuildRuns
from support.caller_network import index_env, proxy_env
from support.layer_archive import sorted_tree

pytestmark = [pytest.mark.torch, pytest.mark.network]

# Trains and predicts, on two threads, and says what was opened.
XGBOOST = """\
import json, numpy, xgboost
x = numpy.random.default_rng(0).random((500, 4))
y = (x[:, 0] > 0.5).astype(int)
booster = xgboost.train({"objective": "binary:logistic", "nthread": 2}, xgboost.DMatrix(x, label=y), 10)
right = ((booster.predict(xgboost.DMatrix(x)) > 0.5) == y).mean()
opened = "libnccl" in open("/proc/self/maps").read()
print(json.dumps({"right": float(right), "opened": opened, "dlopen": xgboost.build_info()["USE_DLOPEN_NCCL"]}))
"""
TORCH = """\
import json, torch
product = torch.ones(3, 4) @ torch.ones(4, 5)
print(json.dumps({"cuda": torch.version.cuda, "version": torch.__version__, "sum": product.sum().item()}))
"""


def runs_of(root: Path, requirements: str) -> BuildRuns:
    """A project with these requirements, that is built from the caller's index."""
    runs = BuildRuns(root=root, variables={**index_env(), **proxy_env()})
    runs.write({"app.py": FLASK_APP, "requirements.txt": requirements})
    return runs


def run_in(runs: BuildRuns, program: str) -> dict[str, Any]:
    """What the program prints, run by the interpreter of the image's packages; without a GPU's driver."""
    python = runs.layers_dir / "venv" / "bin" / "python"
    result = subprocess.run((str(python), "-I", "-c", program), capture_output=True, text=True, check=False)
    assert 0 == result.returncode, result.stderr
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def bytes_below(folder: Path) -> int:
    """The sizes of all files."""
    return sum(path.lstat().st_size for path in sorted_tree(folder) if path.is_file() and not path.is_symlink())


def report(tmp_path: Path, figures: Mapping[str, object]) -> None:
    """Print the figures, for `pytest -s`, and keep them beside the project."""
    text = json.dumps(figures, indent=2)
    (tmp_path / "figures.json").write_text(text)
    print(text)  # noqa: T201 - what this level is run for


def test_torch_of_pypi_brings_cuda_that_is_said_and_found(tmp_path: Path) -> None:
    """The version in the log is the one that torch was built for; NVIDIA's libraries lie where the table says."""
    runs = runs_of(tmp_path, "flask\ntorch\nnumpy\n")
    began_s = time.monotonic()
    _, said = runs.build()
    seconds = time.monotonic() - began_s
    found = run_in(runs, TORCH)
    (packages,) = (runs.layers_dir / "venv").glob("lib/python3.*/site-packages")
    nvidia = [path.name.partition("-")[0].replace("_", "-") for path in packages.glob("nvidia_*.dist-info")]
    missing = {
        name: folder
        for name in nvidia
        if (folder := library_folder(name)) is not None and not list((packages / folder).glob("*.so*"))  # type: ignore[arg-type]
    }

    report(
        tmp_path,
        {
            "log": [line.strip() for line in said.splitlines() if "Accelerator" in line or "of use to a GPU" in line],
            "build_s": round(seconds, 1),
            "venv_bytes": bytes_below(runs.layers_dir / "venv"),
            "nvidia_bytes": bytes_below(packages / "nvidia"),
            "triton_bytes": bytes_below(packages / "triton"),
            **found,
        },
    )
    assert f"Accelerator: CUDA {found['cuda']}, which nobody asks for; it comes with torch" in said
    assert 60.0 == found["sum"]
    assert {} == missing
    assert (runs.layers_dir / "accelerator" / "needs.txt").read_text().startswith(f"cuda {found['cuda']}\n")


def test_xgboost_does_without_nccl(tmp_path: Path) -> None:
    """It is opened by name for several GPUs, and never for a prediction."""
    runs = runs_of(tmp_path, "flask\nxgboost\n")
    _, with_it = runs.build()
    size = bytes_below(runs.layers_dir / "venv")
    found_with = run_in(runs, XGBOOST)
    _, without = runs.build(BP_ACCELERATOR="cpu")
    found = run_in(runs, XGBOOST)

    report(tmp_path, {"with_bytes": size, "without_bytes": bytes_below(runs.layers_dir / "venv"), **found})
    assert "nvidia-nccl-cu12" in with_it
    assert "left out: nvidia-nccl, which xgboost opens only to train on several GPUs" in without
    assert not list(runs.layers_dir.glob("venv/lib/*/site-packages/nvidia/nccl"))
    assert {"right": found_with["right"], "opened": False, "dlopen": True} == found == found_with

"""Choices and locks for tests of what an image computes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ml_buildpack.facts.observation import observe
from ml_buildpack.lock import Lock
from ml_buildpack.plan.accelerator_choice import AcceleratorChoice, choose_accelerator
from ml_buildpack.plan.interpreter import PythonPlan
from ml_buildpack.plan.python_wish import weigh_requests
from ml_buildpack.problems import Problems
from support.build_values import PYTHON_3_12, lock_of, locked
from support.projects import write_project

# What each resolves to on PyPI, or on PyTorch's index, in part.
TORCH_CUDA = ("torch==2.9.1", "nvidia-cuda-runtime-cu12==12.8.90", "nvidia-nccl-cu12==2.27.5", "triton==3.5.1")
TORCH_CPU = ("torch==2.9.1+cpu",)
XGBOOST = ("xgboost==3.2.0", "nvidia-nccl-cu12==2.27.5")
TENSORFLOW = ("tensorflow==2.18.0", "nvidia-cuda-runtime-cu12==12.5.82", "nvidia-cudnn-cu12==9.3.0.75")


def choice_of(root: Path, files: Mapping[str, str] | str, **env: str) -> AcceleratorChoice:
    """The choice for a project of these files, or of that `requirements.txt`."""
    project = {"requirements.txt": files} if isinstance(files, str) else files
    write_project(root, {"app.py": "app = 1\n", **project})
    problems = Problems()
    facts = observe(root, env, root / "no-platform", problems)
    problems.raise_if_any()
    python = PythonPlan(interpreter=PYTHON_3_12, wish=weigh_requests(()))
    choice = choose_accelerator(facts, python, env)
    assert choice is not None
    return choice


def lock_with(*pins: str) -> Lock:
    """A lock of wheels, each `name==version`, of 1000 bytes."""
    names = (pin.partition("==") for pin in sorted(pins))
    return lock_of(*(locked(name, version) for name, _, version in names))

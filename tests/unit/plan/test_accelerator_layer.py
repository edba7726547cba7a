"""The layer that only an image with CUDA has."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.cnb.layer import Absent, EnvAction, EnvEntry, MetadataOnly
from ml_buildpack.lock import Lock
from ml_buildpack.plan.accelerated_packages import is_cuda_runtime
from ml_buildpack.plan.accelerator import find_accelerator
from ml_buildpack.plan.accelerator_layer import library_folders, plan_accelerator_layer
from ml_buildpack.plan.layers import CUDA, VENV, AcceleratorContent, LayerPlan, PackageGroup
from support.accelerator_values import TENSORFLOW, TORCH_CPU, TORCH_CUDA, choice_of, lock_with
from support.build_values import PYTHON_3_12

ONNXRUNTIME = ("onnxruntime-gpu==1.22.0", "nvidia-cublas-cu12==12.9.3", "nvidia-cudnn-cu12==9.28.0")


def groups_of(lock: Lock | None) -> tuple[PackageGroup, ...]:
    """NVIDIA's packages in a layer of their own, as they are where they are large."""
    if lock is None:
        return (PackageGroup(layer=VENV, digest="", lock=None),)
    cuda = Lock(packages=tuple(package for package in lock.packages if is_cuda_runtime(package.name)))
    others = Lock(packages=tuple(package for package in lock.packages if not is_cuda_runtime(package.name)))
    return tuple(PackageGroup(layer=name, digest=one.digest, lock=one) for name, one in ((CUDA, cuda), (VENV, others)))


def plan_of(root: Path, lock: Lock | None, before: dict[str, str] | None = None, **env: str) -> LayerPlan | None:
    """The layer of a lock, after a build that left this metadata."""
    restored = Absent() if before is None else MetadataOnly(metadata=before)
    return plan_accelerator_layer(
        find_accelerator(lock, choice_of(root, "torch\n", **env), restored),
        PYTHON_3_12,
        groups=groups_of(lock),
        restored=restored,
        check_digest="digest",
        layers_dir="/layers/own",
    )


def test_an_image_for_cpus_has_none(tmp_path: Path) -> None:
    """Nor a helper that asks for a driver."""
    assert plan_of(tmp_path, lock_with(*TORCH_CPU)) is None


def test_its_check_knows_what_the_wheels_need(tmp_path: Path) -> None:
    """Torch finds its libraries itself, so nothing is set for them."""
    layer = plan_of(tmp_path, lock_with(*TORCH_CUDA), BP_ACCELERATOR="cu128")

    assert layer is not None
    needs = (("cuda", "12.8"), ("driver", "525.60.13"), ("toolkit", "570.26"), ("asked", "yes"))
    assert AcceleratorContent(interpreter_path=PYTHON_3_12.launch_path, needs=needs) == layer.content
    assert ((), "accelerator", "12.8", "digest") == (
        layer.env,
        layer.name,
        layer.metadata["cuda"],
        layer.metadata["check"],
    )


def test_a_search_path_is_set_where_nothing_else_leads_to_the_libraries(tmp_path: Path) -> None:
    """In front of what is set already, and only the folders that there are."""
    layer = plan_of(tmp_path, lock_with(*ONNXRUNTIME))

    assert layer is not None
    packages = "/layers/own/cuda/lib/python3.12/site-packages"
    value = f"{packages}/nvidia/cublas/lib:{packages}/nvidia/cudnn/lib"
    assert (EnvEntry(name="LD_LIBRARY_PATH", value=value, action=EnvAction.PREPEND, delimiter=":"),) == layer.env


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        (TENSORFLOW, ()),
        (("tensorflow==2.16.2", *TENSORFLOW[1:]), ("nvidia/cuda_runtime/lib", "nvidia/cudnn/lib")),
        (("onnxruntime-gpu==1.31.1",), ()),
    ],
)
def test_the_path_has_folders_that_there_are(pins: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Of a release that needs them."""
    assert tuple((CUDA, folder) for folder in expected) == library_folders(groups_of(lock_with(*pins)))


def test_without_a_lock_it_stays_what_it_was(tmp_path: Path) -> None:
    """So that it is kept with the packages of the previous image."""
    made = plan_of(tmp_path / "a", lock_with(*ONNXRUNTIME), BP_ACCELERATOR="cuda12")
    assert made is not None
    again = plan_of(tmp_path / "b", None, dict(made.metadata))

    assert made == again

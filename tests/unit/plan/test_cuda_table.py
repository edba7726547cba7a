"""What is known of CUDA, where a slip of the table would hurt."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.plan import cuda_table


@pytest.mark.parametrize(
    ("package", "folder"),
    [
        ("nvidia-cublas-cu12", "nvidia/cublas/lib"),
        ("nvidia-cuda-runtime-cu12", "nvidia/cuda_runtime/lib"),
        ("nvidia-cudnn-cu13", "nvidia/cudnn/lib"),
        ("nvidia-cublas", "nvidia/cu13/lib"),
        ("nvidia-ml-py", None),
        ("torch", None),
    ],
)
def test_libraries_lie_where_nvidia_s_wheels_put_them(package: str, folder: str | None) -> None:
    """Shown on the real wheels by `make test-torch`."""
    assert folder == cuda_table.library_folder(canonicalize_name(package))


def test_of_tensorflow_s_releases_one_lost_its_path() -> None:
    """Read from the ELF files of each."""
    tensorflow = canonicalize_name("tensorflow")

    assert ["2.16.1", "2.16.2"] == [
        version
        for version in ("2.15.1", "2.16.1", "2.16.2", "2.17.0", "2.21.0")
        if cuda_table.needs_library_path(tensorflow, version)
    ]


def test_every_cuda_of_the_table_has_its_driver() -> None:
    """Otherwise the check at the start would be silent about it."""
    versions = {cuda for n in range(30) for row in (cuda_table.torch_cuda_versions(f"2.{n}"),) for cuda in row or ()}

    assert [] == [
        cuda for cuda in versions if None in {cuda_table.required_driver(cuda), cuda_table.toolkit_driver(cuda)}
    ]
    assert len(versions) > 5


def test_what_is_not_known_is_none() -> None:
    """A missing row forbids nothing."""
    assert (None, None, None, None) == (
        cuda_table.torch_cuda_versions("2.99.0"),
        cuda_table.torch_cuda_versions("no version"),
        cuda_table.toolkit_driver("19.1"),
        cuda_table.required_driver("19"),
    )

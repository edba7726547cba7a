"""What conda packages may count on: the image's system, and a graphics card only where one is asked for."""

from __future__ import annotations

import pytest

from ml_buildpack.cnb.context import Target
from ml_buildpack.facts.accelerator_wish import AUTO, AcceleratorKind, AcceleratorWish
from ml_buildpack.facts.conda.conda_wish import CondaSpec
from ml_buildpack.plan.virtual_packages import virtual_packages, wanted_cuda

DEBIAN = Target(os="linux", arch="amd64", distro_name="debian", distro_version="13")


def spec(text: str) -> CondaSpec:
    """A spec whose name ends where it must."""
    return CondaSpec(
        text=text, name=text.split("=", maxsplit=1)[0].split(" ", maxsplit=1)[0].split(">", maxsplit=1)[0], line=1
    )


@pytest.mark.parametrize(
    ("target", "glibc", "machine"),
    [
        pytest.param(DEBIAN, "2.41", "x86_64", id="a release that is known"),
        pytest.param(
            Target(os="linux", arch="arm64", distro_name="ubuntu", distro_version="24.04"), "2.39", "aarch64", id="arm"
        ),
        pytest.param(
            Target(os="linux", arch="amd64", distro_name="rhel", distro_version="9.4"), "2.34", "x86_64", id="minor"
        ),
        pytest.param(Target(os="linux", arch="amd64"), "2.28", "x86_64", id="nobody says: an old one"),
    ],
)
def test_system_is_that_of_the_image(target: Target, glibc: str, machine: str) -> None:
    """Not that of the machine that runs the build."""
    expected = (f"__archspec=1={machine}", f"__glibc={glibc}=0", "__linux=4.18=0", "__unix=0=0")

    assert expected == virtual_packages(target, (), AUTO, {})


def test_condas_own_variables_win() -> None:
    """Whoever knows the machines says it as they would to conda; an empty variable is none."""
    env = {"CONDA_OVERRIDE_GLIBC": "2.17", "CONDA_OVERRIDE_CUDA": "11.8", "CONDA_OVERRIDE_LINUX": ""}

    assert (
        "__archspec=1=x86_64",
        "__cuda=11.8=0",
        "__glibc=2.17=0",
        "__linux=4.18=0",
        "__unix=0=0",
    ) == virtual_packages(DEBIAN, (), AUTO, env)


@pytest.mark.parametrize(
    ("text", "cuda"),
    [
        ("numpy=1.26", None),
        ("cuda-version=12.4", "12.4"),
        ("cudatoolkit >=11.8,<12", "11.8"),
        ("pytorch-cuda", "12.9"),
        ("pytorch-gpu", "12.9"),
        ("pytorch=2.7=cuda126*", "12.9"),
        ("pytorch=2.7=cpu_generic*", None),
    ],
)
def test_cuda_is_there_where_it_is_asked_for(text: str, cuda: str | None) -> None:
    """By its version, or by a build; a solver would else choose what the machine of the build has."""
    assert cuda == wanted_cuda((spec("python=3.12"), spec(text)))


@pytest.mark.parametrize(
    ("accelerator", "found"),
    [
        (AcceleratorWish(kind=AcceleratorKind.CPU), []),
        (AcceleratorWish(kind=AcceleratorKind.CUDA), ["__cuda=12.9=0"]),
        (AcceleratorWish(kind=AcceleratorKind.CUDA, cuda="12.6"), ["__cuda=12.6=0"]),
    ],
)
def test_setting_wins_over_the_file(accelerator: AcceleratorWish, found: list[str]) -> None:
    """An environment that was written on a GPU can be built for the processor."""
    packages = virtual_packages(DEBIAN, (spec("cuda-version=11.8"),), accelerator, {})

    assert found == [one for one in packages if "cuda" in one]

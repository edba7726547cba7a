"""What conda packages may count on in the image: the virtual packages of the target, never of the build machine. Pure.

A solver that looks at the machine it runs on would choose binaries for the builder's CPU, kernel and graphics card.
Source: conda's documentation, "Managing virtual packages"; the defaults are pixi's (pixi 0.60, "System requirements").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ml_buildpack.cnb.context import Target
from ml_buildpack.facts.accelerator_wish import AcceleratorKind, AcceleratorWish
from ml_buildpack.facts.conda.conda_wish import CondaSpec

SUBDIRS = {"amd64": "linux-64", "arm64": "linux-aarch64"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
# The C library of each distribution's release. Where the platform does not say which it is, packages for an old one
# are chosen, which run on newer ones too; the kernel is the host's, which no build knows.
_GLIBC = {
    ("debian", "11"): "2.31", ("debian", "12"): "2.36", ("debian", "13"): "2.41",
    ("ubuntu", "20.04"): "2.31", ("ubuntu", "22.04"): "2.35", ("ubuntu", "24.04"): "2.39",
    ("rhel", "8"): "2.28", ("rhel", "9"): "2.34", ("rhel", "10"): "2.39", ("amzn", "2023"): "2.34",
}  # fmt: skip
_OLD_GLIBC, _OLD_KERNEL = "2.28", "4.18"
# conda's own variables, which say what to count on instead. An empty one would mean "none"; here it is no answer.
_OVERRIDES = {"__glibc": "CONDA_OVERRIDE_GLIBC", "__linux": "CONDA_OVERRIDE_LINUX", "__cuda": "CONDA_OVERRIDE_CUDA"}
_ARCHSPEC_OVERRIDE = "CONDA_OVERRIDE_ARCHSPEC"
_CUDA_NAMES = frozenset({"cuda-version", "cudatoolkit", "pytorch-cuda", "cuda-toolkit", "cuda"})
_CUDA_BUILD = re.compile(r"cuda|_gpu|-gpu\b")
_VERSION = re.compile(r"\d+(?:\.\d+)?")
# Where CUDA is asked for without its version: the newest one that drivers in use support.
_USUAL_CUDA = "12.9"


def virtual_packages(
    target: Target, specs: Sequence[CondaSpec], accelerator: AcceleratorWish, env: Mapping[str, str]
) -> tuple[str, ...]:
    """`name=version=build` of each, sorted; `__cuda` only where the setting or the environment asks for it."""
    release = target.distro_version.partition(".")[0] if target.distro_name in {"rhel", "debian"} else None
    glibc = _GLIBC.get((target.distro_name, release or target.distro_version), _OLD_GLIBC)
    versions = {"__unix": "0", "__linux": _OLD_KERNEL, "__glibc": glibc}
    cuda = wanted_cuda(specs) if accelerator.kind is AcceleratorKind.AUTO else _set_cuda(accelerator)
    if cuda is not None:
        versions["__cuda"] = cuda
    versions |= {name: env[variable] for name, variable in _OVERRIDES.items() if env.get(variable)}
    archspec = env.get(_ARCHSPEC_OVERRIDE) or _MACHINES.get(target.arch, target.arch)
    return tuple(sorted([*(f"{name}={version}=0" for name, version in versions.items()), f"__archspec=1={archspec}"]))


def _set_cuda(accelerator: AcceleratorWish) -> str | None:
    return (accelerator.cuda or _USUAL_CUDA) if accelerator.kind is AcceleratorKind.CUDA else None


def wanted_cuda(specs: Sequence[CondaSpec]) -> str | None:
    """The CUDA that the specs ask for; None where they ask for none."""
    for spec in specs:
        if spec.name in _CUDA_NAMES:
            version = _VERSION.search(spec.text[len(spec.name) :])
            return version.group() if version is not None else _USUAL_CUDA
    return _USUAL_CUDA if any(_CUDA_BUILD.search(spec.text) for spec in specs) else None

"""How a name, a version, an extra, an address or a conda package says what to compute on. Values and spellings.

Called by `accelerator_requests`, which goes through a project, and by the readers of conda files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.facts.accelerator_wish import CPU, CUDA, AcceleratorKind, AcceleratorWish, cuda_version

_LOCAL_VERSION = re.compile(r"(?:\+|%2B)(cpu|cu\d{2,3})(?![0-9a-z])", re.IGNORECASE)
_INDEX = re.compile(r"/whl/(?:nightly/|test/)?(cpu|cu\d{2,3})(?:/|_|$)|(?:\+|%2B)(cpu|cu\d{2,3})\.html|(jax_cuda)")
_EXTRA = re.compile(r"and-cuda|gpu|cuda|(?P<version>cu(?:da)?\d{2,3})(?:[_-]local|-pip)?")
# `cupy-cuda12x`, `nvidia-cudnn-cu12`, `jax-cuda12-plugin`, `faiss-gpu-cu12`.
_NAME_WITH_VERSION = re.compile(r".+-(?P<version>cu(?:da)?\d{2,3})x?(?:-.+)?")
_GPU_NAME = re.compile(r".+-gpu(?:-.+)?|cupy|tensorrt(?:-.+)?")
_CPU_NAME = re.compile(r".+-cpu")
# conda packages that choose between builds; others, such as `cudnn`, only follow.
_CONDA_VERSION = re.compile(
    r"(?:pytorch-cuda|cudatoolkit|cuda-version|cuda-toolkit|cuda)(?![\w-])[ =<>~]*(?P<version>\d{2}(?:\.\d)?)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorRequest:
    """One place that asks. `line` is None for variables and configuration files, `package` None for indexes.

    `text` holds no credentials. `marker` says where the line counts. An index only offers: `is_offer`.
    """

    path: str
    line: int | None
    text: str
    asks: AcceleratorWish
    package: NormalizedName | None = None
    marker: str | None = None
    is_offer: bool = False

    @property
    def place(self) -> str:
        """`requirements.txt:3`, or the name alone."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


def conda_request(path: str, line: int, text: str) -> AcceleratorRequest | None:
    """What a conda package asks for; None for one that only follows another."""
    name = re.split(r"[ =<>~!\[]", text.rpartition("::")[2], maxsplit=1)[0].lower()
    if name == "cpuonly":
        return AcceleratorRequest(path=path, line=line, text=text, asks=CPU, package=canonicalize_name(name))
    found = _CONDA_VERSION.match(text.rpartition("::")[2])
    if found is None and name not in {"cudnn", "nccl", "cutensor"}:
        return None
    version = found["version"] if found is not None else None
    asks = CUDA if version is None else AcceleratorWish(kind=AcceleratorKind.CUDA, cuda=version)
    return AcceleratorRequest(path=path, line=line, text=text, asks=asks, package=canonicalize_name(name))


def index_request(path: str, line: int | None, address: str) -> AcceleratorRequest | None:
    """What an index is for, or a page of links; None for one that is for everything."""
    found = _INDEX.search(address)
    if found is None:
        return None
    asks = CUDA if found[3] else _wish(found[1] or found[2])
    return AcceleratorRequest(path=path, line=line, text=without_login(address), asks=asks, is_offer=True)


def wish_of_package(name: str, version: str, extras: Iterable[str] = ()) -> AcceleratorWish | None:
    """What a package asks for by its name, its version or address, and its extras; None where nothing tells."""
    local = _LOCAL_VERSION.search(version)
    if local is not None:
        return _wish(local[1])
    for extra in extras:
        found = _EXTRA.fullmatch(extra.lower().replace("_", "-"))
        if found is not None:
            return CUDA if found["version"] is None else _wish(found["version"])
    named = _NAME_WITH_VERSION.fullmatch(name)
    if named is not None:
        return _wish(named["version"])
    if _GPU_NAME.fullmatch(name) is not None:
        return CUDA
    return CPU if _CPU_NAME.fullmatch(name) is not None else None


def _wish(written: str) -> AcceleratorWish:
    return CPU if written.lower() == "cpu" else AcceleratorWish(kind=AcceleratorKind.CUDA, cuda=cuda_version(written))


def without_login(text: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(text)
    if "@" not in parts.netloc:
        return text
    return text.replace(f"{parts.netloc.rpartition('@')[0]}@", "")

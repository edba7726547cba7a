"""What the image computes on: read from what was locked, and checked against what was asked for. Pure.

The second of two turns; the first is `plan.accelerator_choice`. A lock that the project ships is never rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from ml_buildpack.cnb.layer import Absent, RestoredLayer
from ml_buildpack.errors import AcceleratorContradicted, AcceleratorNotLocked, Mistake
from ml_buildpack.facts.accelerator_request import wish_of_package
from ml_buildpack.facts.accelerator_wish import AcceleratorKind, is_same_cuda
from ml_buildpack.lock import Lock, LockedFile, LockedPackage
from ml_buildpack.plan import cuda_table
from ml_buildpack.plan.accelerated_packages import is_cuda_runtime
from ml_buildpack.plan.accelerator_choice import SETTING, AcceleratorChoice

CUDA_KEY = "cuda"
XGBOOST = canonicalize_name("xgboost")
TORCH = canonicalize_name("torch")
# xgboost opens it when it trains on several GPUs at once, and at no other time: its library has it in no DT_NEEDED,
# and training and predicting work without (shown on the real wheels by `make test-torch`).
_IDLE_BEHIND_XGBOOST = re.compile(r"nvidia-nccl-cu\d+")
# A binding in pure Python, which monitors install; it says nothing about what the image computes on.
_MONITOR = canonicalize_name("nvidia-ml-py")
_RUNTIME = re.compile(r"nvidia-cuda-runtime(?:-cu\d+)?|cuda-toolkit")
# Before that release, torch had CUDA in its own wheel on PyPI.
_TORCH_WITHOUT_PARTS = Version("1.13")
_TORCH_OWN_CUDA = "10.2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A package that only a GPU has a use for. `size_bytes` are those of its file, None where nobody says."""

    name: NormalizedName
    version: str
    size_bytes: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Accelerator:
    """What the image computes on. `cuda` is None for a CPU, and a major version where no more is known.

    `evidence` are places with what stands there. `parts` are all packages that a CPU has no use for; they may be there
    in an image for a CPU, too. `is_asked`: the user wants a GPU, and did not just get its libraries.
    """

    cuda: str | None
    is_asked: bool = False
    evidence: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def name(self) -> str:
        """`CPU`, or `CUDA 12.6`."""
        return "CPU" if self.cuda is None else f"CUDA {self.cuda}"

    @property
    def size_bytes(self) -> int:
        """The bytes of the files of all parts whose size is known."""
        return sum(part.size_bytes or 0 for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON values."""
        return {
            "cuda": self.cuda,
            "asked": self.is_asked,
            "evidence": list(self.evidence),
            "packages": [f"{part.name}=={part.version}" for part in self.parts],
            "size_bytes": self.size_bytes,
        }


def find_accelerator(lock: Lock | None, choice: AcceleratorChoice, restored: RestoredLayer) -> Accelerator:
    """The accelerator of a lock; of the previous image, where only that one's packages are known.

    `restored` is the layer of `plan.accelerator_layer`. Raises: AcceleratorContradicted, AcceleratorNotLocked.
    """
    if lock is None:
        metadata: Mapping[str, str] = {} if isinstance(restored, Absent) else restored.metadata
        evidence = ("the previous image",)
        asked = metadata.get("asked") == "yes"
        return Accelerator(cuda=metadata.get(CUDA_KEY) or None, is_asked=asked, evidence=evidence)
    parts = tuple(_part(package) for package in lock.packages if _is_part(package))
    working = [package for package in lock.packages if _is_part(package) and not _is_idle(package.name, lock)]
    cuda = _cuda_of(working) if working else _cuda_within_torch(lock)
    asking = [one for one in choice.requests if one.asks.kind is AcceleratorKind.CUDA and not one.is_offer]
    is_wished = choice.wish.kind is AcceleratorKind.CUDA
    accelerator = Accelerator(
        cuda=cuda,
        is_asked=cuda is not None and (is_wished or bool(asking) or _is_offered(choice)),
        evidence=tuple(_evidence(lock, choice)) if cuda is not None or is_wished else (),
        parts=parts,
    )
    if choice.is_setting:
        _check(accelerator, lock, choice)
    return accelerator


def left_out(names: Iterable[str], choice: AcceleratorChoice) -> tuple[str, ...]:
    """What of a resolver's answer an image for a CPU does without: what nothing in it opens.

    Only where a CPU was asked for by the setting, versions are loose, and no line of the project names the package.
    """
    if choice.wish.kind is not AcceleratorKind.CPU or not choice.is_loose or not choice.is_setting:
        return ()
    all_names = {canonicalize_name(name) for name in names}
    named = {line.name for line in choice.lines}
    runtime = {name for name in all_names if is_cuda_runtime(name) and name != _MONITOR}
    idle = {name for name in runtime if _IDLE_BEHIND_XGBOOST.fullmatch(name)}
    # Another package of a GPU may be what needs it.
    if XGBOOST not in all_names or runtime - idle:
        return ()
    return tuple(sorted(idle - named))


def _is_part(package: LockedPackage) -> bool:
    if package.name == _MONITOR:
        return False
    wish = wish_of_package(package.name, package.version or "")
    return is_cuda_runtime(package.name) or (wish is not None and wish.kind is AcceleratorKind.CUDA)


def _is_idle(name: NormalizedName, lock: Lock) -> bool:
    return XGBOOST in lock.names and _IDLE_BEHIND_XGBOOST.fullmatch(name) is not None


def _part(package: LockedPackage) -> Part:
    source = package.source
    size_bytes = source.size_bytes if isinstance(source, LockedFile) else None
    return Part(name=package.name, version=package.version or "", size_bytes=size_bytes)


def _cuda_of(packages: list[LockedPackage]) -> str | None:
    """The newest CUDA that these packages are made for; a major version where none of them says more."""
    found = sorted({version for package in packages for version in _versions_of(package)}, key=_rank)
    return found[-1] if found else None


def _rank(cuda: str) -> tuple[int, int, int]:
    major, _, minor = cuda.partition(".")
    # Of one major version, the one that says more.
    return int(major), int(bool(minor)), int(minor or 0)


def _versions_of(package: LockedPackage) -> Iterator[str]:
    version = package.version or ""
    wish = wish_of_package(package.name, version)
    if wish is not None and wish.cuda is not None:
        yield wish.cuda
    if _RUNTIME.fullmatch(package.name):
        yield ".".join(version.split(".")[:2])
    if package.name == "onnxruntime-gpu" and version:
        yield cuda_table.onnxruntime_cuda(version)


def _cuda_within_torch(lock: Lock) -> str | None:
    torch = next((package for package in lock.packages if package.name == TORCH), None)
    try:
        version = Version(torch.version or "") if torch is not None else None
    except InvalidVersion:
        return None
    is_old = version is not None and version < _TORCH_WITHOUT_PARTS and version.local is None
    return _TORCH_OWN_CUDA if is_old else None


def _is_offered(choice: AcceleratorChoice) -> bool:
    offers = [one for one in choice.requests if one.is_offer]
    return bool(offers) and all(one.asks.kind is AcceleratorKind.CUDA for one in offers)


def _evidence(lock: Lock, choice: AcceleratorChoice) -> Iterator[str]:
    """Who asks for CUDA, with the place; where nobody does, the packages that brought it."""
    if choice.is_setting:
        yield f"{choice.asked_by} asks for {choice.wish.name}"
    asking = [one for one in choice.requests if one.asks.kind is AcceleratorKind.CUDA]
    yield from (f"{one.place}: {one.text}" for one in asking if one.package is None or one.package in lock.names)
    yield from (f"{one.place}: {one.text}" for one in asking if one.package and one.package not in lock.names
                and one.path == choice.path and choice.kind.name == "CONDA")  # fmt: skip
    if choice.asked_by is None and not asking:
        yield from bringing(lock, choice)


def bringing(lock: Lock, choice: AcceleratorChoice) -> Iterator[str]:
    """The packages that need NVIDIA's, as far as their names are known, each with the line or package that asks."""
    places = {line.name: f"{line.path}:{line.line}" for line in choice.lines if line.name}
    for package in lock.packages:
        if package.name in cuda_table.FRAMEWORKS:
            place = places.get(package.name) or ", ".join(package.origin)
            yield f"{package.name} {package.version}" + (f" ({place})" if place else "")


def _check(accelerator: Accelerator, lock: Lock, choice: AcceleratorChoice) -> None:
    """Nothing, where the lock is what the setting asks for. Raises: AcceleratorContradicted, AcceleratorNotLocked."""
    wish, asked_by = choice.wish, choice.asked_by or SETTING
    lines = {(one.package, one.text.rpartition(" ")[2]): one for one in choice.requests if one.line is not None}
    contradicting = []
    for package in lock.packages:
        local = wish_of_package("", package.version or "")
        if local is not None and local.contradicts(wish):
            line = lines.get((package.name, package.version or ""))
            contradicting.append(
                Mistake(
                    where=line.path if line else choice.path,
                    line=line.line if line else None,
                    text=f"{package.name} {package.version}",
                    detail=f"It is a build for {local.name}.",
                )
            )
    if contradicting:
        raise AcceleratorContradicted(asked=str(wish), asked_by=asked_by, lines=tuple(contradicting))
    if wish.kind is AcceleratorKind.CUDA and not _is_answered(accelerator, lock, choice):
        raise AcceleratorNotLocked(
            asked=str(wish), asked_by=asked_by, locked=accelerator.name, packages=tuple(_deciding(lock, choice))
        )


def _is_answered(accelerator: Accelerator, lock: Lock, choice: AcceleratorChoice) -> bool:
    if accelerator.cuda is None or choice.wish.cuda is None:
        return accelerator.cuda is not None
    if TORCH in lock.names:
        return is_same_cuda(accelerator.cuda, choice.wish.cuda)
    # Others have one build for each major version.
    return is_same_cuda(accelerator.cuda.partition(".")[0], choice.wish.cuda.partition(".")[0])


def _deciding(lock: Lock, choice: AcceleratorChoice) -> Iterator[Mistake]:
    lines = {line.name: line for line in choice.lines if line.name}
    for package in lock.packages:
        if package.name not in cuda_table.FRAMEWORKS and package.name not in cuda_table.CPU_ONLY:
            continue
        line = lines.get(package.name)
        advice = cuda_table.CPU_ONLY.get(package.name, "It was locked without CUDA, or with another one.")
        yield Mistake(
            where=line.path if line else choice.path,
            line=line.line if line else None,
            text=f"{package.name} {package.version}",
            detail=advice,
        )

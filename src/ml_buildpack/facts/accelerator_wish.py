"""What an image shall compute on, as somebody asks for it: a CPU, CUDA, a version of CUDA. Values and their spelling.

Called by the table of settings, and by whoever finds such a wish in a file of the project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from ml_buildpack.facts.setting_values import UnusableValueError, read_text

# `cu126` and `cuda12.6`, `cu12` and `cuda12`. Three digits are major and minor, as PyTorch writes them.
_CUDA = re.compile(r"cu(?:da)?[ -]?(?:(?P<dotted>\d{2}\.\d)|(?P<three>\d{3})|(?P<major>\d{2}))", re.IGNORECASE)


class AcceleratorKind(Enum):
    """What is asked for, without a version."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorWish:
    """One wish. `cuda` is a version, `12.6` or `12`; None where any will do, and where none is asked for."""

    kind: AcceleratorKind
    cuda: str | None = None

    def __str__(self) -> str:
        """As the setting spells it: `auto`, `cpu`, `cuda`, `cu126`, `cuda12`."""
        if self.cuda is None:
            return self.kind.value
        return f"cu{self.cuda.replace('.', '')}" if "." in self.cuda else f"cuda{self.cuda}"

    @property
    def name(self) -> str:
        """For sentences: `CPU`, `CUDA`, `CUDA 12.6`."""
        return self.kind.value.upper() if self.cuda is None else f"CUDA {self.cuda}"

    def contradicts(self, other: AcceleratorWish) -> bool:
        """Whether no image can be both. `cuda12` and `cu126` agree, and `auto` agrees with everything."""
        if AcceleratorKind.AUTO in {self.kind, other.kind}:
            return False
        if self.kind is not other.kind:
            return True
        if self.cuda is None or other.cuda is None:
            return False
        return not is_same_cuda(self.cuda, other.cuda)


AUTO = AcceleratorWish(kind=AcceleratorKind.AUTO)
CPU = AcceleratorWish(kind=AcceleratorKind.CPU)
CUDA = AcceleratorWish(kind=AcceleratorKind.CUDA)


def is_same_cuda(one: str, other: str) -> bool:
    """Whether both versions are the same as far as both say it."""
    shorter, longer = sorted((one.split("."), other.split(".")), key=len)
    return longer[: len(shorter)] == shorter


def cuda_version(text: str) -> str | None:
    """`12.6` for `cu126` and `cuda12.6`, `12` for `cu12`; None for anything else."""
    found = _CUDA.fullmatch(text.strip())
    if found is None:
        return None
    three = found["three"]
    return found["dotted"] or (f"{three[:2]}.{three[2]}" if three else found["major"])


def read_accelerator(value: object) -> AcceleratorWish:
    """The wish that a setting spells. Raises: UnusableValueError."""
    text = read_text(value)
    if text.lower() in {kind.value for kind in AcceleratorKind}:
        return AcceleratorWish(kind=AcceleratorKind(text.lower()))
    version = cuda_version(text)
    if version is None:
        hint = " Did you mean cuda?" if text.lower() in {"gpu", "nvidia"} else ""
        raise UnusableValueError(
            f'It must be auto, cpu, cuda, or a version of CUDA such as cu126 or cuda12.6, and is "{text}".{hint}'
        )
    return AcceleratorWish(kind=AcceleratorKind.CUDA, cuda=version)

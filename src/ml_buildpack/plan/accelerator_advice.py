"""What the log says of the accelerator: who asked, what it costs, and the very lines that would change it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ml_buildpack.lock import Lock
from ml_buildpack.plan.accelerator import XGBOOST, Accelerator, bringing, left_out
from ml_buildpack.plan.accelerator_choice import SETTING, AcceleratorChoice, AcceleratorKind, InputKind
from ml_buildpack.plan.cuda_table import TORCH_FAMILY, TORCH_INDEX
from ml_buildpack.redaction import redact
from ml_buildpack.sizes import count, render_bytes

_PARTS_SHOWN = 3
_CPU_INDEX = f"{TORCH_INDEX}/cpu"
# How each lock's own project names the index of one package, and makes the lock again.
_LOCKED_LINES = {
    InputKind.UV_LOCK: (
        "in pyproject.toml, then `uv lock`:",
        "  [tool.uv.sources]",
        '  torch = { index = "pytorch-cpu" }',
        "  [[tool.uv.index]]",
        '  name = "pytorch-cpu"',
        f'  url = "{_CPU_INDEX}"',
        "  explicit = true",
    ),
    InputKind.POETRY_LOCK: (
        f"  poetry source add --priority explicit pytorch-cpu {_CPU_INDEX}",
        "  poetry add --source pytorch-cpu torch",
    ),
    InputKind.PDM_LOCK: (
        "in pyproject.toml, then `pdm lock`:",
        "  [[tool.pdm.source]]",
        '  name = "pytorch-cpu"',
        f'  url = "{_CPU_INDEX}"',
        '  include_packages = ["torch", "torchvision", "torchaudio"]',
    ),
    InputKind.PIPFILE_LOCK: (
        "in Pipfile, then `pipenv lock`:",
        "  [[source]]",
        '  name = "pytorch-cpu"',
        f'  url = "{_CPU_INDEX}"',
        "  verify_ssl = true",
        "  [packages]",
        '  torch = { version = "*", index = "pytorch-cpu" }',
    ),
}  # fmt: skip


def describe_accelerator(
    accelerator: Accelerator, lock: Lock | None, choice: AcceleratorChoice
) -> tuple[tuple[str, str], ...]:
    """One step and its details, for the log; none where there is nothing that a user may want to know or change."""
    if lock is None:
        return ((f"Accelerator: {accelerator.name}, as in the previous image", ""),) if accelerator.cuda else ()
    if accelerator.cuda is None and not accelerator.parts and choice.asked_by is None:
        return ()
    title, *details = (redact(line) for line in _lines(accelerator, lock, choice))
    return ((title, "\n".join(details)),)


def _lines(accelerator: Accelerator, lock: Lock, choice: AcceleratorChoice) -> Iterator[str]:
    if accelerator.cuda is None:
        yield "Accelerator: CPU" + (f", as {choice.asked_by} asks" if choice.asked_by is not None else "")
    else:
        because = "; ".join(accelerator.evidence) or "what was locked"
        brought = "" if accelerator.is_asked else "which nobody asks for; it comes with "
        yield f"Accelerator: {accelerator.name}, {brought}{because}"
    if choice.index is not None and lock.names & TORCH_FAMILY:
        yield f"{', '.join(sorted(lock.names & TORCH_FAMILY))} from {choice.index.url}"
    if choice.extras:
        yield f"added: {', '.join(choice.extras)}"
    if XGBOOST in lock.names and _is_without_nccl(lock, choice):
        yield "left out: nvidia-nccl, which xgboost opens only to train on several GPUs"
    if accelerator.parts:
        yield _cost(accelerator)
        purpose = "without them" if accelerator.cuda is None else "for an image that computes on CPUs"
        yield from _way_to_a_cpu(lock, choice, purpose)


def _is_without_nccl(lock: Lock, choice: AcceleratorChoice) -> bool:
    names = (*lock.names, "nvidia-nccl-cu12")
    return bool(left_out(names, choice)) and not any(name.startswith("nvidia-nccl") for name in lock.names)


def _cost(accelerator: Accelerator) -> str:
    parts = sorted(accelerator.parts, key=lambda part: (-(part.size_bytes or 0), part.name))
    shown = ", ".join(
        f"{part.name} {render_bytes(part.size_bytes)}" if part.size_bytes else part.name
        for part in parts[:_PARTS_SHOWN]
    )
    more = f" and {len(parts) - _PARTS_SHOWN} more" if len(parts) > _PARTS_SHOWN else ""
    size = f", {render_bytes(accelerator.size_bytes)} to download," if accelerator.size_bytes else ""
    verb = "is" if len(parts) == 1 else "are"
    return f"{count(len(parts), 'package')}{size} {verb} of use to a GPU only: {shown}{more}"


def _way_to_a_cpu(lock: Lock, choice: AcceleratorChoice, purpose: str) -> Iterator[str]:
    """How to have the image without those packages."""
    asking = [
        one
        for one in choice.requests
        if one.asks.kind is AcceleratorKind.CUDA and (one.package is None or one.package in lock.names)
    ]
    if choice.is_setting and choice.wish.kind is AcceleratorKind.CUDA:
        yield f"{purpose}: {SETTING}=cpu"
    elif asking and choice.is_loose:
        yield f"{purpose}, change:"
        yield from (f"  {one.place}: {one.text}  ->  {_for_a_cpu(one.text)}" for one in asking)
    elif choice.is_loose and not choice.is_setting:
        yield f"{purpose}:"
        yield f"  pack build NAME --env {SETTING}=cpu"
        yield '  or in pyproject.toml, below [tool.ml-buildpack]: accelerator = "cpu"'
    elif choice.is_loose:
        because = ", ".join(bringing(lock, choice)) or "other packages"
        yield f"{SETTING}=cpu does not change what {because} needs"
    elif lock.names & TORCH_FAMILY:
        yield f"{choice.path} is obeyed as it is; {purpose}:"
        yield from (f"  {line}" for line in _LOCKED_LINES.get(choice.kind, _lines_of_pins(lock)))
    else:
        yield f"{choice.path} is obeyed as it is: without them only if it is locked again without them"


def _lines_of_pins(lock: Lock) -> Iterator[str]:
    yield f"--extra-index-url {_CPU_INDEX}"
    for package in lock.packages:
        if package.name in TORCH_FAMILY:
            yield f"{package.name}=={(package.version or '').partition('+')[0]}+cpu"


def _for_a_cpu(text: str) -> str:
    """The same line for a CPU, where that can be told from the line alone."""
    changed = re.sub(r"(\+|%2B|/whl/)cu\d+", r"\g<1>cpu", text)
    changed = re.sub(r"\[(?:and-cuda|cuda\d*|gpu)\]", "", changed)
    changed = re.sub(r"^(onnxruntime|tensorflow|paddlepaddle)-gpu", r"\1", changed)
    return changed if changed != text else "(remove the line)"

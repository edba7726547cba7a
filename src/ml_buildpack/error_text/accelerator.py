"""Words for an accelerator that was asked for and that the project, or the packages, do not give."""

from __future__ import annotations

from ml_buildpack.error_text.layout import Words, code, listing, mistakes_listing, paragraphs
from ml_buildpack.errors import AcceleratorContradicted, AcceleratorNotLocked, AcceleratorNotOffered

_SETTING = "BP_ACCELERATOR"
_INDEX = code("--extra-index-url https://download.pytorch.org/whl/cu126")


def accelerator_contradicted(error: AcceleratorContradicted) -> Words:
    """The setting, the lines, and both ways to make them agree."""
    return Words(
        title="The accelerator asked for contradicts the project",
        body=paragraphs(
            f"{_asking(error.asked_by)} asks for `{error.asked}`. What the project's own files pin is never changed "
            "silently, and these lines ask for something else:",
            mistakes_listing(error.lines),
        ),
        fixes=(
            f"If `{error.asked}` is right, change or remove these lines; a lock is changed with its own tool.",
            f"If the lines are right, leave the setting out: they decide by themselves.{_leave_out(error.asked_by)}",
        ),
    )


def accelerator_not_offered(error: AcceleratorNotOffered) -> Words:
    """The line, and what there is instead."""
    asking = f"{_asking(error.asked_by)} asks for `{error.asked}`, and there is no build of this release for it"
    return Words(
        title="A package has no build for the accelerator asked for",
        body=paragraphs(
            f"{asking}:",
            mistakes_listing((error.line,)),
            paragraphs("There are builds of it for:", listing(error.offered)) if error.offered else "",
            paragraphs("This index was asked:", code(error.index)) if error.index else "",
        ),
        fixes=(
            *_offered(error),
            f"Or ask for a release of {error.package} that has a build for `{error.asked}`.",
            (
                "A driver runs what was built for an older CUDA, too, so the newest that the machines' driver knows is "
                "usually the best."
            ),
        ),
    )


def _offered(error: AcceleratorNotOffered) -> tuple[str, ...]:
    if error.offered:
        return (f"Ask for one of these:\n{code(f'pack build NAME --env {_SETTING}={error.offered[-1]}')}",)
    listed = f"{error.index}/{error.package}/"
    return (f"See which releases the index has, and ask for one of them, or for another accelerator:\n{code(listed)}",)


def accelerator_not_locked(error: AcceleratorNotLocked) -> Words:
    """What was locked instead, and what has CUDA."""
    what = "nothing that computes on a GPU" if error.locked == "CPU" else error.locked
    return Words(
        title="The packages do not have the CUDA that was asked for",
        body=paragraphs(
            f"{_asking(error.asked_by)} asks for `{error.asked}`. What is to be installed has {what}.",
            paragraphs("These packages decide it:", mistakes_listing(error.packages)) if error.packages else "",
        ),
        fixes=(
            f"Ask for packages with that CUDA, as it stands below each, or name its index. For PyTorch:\n{_INDEX}",
            "If a lock pins them, change it with its own tool: a build obeys it as it is.",
            f"If the image shall compute on CPUs, leave the setting out.{_leave_out(error.asked_by)}",
        ),
    )


def _asking(asked_by: str) -> str:
    return asked_by if asked_by == _SETTING else f"`accelerator` in {asked_by}"


def _leave_out(asked_by: str) -> str:
    return "" if asked_by == _SETTING else f" For one build:\n{code(f'pack build NAME --env {_SETTING}=auto')}"

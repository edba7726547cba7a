"""Words for requirements that have no answer for one reason: Python, a withdrawn release, the wrong index, no file."""

from __future__ import annotations

import re

from ml_buildpack.error_text.layout import Words, code, listing, log_tail, mistakes_listing, paragraphs
from ml_buildpack.errors import (
    HeldByAnotherIndex,
    LocalVersionNotFound,
    Mistake,
    NeedsAnotherPython,
    ReleaseYanked,
    WheelhouseIncomplete,
)

_PYTORCH = "https://download.pytorch.org/whl"
# Local versions of PyTorch's own packages name the directory of its index.
_PYTORCH_LOCAL = re.compile(r"\+(?P<variant>cpu|cu\d{2,3}|rocm[\d.]+|xpu)$")
_VERSION = re.compile(r"\d+\.\d+")


def needs_another_python(error: NeedsAnotherPython) -> Words:
    """Which package, which Python it is for, and which the build has."""
    wanted = _VERSION.search(error.needs)
    version = wanted.group() if wanted is not None and ">" in error.needs else "3.11"
    return Words(
        title="A package is for another version of Python",
        body=paragraphs(
            f"'{error.package}' is for Python {error.needs}, and the application's Python is {error.python}.",
            _asked_for(error.requirement_at),
            log_tail(error.explanation),
        ),
        fixes=(
            "Ask for a Python that it is for, in a file .python-version, or for one build:\n"
            + code(f"pack build NAME --env BP_PYTHON_VERSION={version}"),
            f"Or allow a release of '{error.package}' that is for Python {error.python}: most packages have older or "
            "newer ones that are.\n" + code(f"https://pypi.org/project/{error.package}/#history"),
        ),
    )


def release_yanked(error: ReleaseYanked) -> Words:
    """Which release, and why its makers took it back."""
    return Words(
        title="The release that would fit was withdrawn by its makers",
        body=paragraphs(
            f"{error.release} is marked as withdrawn (yanked) on the index, and no other release fits.",
            paragraphs("Its makers say:", log_tail(error.reason)) if error.reason else "Its makers gave no reason.",
            _asked_for(error.requirement_at),
        ),
        fixes=(
            "Allow another release, usually the next one, which repairs what was wrong.",
            "If it has to be this one, pin it exactly. A withdrawn release is then still installed:\n"
            + code(error.release),
        ),
    )


def local_version_not_found(error: LocalVersionNotFound) -> Words:
    """What a version with a plus is, and where it lies."""
    variant = _PYTORCH_LOCAL.search(error.version)
    index = f"{_PYTORCH}/{variant['variant']}" if variant is not None else "https://wheels.example.com/simple"
    plain = error.version.partition("+")[0]
    return Words(
        title="A version with a plus is not on this index",
        body=paragraphs(
            f"No index that was asked has {error.package} {error.version}. What stands behind the plus names a variant "
            "of a release, and PyPI holds no variants: they lie on an index of their makers.",
            _asked_for(error.requirement_at),
        ),
        fixes=(
            "Name the index that has it, on a line of requirements.txt:\n" + code(f"--extra-index-url {index}"),
            "Or ask for the release as PyPI has it:\n" + code(f"{error.package}=={plain}"),
            "If the index is named already, see which versions it has: old ones are removed at times.",
        ),
    )


def held_by_another_index(error: HeldByAnotherIndex) -> Words:
    """Which index has the name, which may have the release, and why the second is not asked."""
    return Words(
        title="Another index has the package, but not this release",
        body=paragraphs(
            f"This index has a package '{error.package}', but nothing that satisfies {error.asked}:",
            code(error.index),
            paragraphs("The next one may have it, and is not asked for this package:", code(error.next_index))
            if error.next_index
            else "Another one has it, and is not asked for this package.",
            "Whoever uploads a package of that name to an open index would otherwise have it installed in the place "
            "of yours (dependency confusion).",
            _asked_for(error.requirement_at),
        ),
        fixes=(
            "Ask for a release that the first index has, or have the release uploaded there.",
            (
                f"If the first index should not have '{error.package}' at all, as with a copy that nobody needs, have "
                "it removed there, or name that index only where it is needed."
            ),
            "If everybody who may upload to any of the indexes is trusted alike, compare the versions of all:\n"
            + code("pack build NAME --env UV_INDEX_STRATEGY=unsafe-best-match"),
        ),
    )


def wheelhouse_incomplete(error: WheelhouseIncomplete) -> Words:
    """What is missing, which of it the server needs, and the command that brings it."""
    minor = ".".join(error.python.split(".")[:2])
    added = (
        f"{' and '.join(error.added)} {'is' if len(error.added) == 1 else 'are'} not in the project's own "
        "requirements: the image needs it to serve the application."
        if error.added
        else ""
    )
    files = [name for name in error.inputs if name.endswith((".txt", ".in"))]
    wanted = " ".join([*(f"-r {name}" for name in files), *(error.added if files else error.missing)])
    return Words(
        title="The directory of packages is not complete",
        body=paragraphs(
            f"Packages come from {error.wheelhouse} alone, and no index is asked. These are not there, or not in a "
            "release that fits:",
            listing(error.missing),
            added,
        ),
        fixes=(
            "Download what is missing, with everything that it needs, on a machine with a network:\n"
            + code(
                f"python -m pip download --dest {error.wheelhouse} --only-binary :all: \\",
                f"    --python-version {minor} --platform manylinux_2_28_x86_64 \\",
                f"    --platform manylinux_2_17_x86_64 {wanted}",
            ),
            "If an index shall be asked after all, name the directory on a line of requirements.txt. It is then one "
            "more place to look in:\n" + code(f"--find-links {error.wheelhouse}"),
        ),
    )


def _asked_for(requirement_at: tuple[Mistake, ...]) -> str:
    if not requirement_at:
        return "No line of the project asks for it: another package does."
    return paragraphs("It is asked for here:", mistakes_listing(requirement_at))

"""Words for inputs that cannot be obeyed: two that contradict each other, and conda packages that are no wheels."""

from __future__ import annotations

import shlex

from ml_buildpack.error_text.layout import Words, code, mistakes_listing, paragraphs
from ml_buildpack.errors import CondaPackagesWithoutWheel, ContradictingInputs

# What writes the requirements of a lock anew; others are written by hand.
_EXPORTS = {
    "Pipfile.lock": "pipenv requirements > requirements.txt",
    "pdm.lock": "pdm export --format requirements --output requirements.txt",
    "poetry.lock": "poetry export --output requirements.txt",
    "uv.lock": "uv export --format requirements.txt --output-file requirements.txt",
}


def contradicting_inputs(error: ContradictingInputs) -> Words:
    """Which two files, where they differ, and how to have one truth."""
    command = _EXPORTS.get(error.obeyed)
    again = f" Write it again:\n{code(command)}" if command and error.other.endswith(".txt") else ""
    return Words(
        title="Two files pin different versions",
        body=paragraphs(
            f"Both {error.obeyed} and {error.other} say exactly what is installed, and not the same:",
            mistakes_listing(error.pins),
        ),
        fixes=(
            f"If {error.obeyed} is right, {error.other} is out of date.{again or ' Delete it, or write it again.'}",
            f"If {error.other} is right, name it for this build, or in the settings of the project:\n"
            + code(f"pack build NAME --env BP_REQUIREMENTS={shlex.quote(error.other)}"),
            f"If only {error.obeyed} shall count and the other stays for something else, name that one:\n"
            + code(f"pack build NAME --env BP_REQUIREMENTS={shlex.quote(error.obeyed)}"),
        ),
    )


def conda_packages_without_wheel(error: CondaPackagesWithoutWheel) -> Words:
    """Each package, its line, and what to do about it."""
    paths = dict.fromkeys(package.where for package in error.packages)
    return Words(
        title="A conda environment asks for packages that are no wheels",
        body=paragraphs(
            "The packages of a conda environment are installed from PyPI under their names there. These are no Python "
            "packages, or have no wheel:",
            mistakes_listing(error.packages),
        ),
        fixes=(
            f"Do for each what stands below it, in {' and '.join(paths)}.",
            "If conda wrote the file, write it again with what you asked for, without what conda added:\n"
            + code("conda env export --from-history > environment.yml"),
            "Or write a requirements.txt with what the code imports. It is used as soon as it is there.",
        ),
    )

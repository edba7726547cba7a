"""Words for failures to find or to read what shall be installed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from ml_buildpack.error_text import known_names
from ml_buildpack.error_text.layout import Words, code, listing, mistakes_listing, paragraphs, quoted
from ml_buildpack.errors import (
    Mistake,
    NoRequirementsFound,
    RequirementsMalformed,
    RequirementsUnreadable,
    UnsupportedDependencyFile,
)

_FREEZE = "python -m pip list --format=freeze > requirements.txt"
_VIRTUAL_ENVIRONMENTS = (".venv", "venv", "env")

# What `pip freeze` prints in a conda environment, and `conda list --export` anywhere.
_WRITTEN_BY_CONDA = re.compile(r"@ *file:///|^[\w.-]+=[\w.]+=\w+$")
_NAMES_A_FILE = re.compile(r"^(?:-r|-c|--requirement|--constraint)\b")

_EXPORTS = {
    "conda-lock.yaml": _FREEZE,
    "conda-lock.yml": _FREEZE,
    "pixi.lock": "pixi workspace export conda-environment environment.yml",
    "pixi.toml": "pixi workspace export conda-environment environment.yml",
}


def no_requirements_found(error: NoRequirementsFound) -> Words:
    """What was looked for, what is there instead, and the likeliest reason first."""
    there = (
        paragraphs("This lies at the top of the application directory:", listing(error.present))
        if error.present
        else "The application directory has no files at all at its top."
    )
    return Words(
        title="No requirements were found",
        body=paragraphs("No file says which packages the image needs, such as requirements.txt.", there),
        fixes=(
            *_likely_reasons(error.present),
            "Write a requirements.txt at the top of the directory, one package on each line:\n"
            + code("scikit-learn==1.5.2", "flask"),
            (
                "If the file exists on your machine: is it committed, is it in the directory that --path names, and "
                "not excluded in project.toml?"
            ),
            "If the application needs no package at all, say so with an empty file:\n" + code("touch requirements.txt"),
        ),
    )


def _likely_reasons(present: tuple[str, ...]) -> list[str]:
    names = [name.rstrip("/") for name in present]
    fixes: list[str] = []
    for name in names:
        meant = known_names.file_meant(name)
        if meant is not None:
            fixes.append(f"{name} looks like {meant}. Rename it:\n{code(f'git mv {shlex.quote(name)} {meant}')}")
        elif known_names.is_requirements_file_of_a_purpose(name):
            fixes.append(f"If {name} is meant, say so: pack build --env BP_REQUIREMENTS={shlex.quote(name)}")
    environment = next((name for name in names if name in _VIRTUAL_ENVIRONMENTS), None)
    if environment is not None:
        fixes.append(
            f"{environment} holds an environment, which works on its own machine only. Write down what is in it:\n"
            + code(f"{environment}/bin/{_FREEZE}"),
        )
    elif any(name.endswith(".ipynb") for name in names):
        fixes.append(f"A notebook does not say what it needs. Where it runs, write that down:\n{code(_FREEZE)}")
    if not names:
        fixes.append("Is this the right directory? Name it: pack build NAME --path DIRECTORY")
    return fixes


def requirements_unreadable(error: RequirementsUnreadable) -> Words:
    """Which file, and how to write it in an encoding that every tool reads."""
    path = shlex.quote(error.path)
    return Words(
        title="A requirements file is not readable as text",
        body=paragraphs(
            f"{error.path} is not UTF-8, has no byte order mark that tells its encoding, or cannot be read:",
            quoted([error.detail]),
        ),
        fixes=(
            "Save the file as UTF-8: every editor can, and in PowerShell it is\n"
            + code("pip freeze | Out-File -Encoding utf8 requirements.txt"),
            f"To see what is in it: file {path}",
            (
                f"If it is in an older encoding, convert "
                f"it:\n{code(f'iconv -f latin1 -t utf-8 {path} > requirements.new')}"
            ),
        ),
    )


def requirements_malformed(error: RequirementsMalformed) -> Words:
    """Every line that cannot be used, with advice for the mistakes that are recognised."""
    return Words(
        title="Lines of the requirements cannot be understood",
        body=paragraphs(
            "These lines of requirements files cannot be used, or name files that do not exist:",
            mistakes_listing(sorted(error.mistakes, key=lambda mistake: (mistake.where, mistake.line or 0))),
        ),
        fixes=(
            *_advice_for(error.mistakes),
            "Correct the lines named above; a line is a name, a version and perhaps a marker:\n"
            + code("scikit-learn==1.5.2", 'pandas>=2,<3 ; python_version >= "3.10"'),
            "Try the file where you work:\n" + code("python -m pip install --dry-run -r requirements.txt"),
        ),
    )


def _advice_for(mistakes: Sequence[Mistake]) -> list[str]:
    """What helps with several lines at once; what helps with one of them stands below it."""
    fixes: list[str] = []
    if any(_WRITTEN_BY_CONDA.search(mistake.text) for mistake in mistakes):
        fixes.append("If conda wrote the file, write it again in a form that pip reads:\n" + code(_FREEZE))
    if any(_NAMES_A_FILE.search(mistake.text) for mistake in mistakes):
        fixes.append(
            "A file that -r or -c names is looked up beside the file that names it. If it exists on your machine: is "
            "it committed, and not excluded in project.toml?",
        )
    return fixes


def unsupported_dependency_file(error: UnsupportedDependencyFile) -> Words:
    """Which files were recognised, and the command that turns each into one that can be installed from."""
    known = [path for path in error.paths if _export_of(path)]
    commands = tuple(dict.fromkeys(_export_of(path) for path in known))
    return Words(
        title="The dependencies are in a form that is not supported yet",
        body=paragraphs(
            "The project says what it needs, but only in files that this version of the buildpack cannot install from:",
            listing(error.paths),
        ),
        fixes=(
            *(f"Write a file that it can install from, with what you have:\n{code(command)}" for command in commands),
            (
                "Or write a requirements.txt by hand, one package on each line, and commit it beside the others. It is "
                "used as soon as it is there."
            ),
        ),
    )


def _export_of(path: str) -> str:
    return _EXPORTS.get(path.rpartition("/")[2], "")

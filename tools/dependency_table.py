"""Write the table of docs/dependencies.md from the fixtures, each read by the program itself: `make docs`.

Prints nothing and changes nothing where the table is up to date; tests/rules compares it too.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from ml_buildpack.errors import BuildpackError  # noqa: E402 - found through the path above
from ml_buildpack.facts.dependencies import Dependencies, InputKind  # noqa: E402
from ml_buildpack.facts.dependency_choice import choose_dependencies  # noqa: E402
from ml_buildpack.facts.project_files import find_project_files  # noqa: E402
from ml_buildpack.facts.settings import read_settings  # noqa: E402
from ml_buildpack.plan.resolution_method import GivenLock, Loose, Pinned, UvExport, choose_method  # noqa: E402

DOCUMENT = ROOT / "docs" / "dependencies.md"
BEGIN, END = "<!-- table: make docs -->\n", "<!-- end of the table -->"
INPUTS = sorted((ROOT / "fixtures" / "inputs").iterdir())
# Those named `python-…` are about the Python and not about dependencies.
EXAMPLES = (ROOT / "fixtures" / "iris-flask", *(path for path in INPUTS if not path.name.startswith("python-")))

# What a reader refuses, in a few words; each has a message of its own in docs/errors.md.
REFUSED = {
    InputKind.PYLOCK: "an invalid lock; extras or groups that it does not have; a Python that it excludes",
    InputKind.UV_LOCK: "a lock that is out of date (ML-LOCK-008); a workspace in which no member stands out",
    InputKind.POETRY_LOCK: "a lock that is out of date (ML-LOCK-008); lock versions that it does not know",
    InputKind.PDM_LOCK: "a lock that is out of date (ML-LOCK-008); lock versions that it does not know",
    InputKind.PIPFILE_LOCK: "a lock that is out of date (ML-LOCK-008)",
    InputKind.REQUIREMENTS: "lines that pip refuses; paths outside of the project; included addresses",
    InputKind.PIPFILE: "entries that pipenv refuses",
    InputKind.PYPROJECT: "extras and groups that do not exist; constraints that PEP 440 cannot express",
    InputKind.SETUP: "what its own build backend refuses",
    InputKind.CONDA: "packages without a wheel: compilers, R, programs (ML-REQ-006)",
}

REFUSED_BY_CONDA = "packages that no channel has (ML-CONDA-003), or that do not fit together (ML-CONDA-004)"


def main() -> None:
    """Write the document anew where its table changed."""
    text = DOCUMENT.read_text(encoding="utf-8")
    wanted = with_table(text)
    if wanted != text:
        DOCUMENT.write_text(wanted, encoding="utf-8")


def with_table(text: str) -> str:
    """The document with the table as the fixtures have it now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n".join(rows()) + "\n" + END + after


def rows() -> list[str]:
    """The lines of the table: one for each fixture that can be read."""
    found = ["| input | example | what is done | what is refused |", "|---|---|---|---|"]
    for directory in EXAMPLES:
        files = find_project_files(directory)
        try:
            dependencies = choose_dependencies(files, read_settings(files, {}))
        except BuildpackError:
            # A fixture of what is refused; docs/errors.md shows it.
            continue
        path = directory.relative_to(ROOT).as_posix()
        link = f"[{path.removeprefix('fixtures/')}](../{path})"
        refused = REFUSED[dependencies.kind] if dependencies.conda is None else REFUSED_BY_CONDA
        cells = (f"`{dependencies.path}`", link, describe(dependencies), refused)
        found.append("| " + " | ".join(cells) + " |")
    return found


def describe(dependencies: Dependencies) -> str:
    """What a build does with that input, as the plan says it."""
    if dependencies.conda is not None:
        return "conda's own packages, solved by py-rattler; the `pip:` section is resolved by uv on top of them"
    match choose_method(dependencies):
        case Loose(sources=sources):
            done = "resolved, by its build backend's metadata" if sources else "resolved by uv or pip-tools"
        case Pinned():
            done = "obeyed: the pins, their hashes and indexes; nothing is added but the server"
        case GivenLock():
            done = "obeyed as it is; nothing is added but the server"
        case UvExport():
            done = "obeyed: exported by uv; nothing is added but the server"
    return done + ("; the project itself is installed" if dependencies.project is not None else "")


if __name__ == "__main__":
    main()

"""Words for models that cannot be served, or cannot be told apart."""

from __future__ import annotations

import json
import shlex

from ml_buildpack.error_text.layout import (
    DETAIL,
    EVIDENCE,
    Words,
    code,
    listing,
    mistakes_listing,
    paragraphs,
    printable,
)
from ml_buildpack.errors import (
    DamagedModels,
    DangerousModels,
    EmptyModels,
    ForeignModules,
    Mistake,
    ModelsNotServable,
    ModelVersionsContradict,
    SeveralModels,
)


def _leave_out(path: str) -> str:
    """The end of a list of fixes."""
    exclude = json.dumps(path, ensure_ascii=False)
    return "If the image does not need it, leave it out in project.toml:\n" + code(
        "[io.buildpacks]", f"exclude = [{exclude}]"
    )


def _paths_and_texts(models: tuple[Mistake, ...]) -> str:
    return "\n".join(f"{EVIDENCE}{printable(model.where)}\n{DETAIL}{printable(model.text)}" for model in models)


def empty_models(error: EmptyModels) -> Words:
    """Which files, and why they may be empty."""
    return Words(
        title="A model file is empty",
        body=paragraphs("These files are called like models, and hold nothing:", listing(error.paths)),
        fixes=(
            "Save the model again, and look at the size of the file: ls -l " + shlex.quote(error.paths[0]),
            "If the file is fetched in a pipeline (DVC, a bucket, a cache), that step failed without saying so.",
            _leave_out(error.paths[0]),
        ),
    )


def damaged_models(error: DamagedModels) -> Words:
    """Which files, and where reading them ended."""
    return Words(
        title="A model file cannot be read",
        body=paragraphs(
            "These files are called like models, or begin like one, and cannot be read as such:",
            mistakes_listing(error.mistakes),
        ),
        fixes=(
            "If the file was copied or downloaded, do so again and compare its size: the end may be missing.",
            "If it was saved by a program that was interrupted, save it again.",
            _leave_out(error.mistakes[0].where),
        ),
    )


def several_models(error: SeveralModels) -> Words:
    """The files, and how to choose one of them, or to serve them all."""
    wide = max(len(candidate.where) for candidate in error.candidates)
    rows = [f"{printable(candidate.where):{wide}}   {candidate.detail}" for candidate in error.candidates]
    first, second = error.candidates[0].where, error.candidates[1].where
    return Words(
        title="Several files could be the same model",
        body=paragraphs(f'Each of these would be served as "{error.name}", and only one can be:', listing(rows)),
        fixes=(
            "Name one, in pyproject.toml or for this build:\n"
            + code("[tool.ml-buildpack.model]", f"path = {json.dumps(first, ensure_ascii=False)}", "")
            + "\n"
            + code(f"pack build NAME --env BP_MODEL={shlex.quote(first)}"),
            "If they are different models, give their files different names. All of them are served then.",
            "If they are versions of one model, put each into a directory with its number:\n"
            + code(f"{error.name}/1/{first.rpartition('/')[2]}", f"{error.name}/2/{second.rpartition('/')[2]}"),
        ),
    )


def models_not_servable(error: ModelsNotServable) -> Words:
    """What each file is, and what to do with it."""
    return Words(
        title="A model cannot be served as it is",
        body=paragraphs("These files are known, and there is no server for them:", _paths_and_texts(error.models)),
        fixes=(
            *dict.fromkeys(_indented(model.detail) for model in error.models),
            _leave_out(error.models[0].where),
        ),
    )


def _indented(text: str) -> str:
    """A sentence, and lines to copy where it has some."""
    sentence, *lines = text.split("\n")
    return sentence + ("\n" + code(*(line.strip() for line in lines)) if lines else "")


def foreign_modules(error: ForeignModules) -> Words:
    """Which modules each pickle needs, and how they come into the image."""
    main = any("__main__" in model.text.split(", ") for model in error.models)
    moved = (
        (
            (
                "Move the classes and functions of the notebook or script into a module, for example features.py, "
                "import them from there, train and save the model again, and put the module beside it."
            ),
        )
        if main
        else ()
    )
    return Words(
        title="A model needs code that is not here",
        body=paragraphs(
            "A pickle holds only the names of its classes. Loading these models imports modules that no known library "
            "brings, and that are no files of the project:",
            mistakes_listing(error.models),
        ),
        fixes=(
            *moved,
            "If a module is your own, put its file, or its package, at the top of the directory.",
            "If it comes with a package from an index, name the package in a requirements.txt.",
            "Or export the model to a format that holds its own code, such as ONNX.",
        ),
    )


def dangerous_models(error: DangerousModels) -> Words:
    """Which names each pickle reaches for, and how to allow one on purpose."""
    first = error.models[0].text.split(", ")[0]
    return Words(
        title="A model file runs commands when it is loaded",
        body=paragraphs(
            "Loading a pickle calls what it names. These name functions that run commands, read files or open "
            "connections, which no model needs:",
            mistakes_listing(error.models),
        ),
        fixes=(
            (
                "If the file came from somebody else, do not load it anywhere, and ask for a safe format: ONNX, skops, "
                "safetensors, or the library's own."
            ),
            "If it is yours and you know why it does so, allow the name:\n"
            + code("[tool.ml-buildpack.model]", f"allow = [{json.dumps(first, ensure_ascii=False)}]", "")
            + "\n"
            + code(f"pack build NAME --env BP_MODEL_ALLOW={shlex.quote(first)}"),
        ),
    )


def model_versions_contradict(error: ModelVersionsContradict) -> Words:
    """Which requirement, and which releases read the model."""
    return Words(
        title="The required version cannot read the model",
        body=paragraphs(
            "The model says what it was saved with, and these requirements exclude what reads it:",
            mistakes_listing(error.mistakes),
        ),
        fixes=(
            "Ask for a version that reads it, best the one that it was saved with.",
            "If that version must stay, save the model again with it.",
            "Or remove the requirement: without one, the version comes from the model.",
        ),
    )

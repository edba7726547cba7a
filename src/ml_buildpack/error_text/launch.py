"""Words for failures to find what the image shall run, and the model that it shall serve."""

from __future__ import annotations

import json
import shlex

from ml_buildpack.error_text.layout import (
    EVIDENCE,
    Words,
    code,
    listing,
    mistakes_listing,
    paragraphs,
    place,
    printable,
)
from ml_buildpack.errors import LfsPointerFound, MalformedProcfile, Mistake, ModuleNameTaken, NoWebEntry, TwoWebEntries
from ml_buildpack.sizes import render_bytes

_NOTHING_TO_READ = (
    "There is no Python file where an application is usually made: main.py, app.py, server.py, api.py, serve.py, "
    "predict.py, wsgi.py, asgi.py, and packages below src/ and app/."
)


def no_web_entry(error: NoWebEntry) -> Words:
    """Where was looked, what could not be read, and how to say it."""
    unread = {mistake.where for mistake in error.unparsable}
    read = tuple(path for path in error.searched if path not in unread)
    fixes = [f"Correct {place(error.unparsable[0])}: the application may be in that file."] if error.unparsable else []
    return Words(
        title="No application was found that could be served",
        body=paragraphs(
            "" if error.searched else _NOTHING_TO_READ,
            "These files were read, and none of them makes an application at its top level:" if read else "",
            listing(read),
            "In these, something stands in the way:" if unread else "",
            mistakes_listing(error.unparsable),
        ),
        fixes=(
            *fixes,
            "If there is an application, name its module and its variable. " + _app_setting("package.module:app"),
            "Or write a file named Procfile, with the command that serves on $PORT:\n"
            + code("web: gunicorn --bind 0.0.0.0:$PORT package.module:app"),
            "A directory of notebooks, or of a model whose format is not served yet, needs a small app.py:\n"
            + code("from flask import Flask", "app = Flask(__name__)"),
        ),
    )


def two_web_entries(error: TwoWebEntries) -> Words:
    """The candidates, and the line that chooses one of them."""
    shown = error.candidates
    wide = max(len(place(candidate)) for candidate in shown)
    written = max(len(candidate.text) for candidate in shown)
    rows = (f"{place(one):{wide}}   {one.text:{written}}   {one.detail}" for one in shown)
    first = shown[0]
    other = next((one for one in shown if one.where != first.where), None)
    fixes = [
        f"Name the one to serve. {_app_setting(_import_string(first))}",
        "Or write a file named Procfile, with the command that serves on $PORT.",
    ]
    if other is not None:
        fixes.append(
            "Or leave the other out of the image, in project.toml:\n"
            + code("[io.buildpacks]", f"exclude = [{json.dumps(other.where, ensure_ascii=False)}]"),
        )
    both = "Both of these" if len(shown) == len(("one", "other")) else "Each of these"
    return Words(
        title="Several applications were found and none was chosen",
        body=paragraphs(f"{both} can be served, and nothing says which one shall be:", listing(rows)),
        fixes=tuple(fixes),
    )


def _import_string(candidate: Mistake) -> str:
    """`module:attribute`: what stands in `text`, or its attribute in the module of the file."""
    if ":" in candidate.text:
        return candidate.text
    module = candidate.where.removeprefix("src/").removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return f"{module}:{candidate.text}"


def _app_setting(import_string: str) -> str:
    """The end of a sentence that says to name the application."""
    setting = code("[tool.ml-buildpack]", f"app = {json.dumps(import_string, ensure_ascii=False)}")
    command = code(f"pack build NAME --env BP_APP={shlex.quote(import_string)}")
    return f"In pyproject.toml:\n{setting}\nor for one build:\n{command}"


def malformed_procfile(error: MalformedProcfile) -> Words:
    """Every line that is not `name: command`."""
    return Words(
        title="The Procfile has lines that cannot be understood",
        body=paragraphs("Each line names a process and its command. These do not:", mistakes_listing(error.mistakes)),
        fixes=(
            "Write each process on one line, as `name: command`; the one that takes requests is `web`:\n"
            + code("web: gunicorn --bind 0.0.0.0:$PORT main:app", "# a comment"),
            "Or delete the Procfile, if the application is to be found and served without it.",
        ),
    )


def module_name_taken(error: ModuleNameTaken) -> Words:
    """The files, and what each would stand in front of."""
    return Words(
        title="A module hides the program that starts the application",
        body=paragraphs(
            "Python looks for modules in the application directory first, so these would run instead:",
            mistakes_listing(error.mistakes),
        ),
        fixes=(
            "Rename what is named above, and what imports it.",
            "Or start the application by a command of your own, in a file named Procfile:\n"
            + code("web: uvicorn --host 0.0.0.0 --port $PORT package.module:app"),
        ),
    )


def lfs_pointer_found(error: LfsPointerFound) -> Words:
    """Which files, how large the real ones are, and how to get them."""
    wide = max(len(path) for path, _ in error.pointers)
    sizes = {path: f"{printable(path):{wide}}   {render_bytes(size_bytes)}" for path, size_bytes in error.pointers}
    paths = tuple(sizes)
    return Words(
        title="A model file holds a Git-LFS pointer instead of the model",
        body=paragraphs(
            "Git keeps these files elsewhere and left a short text in their place. The size is that of the real file:",
            listing(sizes.values()),
        ),
        fixes=(
            "Fetch the real files, and build again:\n" + code("git lfs install", "git lfs pull"),
            "In a pipeline, have the checkout fetch them. On GitHub Actions:\n"
            + code("- uses: actions/checkout@v4", "  with:", "    lfs: true"),
            "On kpack, which clones by itself: push the real files in an image or archive as the source instead.",
            (
                "If the image does not need them, leave them out in project.toml:\n"
                f"{EVIDENCE}[io.buildpacks]\n{EVIDENCE}exclude = [{json.dumps(paths[0], ensure_ascii=False)}]"
            ),
        ),
    )

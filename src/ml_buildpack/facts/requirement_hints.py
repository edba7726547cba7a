"""What is wrong with a line that is no requirement, in a sentence that tells what to write instead.

Pure: text in, text out. Called when `packaging` refuses a line, and when a path leads out of the project.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]]*\])?)"
_VERSION = r"(?P<version>\d[A-Za-z0-9.+!_-]*)"
_WINDOWS_DRIVE = re.compile(r"/*[A-Za-z]:[\\/]")
# Where conda's own build machines unpack: what `pip freeze` prints in a conda environment points there.
_CONDA_MACHINES = re.compile(
    r"/croot/|feedstock_root|conda-bld|/bld/|/tmp/build/|/tmp/abs_|/opt/concourse/|/ci_|/[Cc]i/"
)
_CONDA_FREEZE = (
    "It points to a place on the machine that built a conda package: `pip freeze` prints such lines in a conda"
    ' environment. Write name==version, or make the list again with "pip list --format=freeze".'
)

_Explain = Callable[[re.Match[str]], str]
# The first that matches explains. Each is a form that people paste from another tool, or that pip once took.
_FORMS: tuple[tuple[re.Pattern[str], _Explain], ...] = (
    (
        re.compile(rf"{_NAME}={_VERSION}=[A-Za-z0-9._]+"),
        lambda found: f'This is the form of "conda list --export". Write "{found["name"]}=={found["version"]}".',
    ),
    (
        re.compile(rf"{_NAME}\s*=\s*{_VERSION}"),
        lambda found: f'One "=" compares nothing. Write "{found["name"]}=={found["version"]}".',
    ),
    (
        re.compile(rf"{_NAME}\s+{_VERSION}"),
        lambda found: f'There is nothing between name and version. Write "{found["name"]}=={found["version"]}".',
    ),
    (
        re.compile(rf"{_NAME}\s*\^\s*{_VERSION}"),
        lambda found: f'"^" is Poetry\'s. Write a range, such as "{found["name"]}>={found["version"]}".',
    ),
    (
        re.compile(r"(python3?\s+-m\s+)?pip3?\s+install\s+(?P<rest>.+)"),
        lambda found: f'This is a command. Write only "{found["rest"]}".',
    ),
    (
        re.compile(r"(git\+)?git@\S+"),
        lambda _: 'pip takes this address with "git+ssh://" at its beginning and "/" in place of ":".',
    ),
    (
        re.compile(r"(<<<<<<<|=======|>>>>>>>).*"),
        lambda _: "A merge left this mark. Resolve the conflict in this file.",
    ),
    (
        re.compile(r"""["'].*["'],?"""),
        lambda _: "A requirement stands without quotes and without a comma.",
    ),
    (
        re.compile(rf"{_NAME}[^;@]*,\s*[A-Za-z].*"),
        lambda _: "There is more than one requirement here. Write each on a line of its own.",
    ),
)  # fmt: skip


def explain_malformed(text: str, message: str) -> str:
    """A sentence for that line; where its form is not known, the parser's own `message`."""
    for form, explain in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return explain(found)
    return message.strip().split("\n", maxsplit=1)[0].rstrip(".") + "."


def explain_outside(written: str) -> str:
    """A sentence for a path that leads out of the application directory."""
    if is_windows_path(written):
        return f"This is a path on a Windows machine. {_CONDA_FREEZE}"
    if _CONDA_MACHINES.search(written) is not None:
        return _CONDA_FREEZE
    return "This path leads out of the application directory, and only that directory is part of the build."


def is_windows_path(written: str) -> bool:
    r"""Whether it begins with a drive, as in `C:\\x`, `C:/x`, or the `/C:/x` of a file URL."""
    return _WINDOWS_DRIVE.match(written) is not None

"""Words for failures of the buildpack itself."""

from __future__ import annotations

import shlex
import traceback

from ml_buildpack.error_text.layout import Words, log_tail, paragraphs, quoted
from ml_buildpack.errors import CommandFailed

# What a process ends with that the kernel killed for its memory: seen as a signal by Python, as 128 + 9 by a shell.
_KILLED = (-9, 137)


def command_failed(error: CommandFailed) -> Words:
    """The command, its exit code and the end of its output."""
    tail = log_tail(error.output_tail)
    fixes = ["Build once more without what earlier builds left: pack build --clear-cache"]
    if error.exit_code in _KILLED:
        fixes.insert(
            0,
            "The command was killed, most often because memory ran out: give the build, or the machine that Docker "
            "runs on, more of it.",
        )
    return Words(
        title="A tool of the buildpack failed",
        body=paragraphs(
            f"This command ended with exit code {error.exit_code}, which it should not:",
            quoted([shlex.join(error.argv)]),
            paragraphs("It printed:", tail) if tail else "It printed nothing.",
        ),
        fixes=tuple(fixes),
    )


def unexpected(error: BaseException) -> Words:
    """An exception that no type of the catalogue describes, with its traceback."""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return Words(
        title="The buildpack met something that it does not expect",
        body=paragraphs("The program stopped with:", log_tail(trace)),
        fixes=("Build once more without what earlier builds left: pack build --clear-cache",),
    )

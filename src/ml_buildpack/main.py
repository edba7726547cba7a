"""The one place where phases meet exit codes, and failures meet words.

Detect ends with 0 (take part), 100 (nothing to do) or 1; build with 0 or 1. Source: buildpack.md of API 0.10.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

EXIT_OK = 0
EXIT_ERROR = 1
DETECT_EXIT_FAIL = 100
_OPERANDS_MAX = {"explain": 2, "lock": 1}
# Everybody may read, nobody else may write.
_UMASK = 0o022
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def main(arguments: Sequence[str]) -> int:
    """Run a phase and return its exit code. The only `except Exception` of the program is here."""
    # Filled by the build as it learns them: the error that ends it is said here, outside of its console.
    secrets: set[str] = set()
    try:
        return _run(arguments, secrets)
    except Exception as error:  # noqa: BLE001  # what is not ours is a bug, and its traceback is what a report needs
        _report(error, secrets)
        return EXIT_ERROR


def _run(arguments: Sequence[str], secrets: set[str]) -> int:
    match tuple(arguments):
        case ("detect",):
            return _detect()
        case ("build",):
            return _build(secrets)
        case ("explain" | "lock" as command, *rest) if len(rest) <= _OPERANDS_MAX.get(command, 0):
            return _explain(command, rest)
        case _:
            sys.stderr.write("usage: python -I -B src (detect | build | explain [DIR] [--json] | lock [DIR])\n")
            return EXIT_ERROR


def _detect() -> int:
    from ml_buildpack.cnb.environment import read_detect_context
    from ml_buildpack.detect import Fail, Pass, detect

    context = read_detect_context(os.environ, Path.cwd())
    detection = detect(context)
    match detection:
        case Pass(plan=plan, reason=reason):
            context.build_plan_path.write_text(plan.to_toml(), encoding="utf-8")
            sys.stdout.write(f"ml-buildpack: {reason}\n")
            return EXIT_OK
        case Fail(reason=reason):
            sys.stdout.write(f"ml-buildpack: {reason}\n")
            return DETECT_EXIT_FAIL


def _build(secrets: set[str]) -> int:
    from ml_buildpack.apply.tools import make_tools
    from ml_buildpack.build import build
    from ml_buildpack.cnb.context import read_build_context
    from ml_buildpack.console import StreamConsole

    # Permissions are part of a layer: a stricter mask of the platform would make an image that its user cannot read.
    os.umask(_UMASK)
    console = StreamConsole(secrets=secrets)
    context = read_build_context(os.environ, Path.cwd())
    with make_tools(context, console) as tools:
        build(context, console, tools)
    console.done()
    return EXIT_OK


def _explain(command: str, arguments: Sequence[str]) -> int:
    from ml_buildpack.explain import explain, explain_as_json, lock

    directories = [argument for argument in arguments if argument != "--json"]
    app_dir = Path(directories[0] if directories else ".").resolve()
    buildpack_dir = Path(__file__).resolve().parents[2]
    tell = lock if command == "lock" else explain_as_json if "--json" in arguments else explain
    sys.stdout.write(tell(app_dir, os.environ, buildpack_dir))
    return EXIT_OK


def _report(error: Exception, secrets: set[str]) -> None:
    """Say what went wrong, in words where it is a failure that a user can meet."""
    from ml_buildpack.error_text import render, render_text, render_unexpected
    from ml_buildpack.errors import BuildpackError, DiskFull
    from ml_buildpack.problems import SeveralProblems
    from ml_buildpack.redaction import hide_secrets

    sys.stdout.flush()
    if isinstance(error, OSError) and (full := _full_path(error)) is not None:
        error = DiskFull(path=full)
    if isinstance(error, SeveralProblems):
        for problem in error.errors:
            _report(problem, secrets)
        return
    text = render(error) if isinstance(error, BuildpackError) else render_unexpected(error)
    sys.stderr.write("\n" + hide_secrets(render_text(text), secrets) + "\n")


def _full_path(error: OSError) -> str | None:
    """What could not be written because the disk is full; None where that is not the reason."""
    import shutil

    if error.errno in _DISK_FULL:
        return str(error.filename or "a temporary file")
    # shutil copies what it can, and then tells of each failure in words.
    failures: list[tuple[str, str, str]] = error.args[0] if isinstance(error, shutil.Error) else []
    for _source, target, why in failures:
        if any(os.strerror(code) in why for code in _DISK_FULL):
            return str(target)
    return None

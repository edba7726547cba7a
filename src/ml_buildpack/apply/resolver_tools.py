"""Run uv and pip-tools, and read the locks that they write."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import packaging

from ml_buildpack.apply import commands
from ml_buildpack.apply.lock_document import Document, settle
from ml_buildpack.apply.tool_failures import classify_resolution
from ml_buildpack.errors import BuildpackError, LockOutOfDate, PackageNotFound, ResolutionConflict
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.resolution_method import Loose, UvSelection
from ml_buildpack.plan.tool_environment import uv_arguments, with_only_index
from ml_buildpack.redaction import redact

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_INDEX_VARIABLES = frozenset({"UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS"})
PIP_TOOLS_PINS = "pins.txt"
# `-m` would put the application directory in front of everything, so that its `logging.py` or `click.py` would run.
_PIP_TOOLS = "import sys; sys.path.insert(0, sys.argv.pop(1)); from piptools.__main__ import cli; cli()"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolverTools:
    """Where the tools are and in which environment they run.

    `provided` is a file of constraints that name what the interpreter's environment has already. `is_universal`: the
    lock is for every platform and for every Python from the interpreter's on, with markers.
    """

    uv: Path
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path
    is_universal: bool = False
    provided: Path | None = None

    def write(self, name: str, text: str) -> Path:
        """A file for a tool to read, outside the application directory."""
        path = self.scratch / name
        path.write_text(text, encoding="utf-8")
        return path


def uv_compile(
    plan: ResolutionPlan,
    tools: ResolverTools,
    inputs: tuple[Path, ...],
    *,
    constraints: Path | None = None,
    with_dependencies: bool = True,
    index: str | None = None,
) -> Document:
    """The lock that uv makes of requirements. `index` is the only one that is asked, where there is one."""
    if index is not None:
        tools = replace(tools, env=with_only_index(tools.env, index))
    sources = _source_arguments(plan, tools) if with_dependencies else ()
    argv = _compile_arguments(plan, tools, inputs, constraints, sources)
    argv = (*argv, *(() if with_dependencies else ("--no-deps",)), *(("--universal",) if tools.is_universal else ()))
    if not _has_several_indexes(plan, tools):
        return _run_uv(argv, plan, tools)
    # Requirements are in pip's format, and pip takes the best version of all indexes. uv's own way would refuse pins
    # that a second index has, such as those of everything that PyTorch's indexes hold old copies of.
    try:
        return _run_uv((*argv, "--index-strategy", "unsafe-best-match"), plan, tools)
    except (PackageNotFound, ResolutionConflict):
        # Asked this way, uv passes over an index that refuses it, and says nothing. Its own way stops there.
        _find_refusal((*argv, "--index-strategy", "first-index"), plan, tools)
        raise


def _compile_arguments(
    plan: ResolutionPlan,
    tools: ResolverTools,
    inputs: tuple[Path, ...],
    constraints: Path | None,
    sources: tuple[str, ...],
) -> tuple[str, ...]:
    return (
        str(tools.uv), "pip", "compile", *map(str, inputs), *sources,
        *(() if constraints is None else ("--constraints", str(constraints))),
        *(() if tools.provided is None else ("--constraints", str(tools.provided))), *uv_arguments(tools.env),
        # Project files may name their sources in uv's own table; nobody else's configuration is read.
        *(() if sources else ("--no-config",)),
        *_local_links(plan, tools),
    )  # fmt: skip


def uv_annotated(plan: ResolutionPlan, tools: ResolverTools, inputs: tuple[Path, ...], locked: Path) -> str:
    """What `uv_compile` resolved, as requirements with the comments that say what needs each; nothing where it fails.

    `locked` holds the pins of the answer, so that this is no other one.
    """
    output = tools.scratch / "annotated.txt"
    output.unlink(missing_ok=True)
    several = ("--index-strategy", "unsafe-best-match") if _has_several_indexes(plan, tools) else ()
    argv = (
        *_compile_arguments(plan, tools, inputs, locked, _source_arguments(plan, tools)), *several,
        "--output-file", str(output), "--python", plan.interpreter.path, "--no-header", "--quiet",
        "--annotation-style", "line",
    )  # fmt: skip
    commands.run(argv, env=tools.env, cwd=tools.app_dir)
    return output.read_text(encoding="utf-8") if output.is_file() else ""


def _has_several_indexes(plan: ResolutionPlan, tools: ResolverTools) -> bool:
    is_chosen = "UV_INDEX_STRATEGY" in tools.env
    return not is_chosen and ("UV_INDEX" in tools.env or "--extra-index-url" in plan.requirements_text)


def _find_refusal(argv: tuple[str, ...], plan: ResolutionPlan, tools: ResolverTools) -> None:
    """Nothing, where no index refused. Raises: IndexUnauthorised."""
    try:
        _run_uv(argv, plan, tools)
    except (PackageNotFound, ResolutionConflict):
        return


def uv_export(selection: UvSelection, plan: ResolutionPlan, tools: ResolverTools) -> Document:
    """The project's `uv.lock` in the standard format, if it is up to date.

    A lock names the indexes that it was made with. Another default, such as a mirror, would make every lock look stale,
    so uv is asked once more without the indexes of the environment before that is believed.
    """
    argv = (
        str(tools.uv), "export", "--locked", "--no-default-groups",
        *(part for extra in selection.extras for part in ("--extra", extra)),
        *(part for group in selection.groups for part in ("--group", group)),
        *(() if selection.package is None else ("--package", selection.package)),
    )  # fmt: skip
    try:
        return _run_uv(argv, plan, tools)
    except LockOutOfDate as stale:
        without = {name: value for name, value in tools.env.items() if name not in _INDEX_VARIABLES}
        if without == tools.env:
            raise
        try:
            # Nothing has to be asked for a lock that is up to date, and an index that nobody named must not be.
            return _run_uv((*argv, "--offline"), plan, replace(tools, env=without))
        except BuildpackError:
            raise stale from None


def _run_uv(argv: tuple[str, ...], plan: ResolutionPlan, tools: ResolverTools) -> Document:
    output = tools.scratch / "pylock.toml"
    # An older lock in its place would be taken as a preference.
    output.unlink(missing_ok=True)
    common = (
        "--format", "pylock.toml", "--output-file", str(output), "--python", plan.interpreter.path, "--no-header",
        "--quiet",
    )  # fmt: skip
    result = commands.run((*argv, *common), env=tools.env, cwd=tools.app_dir)
    if result.exit_code != 0:
        raise classify_resolution(result.output, plan)
    document = tomllib.loads(output.read_text(encoding="utf-8"))
    environment = None if tools.is_universal else plan.interpreter.environment
    return settle(document, tools.scratch, tools.app_dir, environment)


def pip_compile(plan: ResolutionPlan, tools: ResolverTools, requirements: Path, constraints: Path) -> Path:
    """The file of pins that pip-tools makes of requirements."""
    found = tools.scratch / PIP_TOOLS_PINS
    # pip-tools resolves for the interpreter that runs it, so it runs on the application's, with our libraries.
    libraries = str(Path(packaging.__file__).parent.parent)
    argv = (
        plan.interpreter.path, "-I", "-B", "-c", _PIP_TOOLS, libraries, "compile", str(requirements),
        *_source_arguments(plan, tools), "--constraint", str(constraints), "--output-file", str(found),
        "--cache-dir", str(tools.scratch / "pip-tools"), "--strip-extras", "--allow-unsafe",
        "--annotation-style", "line", "--no-header", "--quiet", *_local_links(plan, tools),
    )  # fmt: skip
    result = commands.run(argv, env=tools.env, cwd=tools.app_dir)
    if result.exit_code != 0:
        # pip-tools ends in a traceback. uv is asked the same question for its explanation; where it finds an answer,
        # pip's own words have to do.
        uv_compile(plan, tools, (requirements,), constraints=constraints)
        raise classify_resolution(_without_traceback(result.output), plan)
    return found


def _source_arguments(plan: ResolutionPlan, tools: ResolverTools) -> tuple[str, ...]:
    """The project's own files, for their build backend, with what is chosen of them."""
    if not isinstance(plan.method, Loose):
        return ()
    return tuple(
        argument
        for source in plan.method.sources
        for argument in (
            str(tools.app_dir / source.path),
            *(part for extra in source.extras for part in ("--extra", extra)),
            *(part for group in source.groups for part in ("--group", group)),
        )
    )


def _local_links(plan: ResolutionPlan, tools: ResolverTools) -> tuple[str, ...]:
    return tuple(part for link in plan.local_links for part in ("--find-links", str(tools.app_dir / link)))


def _without_traceback(output: str) -> str:
    before, _, after = output.partition("Traceback (most recent call last):")
    return redact("\n".join([before.strip(), *after.strip().splitlines()[-1:]]))

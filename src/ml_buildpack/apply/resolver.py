"""Run uv or pip-tools and turn what they say into one lock.

Both only choose versions here. The files of the versions come from the index by one path for both, uv's, so that the
lock has one shape: `pip-compile` writes pins, and uv writes those pins, without their dependencies, as a lock.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import packaging
import tomli_w

from ml_buildpack.apply import commands
from ml_buildpack.apply.downloads import without_credentials
from ml_buildpack.apply.source_trees import left_as_found
from ml_buildpack.apply.tool_failures import classify_resolution
from ml_buildpack.errors import DigestMismatch
from ml_buildpack.lock import Lock, LockedFile, LockedPackage, parse_lock
from ml_buildpack.plan.resolution import ResolutionPlan, Resolver
from ml_buildpack.redaction import redact

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolverTools:
    """Where the tools are and in which environment they run."""

    uv: Path
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path


def resolve(plan: ResolutionPlan, tools: ResolverTools) -> str:
    """The lock as the text of a `pylock.toml`, paths relative to the application directory, no credentials in it.

    Raises: what `classify_resolution` finds in the tools' output.
    """
    requirements = tools.scratch / "requirements.txt"
    constraints = tools.scratch / "constraints.txt"
    requirements.write_text(plan.requirements_text, encoding="utf-8")
    constraints.write_text(plan.constraints_text, encoding="utf-8")
    output = tools.scratch / "pylock.toml"
    # Asking a source tree for its metadata may leave egg-info and build directories in it.
    with left_as_found(tools.app_dir, active=plan.has_local_trees):
        match plan.resolver:
            case Resolver.UV:
                _uv_compile(plan, tools, (str(requirements), "--constraints", str(constraints)), output)
            case Resolver.PIP_TOOLS:
                pins = _pip_compile(plan, tools, (requirements, constraints), output)
                _uv_compile(plan, tools, (str(pins), "--no-deps"), output)
    return _settle(tomllib.loads(output.read_text(encoding="utf-8")), output.parent, tools.app_dir)


def read_lock(text: str, plan: ResolutionPlan) -> Lock:
    """The lock for the plan's interpreter, restricted to the digests that the user pinned.

    Raises: LockUnreadable, NoFileForThisPlatform, DigestMismatch.
    """
    allowed = plan.allowed_digests
    lock = parse_lock(
        _restricted(text, plan) if allowed else text,
        tags=plan.interpreter.tags,
        environment=plan.interpreter.environment,
        python=plan.interpreter.version,
        platform=str(plan.target),
    )
    for package in lock.packages:
        _check_digest(package, plan)
    return lock


def _uv_compile(plan: ResolutionPlan, tools: ResolverTools, inputs: tuple[str, ...], output: Path) -> None:
    argv = (
        str(tools.uv), "pip", "compile", *inputs, "--format", "pylock.toml", "--output-file", str(output),
        "--python", plan.interpreter.path, "--no-header", "--quiet", *_local_links(plan, tools),
    )  # fmt: skip
    result = commands.run(argv, env=tools.env, cwd=tools.app_dir)
    if result.exit_code != 0:
        raise classify_resolution(result.output, plan)


def _pip_compile(plan: ResolutionPlan, tools: ResolverTools, inputs: tuple[Path, Path], output: Path) -> Path:
    requirements, constraints = map(str, inputs)
    pins = tools.scratch / "pins.txt"
    # pip-tools resolves for the interpreter that runs it, so it runs on the application's, with our libraries.
    libraries = str(Path(packaging.__file__).parent.parent)
    argv = (
        plan.interpreter.path, "-B", "-m", "piptools", "compile", requirements, "--constraint", constraints,
        "--output-file", str(pins), "--strip-extras", "--allow-unsafe", "--no-annotate", "--no-header", "--quiet",
        "--cache-dir", str(tools.scratch / "pip-tools"), *_local_links(plan, tools),
    )  # fmt: skip
    result = commands.run(argv, env={**tools.env, "PYTHONPATH": libraries}, cwd=tools.app_dir)
    if result.exit_code != 0:
        # pip-tools ends in a traceback. uv is asked the same question for its explanation; where it finds an answer,
        # pip's own words have to do.
        _uv_compile(plan, tools, (requirements, "--constraints", constraints), output)
        raise classify_resolution(_without_traceback(result.output), plan)
    return pins


def _local_links(plan: ResolutionPlan, tools: ResolverTools) -> tuple[str, ...]:
    return tuple(part for link in plan.local_links for part in ("--find-links", str(tools.app_dir / link)))


def _without_traceback(output: str) -> str:
    before, _, after = output.partition("Traceback (most recent call last):")
    return redact("\n".join([before.strip(), *after.strip().splitlines()[-1:]]))


def _settle(document: dict[str, Any], base: Path, app_dir: Path) -> str:
    """The lock's text with nothing in it that belongs to this build only: absolute paths, credentials, dates."""
    for package in document.get("packages", []):
        for source in _sources(package):
            source.pop("upload-time", None)
            if source.get("url", "").startswith("file://"):
                source["path"] = unquote(urlsplit(source.pop("url")).path)
            if "path" in source:
                source["path"] = os.path.relpath(os.path.normpath(base / source["path"]), app_dir)
            if "url" in source:
                source["url"] = _settled_url(source["url"])
        if "index" in package:
            package["index"] = without_credentials(package["index"])
    document["created-by"] = "ml-buildpack"
    return tomli_w.dumps(document)


def _settled_url(url: str) -> str:
    # `git@host` names an account that everybody uses, not a secret.
    return url if urlsplit(url).scheme.endswith("ssh") else without_credentials(url)


def _sources(package: dict[str, Any]) -> list[dict[str, Any]]:
    single = [package[kind] for kind in ("sdist", "archive", "directory", "vcs") if kind in package]
    return [*single, *package.get("wheels", [])]


def _restricted(text: str, plan: ResolutionPlan) -> str:
    """The lock without the files that the user's hashes rule out, where others of the same package remain."""
    document = tomllib.loads(text)
    for package in document.get("packages", []):
        allowed = plan.allowed_digests.get(package["name"])
        if allowed is None:
            continue
        wheels = [wheel for wheel in package.get("wheels", []) if wheel["hashes"].get("sha256") in allowed]
        sdist = package.get("sdist")
        if wheels or (sdist and sdist["hashes"].get("sha256") in allowed):
            package["wheels"] = wheels
            if sdist and sdist["hashes"].get("sha256") not in allowed:
                del package["sdist"]
        if not package.get("wheels"):
            package.pop("wheels", None)
    return tomli_w.dumps(document)


def _check_digest(package: LockedPackage, plan: ResolutionPlan) -> None:
    allowed = plan.allowed_digests.get(package.name)
    if allowed is None or not isinstance(package.source, LockedFile) or package.source.sha256 in allowed:
        return
    line = next(line for line in plan.requirement_lines if line.name == package.name and line.hashes)
    raise DigestMismatch(
        file=package.source.filename,
        expected=allowed,
        actual=package.source.sha256,
        pinned_at=f"{line.path}:{line.line}",
    )

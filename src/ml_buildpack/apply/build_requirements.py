"""What packages are built with, resolved once and kept beside the lock, so that a later build makes the same wheel.

A source names what its build needs in `[build-system]`, and its build backend may ask for more. Both are resolved to
pins with hashes, and uv builds with these alone. Sources: PEP 517, PEP 518.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tarfile
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller

from ml_buildpack.apply import commands
from ml_buildpack.apply.layer_store import remove_tree, write_atomically
from ml_buildpack.plan.tool_environment import uv_arguments

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DIRECTORY = "build-requirements"
# What a project without the table needs. Source: PEP 517 and 518, "setuptools" as every front end spells it.
_LEGACY_REQUIRES = ("setuptools>=40.8.0",)
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
# What a tree's build may depend on; a tree has no digest that its other files leave alone.
_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


class _HookFailedError(Exception):
    """A build backend ended with an error. The build that follows meets it again, and explains it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _BuildSystem:
    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequirements:
    """Pins of build requirements, one file for each source, in `directory`."""

    directory: Path
    uv: Path
    python: str
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path

    def arguments(self, source: Path, name: str) -> tuple[str, ...]:
        """What makes uv use the pins of that source tree and nothing else; none where they cannot be told."""
        pins = self.directory / f"{name}.txt"
        if not pins.is_file():
            text = self._resolve(source, name)
            if text is None:
                return ()
            self.directory.mkdir(parents=True, exist_ok=True)
            write_atomically(pins, text)
        return ("--build-constraints", str(pins))

    def prune(self, names: frozenset[str]) -> None:
        """Forget the pins of sources that the lock does not have any more."""
        for path in self.directory.glob("*.txt"):
            if path.stem not in names:
                path.unlink()

    def _resolve(self, source: Path, name: str) -> str | None:
        system = _read_build_system(source)
        pins = None if system is None else self._compile(system.requires, name)
        if system is None or pins is None:
            return None
        asked = self._ask_backend(source, system, pins, name)
        return self._compile((*system.requires, *asked), name) if asked else pins

    def _compile(self, requires: tuple[str, ...], name: str) -> str | None:
        """Pins with hashes, as a requirements file; None where there is no answer, which the build explains."""
        wanted, found = (self.scratch / f"{name}.{kind}" for kind in ("requires", "pins"))
        wanted.write_text("".join(f"{line}\n" for line in requires), encoding="utf-8")
        argv = (
            str(self.uv), "pip", "compile", str(wanted), "--output-file", str(found), "--python", self.python,
            "--generate-hashes", "--no-header", "--no-annotate", "--no-config", "--quiet", *self._constraints(),
            *uv_arguments(self.env),
        )  # fmt: skip
        # An older answer in its place would be taken as a preference.
        found.unlink(missing_ok=True)
        result = commands.run(argv, env=self.env, cwd=self.scratch)
        return found.read_text(encoding="utf-8") if result.exit_code == 0 else None

    def _constraints(self) -> tuple[str, ...]:
        """The user's own constraints of builds, by either tool's variable."""
        given = self.env.get("UV_BUILD_CONSTRAINT") or self.env.get("PIP_BUILD_CONSTRAINT") or ""
        return tuple(part for path in given.split() for part in ("--constraints", str(self.app_dir / path)))

    def _ask_backend(self, source: Path, system: _BuildSystem, pins: str, name: str) -> tuple[str, ...]:
        """What the backend asks for beyond the table; nothing where it cannot be asked, which the build explains."""
        place = self.scratch / f"{name}.env"
        python = place / "bin" / "python"
        if not self._make_environment(place, pins):
            return ()

        def run_hook(
            cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
        ) -> None:
            env = {**self.env, **(extra_environ or {})}
            path = os.pathsep.join((str(python.parent), self.env.get("PATH", "")))
            result = commands.run(tuple(cmd), env={**env, "PATH": path}, cwd=Path(cwd or source))
            if result.exit_code != 0:
                raise _HookFailedError(result.output_tail)

        caller = BuildBackendHookCaller(
            str(source), system.backend, backend_path=system.backend_path, runner=run_hook,
            python_executable=str(python),
        )  # fmt: skip
        try:
            # It repeats the backend's warnings as ours; they are about other people's code, and the build has them too.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return tuple(caller.get_requires_for_build_wheel())
        except (_HookFailedError, BackendUnavailable, OSError):
            return ()
        finally:
            remove_tree(place)

    def _make_environment(self, place: Path, pins: str) -> bool:
        wanted = place.with_suffix(".install")
        wanted.write_text(pins, encoding="utf-8")
        steps: list[tuple[str, ...]] = [
            (str(self.uv), "venv", "--python", self.python, "--no-project", "--quiet", str(place))
        ]
        if pins.strip():
            install = (
                str(self.uv), "pip", "install", "--python", str(place / "bin" / "python"), "--no-config", "--quiet",
                "--require-hashes", "--requirement", str(wanted), *uv_arguments(self.env),
            )  # fmt: skip
            steps.append(install)
        return all(commands.run(argv, env=self.env, cwd=self.scratch).exit_code == 0 for argv in steps)


def read_pins(directory: Path) -> dict[str, str]:
    """The pins of a lock's directory, by file name, to be written beside the next lock."""
    files = sorted((directory / DIRECTORY).glob("*.txt"))
    return {path.name: path.read_text(encoding="utf-8", errors="replace") for path in files}


def write_pins(directory: Path, pins: Mapping[str, str]) -> None:
    """Write pins beside a lock."""
    if pins:
        (directory / DIRECTORY).mkdir()
    for name, text in pins.items():
        (directory / DIRECTORY / name).write_text(text, encoding="utf-8")


def unpack_source(archive: Path, target: Path) -> Path | None:
    """The source tree of an archive, unpacked below `target`; None where it is none."""
    remove_tree(target)
    try:
        if zipfile.is_zipfile(archive):
            shutil.unpack_archive(archive, target, "zip")
        else:
            _unpack_tar(archive, target)
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError):
        return None
    tops = list(target.iterdir())
    return tops[0] if len(tops) == 1 and tops[0].is_dir() else None


def digest_of_tree(tree: Path) -> str:
    """What tells apart the builds of a tree whose other files may change without its build changing."""
    files = {name: (tree / name).read_bytes().hex() for name in _BUILD_FILES if (tree / name).is_file()}
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def _unpack_tar(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as opened:
        # The oldest interpreters that run a build lack it. Its digest is the lock's, and its code is run anyway.
        if hasattr(tarfile, "data_filter"):
            opened.extractall(target, filter="data")
        else:
            opened.extractall(target)  # noqa: S202  # see above


def _read_build_system(source: Path) -> _BuildSystem | None:
    """What a source says of its build; None where it cannot be read."""
    path = source / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (ValueError, OSError):
        return None
    table = document.get("build-system", {})
    requires, places = table.get("requires", _LEGACY_REQUIRES), table.get("backend-path")
    return _BuildSystem(
        requires=tuple(str(line) for line in requires),
        backend=str(table.get("build-backend", _LEGACY_BACKEND)),
        backend_path=None if places is None else tuple(str(place) for place in places),
    )

"""A stand-in for the lifecycle: runs bin/detect and bin/build as lifecycle 0.21 does, in a second, without Docker.

Environment by allow-list, another user than root, the user's variables in files, outputs held to the rules, layers
restored by the table of the specification. test_harness.py shows that it notices what it should; tests/lifecycle/ shows
on the real binaries that it tells the truth. Any directory with a buildpack.toml will do: it knows nothing of ours.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from support.build_user import Finished, User, python_path, remove_tree, run_as
from support.contract_rules import Rule, read_toml, require
from support.contract_values import BuiltLayer, Cache, Image, Launch, Outputs, TomlDocument
from support.document_rules import check_build_toml, plan_entries, read_build_plan, read_launch, read_store
from support.layer_archive import extract_layer_archive, sorted_tree, write_layer_archive
from support.layer_rules import read_layers
from support.phase_environment import phase_environment
from support.restored_layers import restore_layers

TARGET_ENV = {
    "CNB_TARGET_OS": "linux",
    "CNB_TARGET_ARCH": "amd64",
    "CNB_TARGET_DISTRO_NAME": "debian",
    "CNB_TARGET_DISTRO_VERSION": "13",
}
DETECT_PASS, DETECT_FAIL = 0, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectResult:
    """What bin/detect did. `plan` is empty unless it passed."""

    exit_code: int
    stdout: str
    stderr: str
    plan: TomlDocument = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildResult:
    """What bin/build did. Without `image` and `cache` where it failed: nothing is exported or cached then.

    `written` names what it added to the layers directory, beyond what was restored. `restored` is the restore's log.
    """

    exit_code: int
    output: str
    written: tuple[str, ...]
    restored: tuple[str, ...]
    layers: Mapping[str, BuiltLayer] = field(default_factory=dict)
    launch: Launch = field(default_factory=Launch)
    image: Image | None = None
    cache: Cache | None = None


class DetectionFailed(AssertionError):
    """A build was asked for, but detection did not pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractPlatform:
    """A platform with one buildpack. Everything lies below `root`, at the same paths in every build.

    `container_env` is the environment of the builder's container, of which little reaches the buildpack.
    """

    buildpack_dir: Path
    root: Path
    user: User
    platform_api: tuple[int, int] = (0, 13)
    container_env: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022

    @property
    def app_dir(self) -> Path:
        """Where the application lies during a build."""
        return self.root / "workspace"

    @property
    def layers_dir(self) -> Path:
        """The buildpack's layers directory, as the last build left it."""
        buildpack_id: str = self._descriptor["buildpack"]["id"]
        return self.root / "layers" / buildpack_id.replace("/", "_")

    def detect(self, app: Path, *, env: Mapping[str, str] | None = None) -> DetectResult:
        """Run bin/detect on a copy of the directory. Raises ContractViolation."""
        self._prepare(app, env or {}, bindings={})
        before = _fingerprint(self.app_dir)
        plan_path = self.root / "plan" / "plan.toml"
        _make_empty(plan_path.parent)
        plan_path.touch(mode=0o600)
        self.user.own(plan_path.parent)
        run = self._run("detect", (str(self._platform_dir), str(plan_path)), {"CNB_BUILD_PLAN_PATH": str(plan_path)})
        require(rule=Rule.NO_PROCESS_LEFT, holds=not run.left_running, detail=f"{run.left_running}")
        require(rule=Rule.DETECT_READS_ONLY, holds=before == _fingerprint(self.app_dir), detail=str(app))
        return DetectResult(
            exit_code=run.exit_code,
            stdout=run.stdout,
            stderr=run.stderr,
            plan=read_build_plan(plan_path) if run.exit_code == DETECT_PASS else {},
        )

    def build(
        self,
        app: Path,
        *,
        env: Mapping[str, str] | None = None,
        bindings: Mapping[str, Mapping[str, str]] | None = None,
        previous: Image | None = None,
        cache: Cache | None = None,
    ) -> BuildResult:
        """Run bin/detect and bin/build on a copy of the directory. Raises DetectionFailed, ContractViolation."""
        detected = self.detect(app, env=env)
        if detected.exit_code != DETECT_PASS:
            raise DetectionFailed(detected)
        entries = plan_entries(detected.plan)
        self._prepare(app, env or {}, bindings or {})
        _make_empty(self.root / "layers")
        self.layers_dir.mkdir()
        log = restore_layers(self.layers_dir, previous=previous, cache=cache, platform_api=self.platform_api)
        before = _names(self.layers_dir)
        self.user.own(self.root / "layers")
        run = self._run_build(entries)
        written = tuple(sorted(_names(self.layers_dir) - before))
        require(rule=Rule.NO_PROCESS_LEFT, holds=not run.left_running, detail=f"{run.left_running}")
        if run.exit_code != 0:
            return BuildResult(exit_code=run.exit_code, output=run.stdout, written=written, restored=log)
        outputs = self._read_outputs(entries, previous)
        return BuildResult(
            exit_code=0,
            output=run.stdout,
            written=written,
            restored=log,
            layers=outputs.layers,
            launch=outputs.launch,
            image=Image(layers=_of_type(outputs.layers, "launch"), store=outputs.store),
            cache=Cache(layers=_of_type(outputs.layers, "cache"), archives=self._archives),
        )

    def change_cached_file(self, cache: Cache, layer: str, pattern: str, content: bytes) -> Cache:
        """The cache after the one file of a layer that matches got another content, in an archive that is whole."""
        place = self.root / "changed"
        _make_empty(place)
        extract_layer_archive(cache.archives / f"{cache.layers[layer].digest}.tar", place)
        (found,) = (place / layer).glob(pattern)
        found.write_bytes(content)
        return cache.with_digest(layer, write_layer_archive(place / layer, cache.archives))

    @property
    def _descriptor(self) -> TomlDocument:
        return read_toml(self.buildpack_dir / "buildpack.toml")

    @property
    def _platform_dir(self) -> Path:
        return self.root / "platform"

    @property
    def _archives(self) -> Path:
        return self.root / "archives"

    def _prepare(self, app: Path, env: Mapping[str, str], bindings: Mapping[str, Mapping[str, str]]) -> None:
        if self.app_dir.exists():
            remove_tree(self.app_dir)
        shutil.copytree(app, self.app_dir, symlinks=True)
        self.user.own(self.app_dir)
        write_platform_dir(self._platform_dir, env, bindings)

    def _run(self, phase: str, arguments: tuple[str, ...], given: Mapping[str, str]) -> Finished:
        home = self.root / "home"
        # Not theirs: on several platforms HOME cannot be written.
        home.mkdir(exist_ok=True, mode=0o555)
        env = phase_environment(
            {"PATH": python_path(), "HOME": str(home), **self.container_env},
            self._platform_dir,
            {
                "CNB_BUILDPACK_DIR": str(self.buildpack_dir),
                "CNB_PLATFORM_DIR": str(self._platform_dir),
                **TARGET_ENV,
                **given,
            },
            clear_env=self._descriptor["buildpack"].get("clear-env", False),
        )
        program = str(self.buildpack_dir / "bin" / phase)
        return run_as(
            self.user, (program, *arguments), cwd=self.app_dir, env=env, merged=phase == "build", umask=self.umask
        )

    def _run_build(self, entries: list[dict[str, Any]]) -> Finished:
        plan_path = self.root / "plan" / "buildpack_plan.toml"
        plan_path.write_text(tomli_w.dumps({"entries": entries}))
        plan_path.chmod(0o644)
        return self._run(
            "build",
            (str(self.layers_dir), str(self._platform_dir), str(plan_path)),
            {"CNB_LAYERS_DIR": str(self.layers_dir), "CNB_BP_PLAN_PATH": str(plan_path)},
        )

    def _read_outputs(self, entries: list[dict[str, Any]], previous: Image | None) -> Outputs:
        check_build_toml(self.layers_dir / "build.toml", entries)
        return Outputs(
            layers=read_layers(
                self.layers_dir,
                buildpack_dir=self.buildpack_dir,
                sbom_formats=frozenset(self._descriptor["buildpack"].get("sbom-formats", ())),
                previous=previous,
                archives=self._archives,
            ),
            launch=read_launch(self.layers_dir / "launch.toml"),
            store=read_store(self.layers_dir / "store.toml"),
        )


def write_platform_dir(platform_dir: Path, env: Mapping[str, str], bindings: Mapping[str, Mapping[str, str]]) -> None:
    """Write a platform directory: a file for each variable, and a directory of files for each binding."""
    _make_empty(platform_dir)
    (platform_dir / "env").mkdir()
    for name, value in env.items():
        (platform_dir / "env" / name).write_text(value)
    for name, entries in bindings.items():
        folder = platform_dir / "bindings" / name
        folder.mkdir(parents=True)
        for key, value in entries.items():
            (folder / key).write_text(value)


def _make_empty(folder: Path) -> None:
    if folder.exists():
        remove_tree(folder)
    folder.mkdir(parents=True)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _of_type(layers: Mapping[str, BuiltLayer], kind: str) -> dict[str, BuiltLayer]:
    return {name: layer for name, layer in layers.items() if getattr(layer.types, kind)}


def _fingerprint(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    return tuple(
        (str(path), state.st_size, state.st_mode, state.st_mtime_ns)
        for path in (folder, *sorted_tree(folder))
        for state in [path.lstat()]
    )

"""Install verified wheels into the layers of the image, in their final place: `venv`, and folders beside it.

A layer is made anew each time and never changed in place, so that a package that was dropped is really gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ml_buildpack.apply import commands
from ml_buildpack.apply.build_requirements import BuildRequirements, digest_of_tree
from ml_buildpack.apply.layer_store import remove_tree
from ml_buildpack.apply.source_trees import left_as_found
from ml_buildpack.apply.tool_failures import classify_build
from ml_buildpack.apply.wheels import ReadyWheel
from ml_buildpack.lock import Lock, LockedDirectory
from ml_buildpack.plan.tool_environment import uv_arguments

# uv writes files for shells that no image has; they also name paths of the build.
_ACTIVATION = ("activate*", "deactivate*", "pydoc.bat")
# Python reads it when it starts in the environment.
PATHS_FILE = "_ml_buildpack.pth"
# What an installer notes about how it was called: it differs from build to build and serves no running program.
_NOTES = ("uv_cache.json", "direct_url.json", "REQUESTED")


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """Where packages are installed, and with what. `cache_dir` must be on the layer's own file system.

    `environment` is the virtual environment whose Python the scripts start with: `directory` itself in `venv`.
    `on_conda`: its interpreter is that of a conda environment, whose own packages are imported too.
    """

    directory: Path
    environment: Path
    python: str
    python_version: str
    uv: Path
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path
    cache_dir: Path
    build_requirements: BuildRequirements
    on_conda: bool = False

    @property
    def site_packages(self) -> Path:
        """The folder that the packages are in."""
        return site_packages(self.directory, self.python_version)


def site_packages(directory: Path, python_version: str) -> Path:
    """The folder of packages below a layer's directory."""
    return directory / "lib" / f"python{python_version}" / "site-packages"


def _make_environment(build: Installation) -> None:
    """Create the virtual environment, unless it is there."""
    if (build.environment / "bin" / "python").exists():
        return
    venv = (
        str(build.uv), "venv", "--python", build.python, "--no-project", "--quiet", str(build.environment),
        *(("--system-site-packages",) if build.on_conda else ()),
    )  # fmt: skip
    commands.check(venv, env=build.env, cwd=build.scratch)
    for pattern in _ACTIVATION:
        for path in (build.environment / "bin").glob(pattern):
            path.unlink()
    for name in ("CACHEDIR.TAG", ".gitignore", ".lock"):
        (build.environment / name).unlink(missing_ok=True)


def install_packages(
    build: Installation, lock: Lock, wheels: tuple[ReadyWheel, ...], wheel_dirs: tuple[Path, ...]
) -> None:
    """Install the lock, with the environment that its scripts start in, and remove what differs from build to build.

    Raises: SourceBuildFailed for an editable tree; CommandFailed.
    """
    _make_environment(build)
    _install_wheels(build, wheels, wheel_dirs)
    _install_editables(build, lock)
    for dist_info in sorted(build.site_packages.glob("*.dist-info")):
        _settle_dist_info(dist_info)


def write_paths(folder: Path, beside: tuple[Path, ...], server_site: Path) -> None:
    """Have Python look into the other folders of packages too, and for our in-image package, after its own folder."""
    # As folders of their own kind, not as mere entries of the path: their packages may bring `.pth` files too.
    lines = [f"import site; site.addsitedir({str(other)!r})\n" for other in beside]
    (folder / PATHS_FILE).write_text("".join([*lines, f"{server_site}\n"]), encoding="utf-8")


def _install_wheels(build: Installation, wheels: tuple[ReadyWheel, ...], wheel_dirs: tuple[Path, ...]) -> None:
    if not wheels:
        return
    pins = build.scratch / "install.txt"
    pins.write_text("".join(f"{_pin(wheel)} --hash=sha256:{wheel.sha256}\n" for wheel in wheels), encoding="utf-8")
    links = [argument for directory in wheel_dirs for argument in ("--find-links", str(directory))]
    argv = (
        *_pip_install(build), "--no-index", *links, "--require-hashes", "--requirement", str(pins),
    )  # fmt: skip
    try:
        commands.check(argv, env=build.env, cwd=build.scratch)
    finally:
        remove_tree(build.cache_dir)


def _install_editables(build: Installation, lock: Lock) -> None:
    for package in lock.packages:
        if not isinstance(package.source, LockedDirectory) or not package.source.editable:
            continue
        tree = build.app_dir / package.source.path
        with left_as_found(build.app_dir, active=True):
            pinned = build.build_requirements.arguments(tree, f"{digest_of_tree(tree)[:32]}-{build.python_version}")
            argv = (*_pip_install(build), *uv_arguments(build.env), *pinned, "--editable", str(tree))
            result = commands.run(argv, env=build.env, cwd=build.scratch)
        remove_tree(build.cache_dir)
        if result.exit_code != 0:
            raise classify_build(result.output, package=package.name, python=build.python_version)


def _pip_install(build: Installation) -> tuple[str, ...]:
    # Links into a cache that is deleted at once are plain files afterwards, and nothing was copied to make them.
    elsewhere = () if build.directory == build.environment else ("--prefix", str(build.directory))
    return (
        str(build.uv), "pip", "install", "--python", str(build.environment / "bin" / "python"), *elsewhere,
        "--no-deps", "--link-mode", "hardlink", "--cache-dir", str(build.cache_dir), "--quiet", "--no-config",
    )  # fmt: skip


def _pin(wheel: ReadyWheel) -> str:
    """`name==version` as the file's own name has it, local version included."""
    return f"{wheel.name}=={wheel.path.name.split('-')[1]}"


def _settle_dist_info(dist_info: Path) -> None:
    removed = [note for note in _NOTES if (dist_info / note).exists()]
    for note in removed:
        (dist_info / note).unlink()
    record = dist_info / "RECORD"
    if removed and record.is_file():
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        gone = tuple(f"{dist_info.name}/{note}," for note in removed)
        record.write_text("".join(line for line in lines if not line.startswith(gone)), encoding="utf-8")

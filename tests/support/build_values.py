"""Values that plans are made of, and plans of small real projects. Nothing here runs a tool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name

from ml_buildpack.cnb.context import Target
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.dependency_files import Requirements, read_requirements
from ml_buildpack.facts.settings import Settings, read_settings
from ml_buildpack.lock import FileKind, Lock, LockedFile, LockedPackage, LockedSource
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin
from ml_buildpack.plan.resolution import ResolutionPlan, plan_resolution
from ml_buildpack.plan.server import ServerPlan
from support.projects import write_project

TARGET = Target(os="linux", arch="amd64", distro_name="debian", distro_version="13")
NO_SERVER = ServerPlan(entry=None, commands=(), needs=())
_PLATFORMS = ("manylinux_2_17_x86_64", "linux_x86_64")
_TAGS = (
    *cpython_tags((3, 12), ("cp312",), _PLATFORMS),
    *compatible_tags((3, 12), "cp312", _PLATFORMS),
)
PYTHON_3_12 = Interpreter(
    path="/usr/bin/python3.12",
    launch_path="/usr/bin/python3.12",
    version="3.12.4",
    origin=InterpreterOrigin.RUN_IMAGE,
    tags=_TAGS,
    environment={
        "implementation_name": "cpython",
        "implementation_version": "3.12.4",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "6.1",
        "platform_system": "Linux",
        "platform_version": "1",
        "python_full_version": "3.12.4",
        "python_version": "3.12",
        "sys_platform": "linux",
    },
)


def locked(name: str, version: str | None = "1.0", source: LockedSource | None = None) -> LockedPackage:
    """A package from its wheel on an index, or from that source."""
    return LockedPackage(name=canonicalize_name(name), version=version, source=source or wheel_of(name, str(version)))


def wheel_of(name: str, version: str = "1.0", sha256: str = "a" * 64) -> LockedFile:
    """A wheel of pure Python on an index."""
    filename = f"{name}-{version}-py3-none-any.whl"
    url = f"https://index.test/files/{filename}"
    return LockedFile(filename=filename, kind=FileKind.WHEEL, sha256=sha256, size_bytes=1000, url=url)


def lock_of(*packages: LockedPackage) -> Lock:
    """A lock of those packages."""
    return Lock(packages=packages)


def dependencies_of(requirements: Requirements) -> Dependencies:
    """Requirements files as the input of a build."""
    return Dependencies(kind=InputKind.REQUIREMENTS, path=requirements.files[0].path, requirements=requirements)


def plan_project(
    root: Path,
    files: Mapping[str, str | bytes],
    *,
    interpreter: Interpreter = PYTHON_3_12,
    env: Mapping[str, str] | None = None,
    server: ServerPlan = NO_SERVER,
    indexes: tuple[str, ...] = (),
) -> ResolutionPlan:
    """The resolution of the project of those files; `env` are its BP_ variables."""
    project = write_project(root, files)
    settings: Settings = read_settings(project, env or {})
    return plan_resolution(
        dependencies_of(read_requirements(project, settings.requirements)),
        settings,
        server=server,
        interpreter=interpreter,
        target=TARGET,
        indexes=indexes,
    )

"""What the contestants stand on: a builder for each buildpack, alike in everything else, and Dockerfile base images."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bench.apps import PATCHES
from bench.engine import PREFIX, Engine
from bench.machine import ROOT, run

SUITE = os.environ.get("SUITE", "trixie")
RUN_IMAGE = f"ml-buildpack/run:{SUITE}"
_BUILDPACKS = ROOT / "bench" / "buildpacks"
_DOCKERFILES = ROOT / "bench" / "dockerfiles"


def builder(kind: str) -> str:
    """The builder image of a buildpack: `ours`, `empty` or `naive`."""
    return f"{PREFIX}/builder-{kind}:latest"


def base(patch: str = PATCHES[0]) -> str:
    """The base image of the Dockerfiles; another patch is another image."""
    return f"{PREFIX}/base:{patch}"


def run_image_python(engine: Engine) -> str:
    """The Python of the run image, such as 3.13. Raises KeyError for a run image without."""
    return str(engine.client.images.get(RUN_IMAGE).labels["ml-buildpack.python"])


def make_builders(folder: Path) -> None:
    """Make the builders, each from the same base images and the same lifecycle."""
    naive = folder / "naive"
    shutil.rmtree(naive, ignore_errors=True)
    shutil.copytree(_BUILDPACKS / "naive", naive)
    _copy_pip(naive / "pip")
    # Compiled, as pip is in the builders that this one stands for.
    compile_ = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(naive / "pip"))
    run((str(ROOT / "builder" / "python.sh"), *compile_))
    places = {"ours": ROOT / "dist" / "buildpack", "empty": _BUILDPACKS / "empty", "naive": naive}
    for kind, place in places.items():
        run((str(ROOT / "builder" / "builder.sh"), builder(kind), str(place)))


def make_bases(folder: Path, python: str) -> None:
    """Make the base images of the Dockerfiles, one for each patch release."""
    context = folder / "base"
    shutil.rmtree(context, ignore_errors=True)
    _copy_pip(context / "pip")
    for patch in PATCHES:
        arguments = {"RUN_IMAGE": RUN_IMAGE, "PATCH": patch, "PYTHON": python}
        flags = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        dockerfile = ("--file", str(_DOCKERFILES / "base.Dockerfile"))
        run(("docker", "build", "--network", "none", *flags, *dockerfile, "--tag", base(patch), str(context)),
            env={"DOCKER_BUILDKIT": "0"})  # fmt: skip


def dockerfile(name: str) -> Path:
    """A Dockerfile of ours: `pip` or `cached`."""
    return _DOCKERFILES / f"{name}.Dockerfile"


def _copy_pip(target: Path) -> None:
    # The pip that is packaged with the buildpack: the same for every contestant.
    vendor = ROOT / "vendor"
    for path in (vendor / "pip", *vendor.glob("pip-*.dist-info")):
        shutil.copytree(path, target / path.name, ignore=shutil.ignore_patterns("__pycache__"))

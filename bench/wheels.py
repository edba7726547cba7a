"""The wheels that everything is installed from: downloaded once by a lock, or made here. Served by bench.index."""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
from pathlib import Path

from bench.machine import ROOT
from support.distributions import Distribution
from support.python_mirror import MINOR

LOCK = ROOT / "requirements" / "bench-apps.txt"
# Another lock gets another folder: an index with older wheels beside the locked ones would have others installed.
LOCK_DIGEST = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
SMALL_PACKAGES = 200
# What a small pure-Python package has: attrs or click are about this large.
_MODULES, _FUNCTIONS = 12, 40
_UV = ROOT / ".venv" / "bin" / "uv"


def prepare_wheels(folder: Path, *, pythons: tuple[str, ...], torch: str = "") -> None:
    """Fill the folder with the wheels for these Pythons, such as 3.13. What is there is not fetched again.

    `torch` is `pypi`, or the address of an index that has the wheels for the CPU.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for python in pythons:
        _download(folder, python, LOCK.read_text(encoding="utf-8"), ("-c", str(LOCK), str(LOCK.with_suffix(".in"))), ())
    if torch:
        index = () if torch == "pypi" else ("--index-url", torch)
        source = ROOT / "bench" / "apps" / "torch-fastapi" / "requirements.txt"
        _download(folder, pythons[0], source.read_text(encoding="utf-8") + torch, (str(source),), index)
    for number in range(SMALL_PACKAGES):
        made = small_package(number)
        if not (folder / made.wheel_name).exists():
            (folder / made.wheel_name).write_bytes(made.wheel())


def other_pythons(run_image_python: str) -> tuple[str, ...]:
    """The Python of the run image, and that of the mirror."""
    return tuple(dict.fromkeys((run_image_python, MINOR)))


def small_package(number: int) -> Distribution:
    """A package of the size of a small real one, the same bytes each time."""
    name = small_package_name(number)
    seeded = random.Random(number)  # noqa: S311 - reproducible filler, no secret
    modules = {f"{name.replace('-', '_')}/__init__.py": "", f"{name.replace('-', '_')}/py.typed": ""}
    for module in range(_MODULES):
        source = "\n".join(_function(seeded, function) for function in range(_FUNCTIONS))
        modules[f"{name.replace('-', '_')}/module_{module}.py"] = source
    return Distribution(name=name, modules=modules)


def small_package_name(number: int) -> str:
    """Its name."""
    return f"bench-package-{number:03}"


def _function(seeded: random.Random, number: int) -> str:
    values = ", ".join(str(seeded.randrange(1_000_000)) for _ in range(8))
    return (
        f'def function_{number}(x):\n    """{seeded.getrandbits(128):x}."""\n    return [x + y for y in ({values})]\n'
    )


def _download(folder: Path, python: str, stamped: str, sources: tuple[str, ...], index: tuple[str, ...]) -> None:
    digest = hashlib.sha256(f"{python} {stamped}".encode()).hexdigest()[:16]
    stamp, pins = folder / f".stamp-{digest}", folder / f".pins-{digest}.txt"
    if stamp.exists():
        return
    sys.stdout.write(f"==> Downloading the wheels of the benchmarks for Python {python}\n")
    platform = f"{os.uname().machine}-manylinux_2_28"
    compile_ = (
        str(_UV),
        "pip",
        "compile",
        "--quiet",
        "--no-python-downloads",
        "--python-version",
        python,
        "--python-platform",
        platform,
    )
    subprocess.run(
        (*compile_, *index, "--generate-hashes", *sources, "-o", str(pins)), check=True, stdout=subprocess.DEVNULL
    )
    subprocess.run((*_pip_download(python), *index, "-d", str(folder), "-r", str(pins)), check=True)
    stamp.touch()


def _pip_download(python: str) -> tuple[str, ...]:
    machine = os.uname().machine
    tags = (f"manylinux_2_{minor}_{machine}" for minor in (28, 27, 26, 24, 17, 12, 5))
    older = tuple(f"{old}_{machine}" for old in ("manylinux2014", "manylinux2010", "manylinux1"))
    platforms = tuple(part for tag in (*tags, *older) for part in ("--platform", tag))
    interpreter = ("--python-version", python, "--implementation", "cp", "--only-binary", ":all:", *platforms)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps")
    return (*pip, "--require-hashes", *interpreter)


def pinned(project: str) -> str:
    """The version of a project in the lock. Raises StopIteration where it has none."""
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return next(found[1] for line in lines if (found := re.match(rf"{re.escape(project)}==([^ ;\\]+)", line)))

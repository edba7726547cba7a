"""The applications that are built: where they lie, how they are started, and how each case changes a copy of them."""

from __future__ import annotations

import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.bars import MAIN_APP
from bench.machine import ROOT
from bench.plan import CODE, FIRST, LIGHT, MODEL, NOTHING, OWN_PYTHON, PYTHON, TORCH, XGBOOST
from bench.wheels import pinned, small_package_name

APPS = ROOT / "bench" / "apps"
# Beside each application lies a model of this size that it does not read: the fixtures' own are of kilobytes.
MODEL_MB = 50
HEALTH = "/healthz"
PORT = 8080
# Patch releases that no Python has; the mirror serves both. Their minor is the mirror's.
PATCHES = ("98", "99")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class App:
    """An application. `server` is what the others install to serve it; ours adds its own. `packages` are small ones."""

    name: str
    source: Path
    module: str
    server: str
    model_mb: int = MODEL_MB
    packages: int = 0
    python_minor: str = ""

    @property
    def servers(self) -> str:
        """The requirements that the others need beside the application's own, the same that ours adds."""
        return "uvicorn uvloop httptools" if self.server == "uvicorn" else "gunicorn"

    @property
    def command(self) -> tuple[str, ...]:
        """How the others start it: as the server's own documentation does."""
        target = f"{self.module}:app"
        if self.server == "uvicorn":
            return ("python3", "-m", "uvicorn", target, "--host", "0.0.0.0", "--port", str(PORT))  # noqa: S104
        return ("python3", "-m", "gunicorn", target, "--bind", f"0.0.0.0:{PORT}")

    def copy(self, target: Path) -> None:
        """Write a fresh copy, which everyone may read and write, since builds run as another user."""
        shutil.copytree(self.source, target)
        lines = [f"{small_package_name(number)}==1.0\n" for number in range(self.packages)]
        with (target / "requirements.txt").open("a", encoding="utf-8") as requirements:
            requirements.writelines(lines)
        if self.python_minor:
            (target / ".python-version").write_text(f"{self.python_minor}.{PATCHES[0]}\n", encoding="utf-8")
        write_model(target / "weights.bin", self.model_mb, seed=0)
        for path in (target, *target.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)

    def change(self, copy: Path, case: str, number: int) -> None:
        """Change the copy as the case says; `number` makes each change another one."""
        if case == CODE:
            path = copy / f"{self.module}.py"
            path.write_text(f"{path.read_text(encoding='utf-8')}\n# Change {number}.\n", encoding="utf-8")
        elif case == LIGHT:
            with (copy / "requirements.txt").open("a", encoding="utf-8") as requirements:
                requirements.write(f"humanize=={pinned('humanize')}\n")
        elif case == MODEL:
            write_model(copy / "weights.bin", self.model_mb, seed=number)
        elif case == PYTHON:
            (copy / ".python-version").write_text(f"{self.python_minor}.{PATCHES[1]}\n", encoding="utf-8")
        elif case not in (FIRST, NOTHING):
            raise ValueError(case)


def find_app(name: str, mirror_minor: str) -> App:
    """The application of that name. Raises ValueError where there is none."""
    iris = App(name=name, source=ROOT / "fixtures" / "iris-fastapi", module="main", server="uvicorn")
    bottle = APPS / "bottle"
    if name == MAIN_APP:
        return iris
    if name == OWN_PYTHON:
        return App(name=name, source=iris.source, module="main", server="uvicorn", python_minor=mirror_minor)
    if name == XGBOOST:
        return App(name=name, source=APPS / "xgboost-flask", module="app", server="gunicorn")
    if name == TORCH:
        return App(name=name, source=APPS / "torch-fastapi", module="main", server="uvicorn")
    if found := re.fullmatch(r"(\d+) packages", name):
        return App(name=name, source=bottle, module="app", server="gunicorn", model_mb=0, packages=int(found[1]))
    if found := re.fullmatch(r"model of ([\d,]+) MB", name):
        size = int(found[1].replace(",", ""))
        return App(name=name, source=bottle, module="app", server="gunicorn", model_mb=size)
    raise ValueError(f"no application is called {name!r}")


def write_model(path: Path, megabytes: int, *, seed: int) -> None:
    """Bytes that no compression makes smaller, as weights are; the same for the same seed. Nothing for size 0."""
    if not megabytes:
        return
    seeded = random.Random(seed)  # noqa: S311 - reproducible filler, no secret
    with path.open("wb") as model:
        for _ in range(megabytes):
            model.write(seeded.randbytes(_CHUNK))

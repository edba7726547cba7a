"""What bytecode and slimming do to bytes and starts: `.venv/bin/python bench/bytecode.py [APP…]`. Prints Markdown.

Each application is built by bin/build from this checkout, on this machine's Python, with each setting; the packages are
also installed by pip, as a Dockerfile would. A start is the time from starting the `web` process to its first answer
of any status, and the processor seconds that it took until then. The last table imports generated modules.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import tomli

ROOT = Path(__file__).resolve().parent.parent
APPS = (ROOT / "fixtures" / "iris-fastapi", ROOT / "fixtures" / "iris-flask")
PYTHON = "/usr/bin/python3"
PORT = 8123
ROUNDS = 7
VARIANTS: Mapping[str, dict[str, str]] = {
    "as it is": {},
    "BP_BYTECODE=all": {"BP_BYTECODE": "all"},
    "BP_BYTECODE=none": {"BP_BYTECODE": "none"},
    "BP_SLIM=off": {"BP_SLIM": "off"},
    "BP_BYTECODE=none BP_SLIM=off": {"BP_BYTECODE": "none", "BP_SLIM": "off"},
}
MODULES, CLASSES = 300, 12
CLASS = '''
class C{0}:
    """One of many."""
    def __init__(self, a, b=None, *args, **options):
        self.a = a; self.b = b; self.args = [x for x in args if x]
    def run(self, value):
        if value > {0}:
            return {{k: v for k, v in zip(range(value), self.args)}}
        return f"{{value}} {{self.a}}"
'''


def main() -> None:
    """Measure and print."""
    apps = tuple(Path(name).resolve() for name in sys.argv[1:]) or APPS
    with tempfile.TemporaryDirectory(prefix="ml-buildpack-bench-") as directory:
        for app in apps:
            say(f"\n| {app.name} | MB of packages | median s to the first answer | median CPU s |\n|---|--:|--:|--:|")
            layers = {name: build(app, Path(directory, str(n)), env) for n, (name, env) in enumerate(VARIANTS.items())}
            say(f"| pip install --no-cache-dir | {installed_by_pip(layers['as it is'], Path(directory, 'pip'))} | | |")
            for name, built in layers.items():
                seconds, cpu_s = zip(*(start(built) for _ in range(ROUNDS)), strict=True)
                size = megabytes(built / "layers" / "venv")
                say(f"| {name} | {size} | {statistics.median(seconds):.2f} | {statistics.median(cpu_s):.2f} |")
        say(f"\n| {MODULES} modules of an application | median CPU s of their import |\n|---|--:|")
        for mode in ("none", "UNCHECKED_HASH", "CHECKED_HASH"):
            say(f"| bytecode: {mode} | {import_own(Path(directory, 'own'), mode):.2f} |")


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def build(app: Path, place: Path, settings: dict[str, str]) -> Path:
    """Build the application in that place, from nothing."""
    shutil.rmtree(place, ignore_errors=True)
    (place / "layers").mkdir(parents=True)
    shutil.copytree(app, place / "app")
    env = {
        "PATH": f"{Path(PYTHON).parent}:/usr/bin:/bin",
        "CNB_LAYERS_DIR": str(place / "layers"),
        "CNB_PLATFORM_DIR": str(place / "platform"),
        "CNB_TARGET_OS": "linux",
        **{name: os.environ[name] for name in ("SSL_CERT_FILE", "PIP_INDEX_URL") if name in os.environ},
        **settings,
    }
    subprocess.run((str(ROOT / "bin" / "build"),), cwd=place / "app", env=env, check=True, stdout=subprocess.DEVNULL)
    return place


def installed_by_pip(place: Path, target: Path) -> str:
    """The megabytes that pip makes of the same lock, compiled as it always does."""
    lock = tomli.loads((place / "layers" / "lock" / "pylock.toml").read_text(encoding="utf-8"))
    pins = [f"{package['name']}=={package['version']}" for package in lock["packages"]]
    argv = (PYTHON, "-m", "venv", "--clear", str(target))
    subprocess.run(argv, check=True)
    pip = (str(target / "bin" / "pip"), "install", "--quiet", "--no-cache-dir", "--no-deps", *pins)
    before = sum(path.lstat().st_size for path in target.rglob("*"))
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    return f"{(sum(path.lstat().st_size for path in target.rglob('*')) - before) / 1e6:.0f}"


def start(place: Path) -> tuple[float, float]:
    """Seconds to the first answer, and the processor seconds of all its processes until they were ended."""
    layers = place / "layers"
    launch = tomli.loads((layers / "launch.toml").read_text(encoding="utf-8"))
    (web,) = (process for process in launch["processes"] if process["type"] == "web")
    env = {
        "PATH": f"{layers / 'venv' / 'bin'}:/usr/bin:/bin",
        "VIRTUAL_ENV": str(layers / "venv"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WEB_CONCURRENCY": "1",
        "PORT": str(PORT),
        "HOME": str(place),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    argv = (str(layers / "venv" / "bin" / web["command"][0]), *web["command"][1:], *web.get("args", ()))
    with (place / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            argv, cwd=place / "app", env=env, stdout=output, stderr=output, start_new_session=True
        )
    while not answers():
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    # Not killed: only children that were waited for are counted.
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def answers() -> bool:
    """Whether somebody answers."""
    try:
        urlopen(f"http://127.0.0.1:{PORT}/", timeout=10).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


def megabytes(directory: Path) -> str:
    """The sum of the files' sizes."""
    return f"{sum(path.lstat().st_size for path in directory.rglob('*')) / 1e6:.0f}"


def import_own(place: Path, mode: str) -> float:
    """Processor seconds of importing the modules of an application."""
    shutil.rmtree(place, ignore_errors=True)
    (place / "own").mkdir(parents=True)
    for number in range(MODULES):
        text = "".join(CLASS.format(each) for each in range(CLASSES))
        (place / "own" / f"m{number}.py").write_text(text, encoding="utf-8")
    (place / "main.py").write_text("".join(f"import own.m{n}\n" for n in range(MODULES)), encoding="utf-8")
    if mode != "none":
        program = (
            "import pathlib, py_compile, sys\nfor path in pathlib.Path('own').glob('*.py'):\n"
            "    py_compile.compile(str(path), invalidation_mode=py_compile.PycInvalidationMode[sys.argv[1]])\n"
        )
        subprocess.run((PYTHON, "-c", program, mode), cwd=place, check=True)
    code = "import os; a = os.times(); import main; b = os.times(); print(b[0] + b[1] - a[0] - a[1])"
    runs = (
        subprocess.run((PYTHON, "-B", "-c", code), cwd=place, check=True, capture_output=True, text=True)
        for _ in range(ROUNDS)
    )
    return statistics.median(float(run.stdout) for run in runs)


if __name__ == "__main__":
    main()

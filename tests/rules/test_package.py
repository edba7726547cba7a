"""What `make package` writes: complete, the same every time, and nothing that a platform would stumble on."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
import tomli

ROOT = Path(__file__).resolve().parents[2]
# Second word of a .pyc file: the source is neither dated nor compared. PEP 552.
UNCHECKED_HASH = (1).to_bytes(4, "little")
FOLDERS_OF_TESTS = {"test", "tests", "testing_data"}
WHEEL_OF_PURE_PYTHON = "Root-Is-Purelib: true"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two packagings of this checkout, one after the other. The vendored libraries come from `.build/`."""
    outputs = (tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second"))
    for output in outputs:
        subprocess.run((sys.executable, ROOT / "tools" / "package_buildpack.py", "--output", output), check=True)
    return outputs[0] / "buildpack", outputs[1] / "buildpack"


@pytest.fixture(scope="module")
def package(packages: tuple[Path, Path]) -> Path:
    """A packaged buildpack, to be read only."""
    return packages[0]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _described(path: Path) -> tuple[str, int, str]:
    status = path.lstat()
    content = sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else ""
    return stat.filemode(status.st_mode), int(status.st_mtime), content


@pytest.mark.slow
def test_two_packagings_are_equal_byte_for_byte(packages: tuple[Path, Path]) -> None:
    """Names, contents, modes and times: a release can be rebuilt and compared."""
    first, second = ({path.relative_to(p).as_posix(): _described(path) for path in p.rglob("*")} for p in packages)

    assert first == second


def test_the_package_holds_what_the_phases_run_and_nothing_else(package: Path) -> None:
    """A new top-level file reaches users only on purpose."""
    expected = {"LICENSE", "bin", "buildpack.toml", "src", "vendor"}

    assert expected == {path.name for path in package.iterdir()} - {"README.md"}
    assert {"build", "detect", "run_phase.sh"} == {path.name for path in (package / "bin").iterdir()}
    assert {"__main__.py", "__pycache__", "ml_buildpack", "model_server"} >= {
        p.name for p in (package / "src").iterdir()
    }


def test_every_source_module_is_packaged(package: Path) -> None:
    """What the checkout imports, the package can import."""
    checkout = {path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.py")}

    assert checkout == {path.relative_to(package).as_posix() for path in (package / "src").rglob("*.py")}


def test_no_file_is_hardlinked(package: Path) -> None:
    """Cloud Foundry refuses a buildpack with hardlinks, and pack keeps them."""
    assert [] == [path for path in _files(package) if path.stat().st_nlink > 1]


def test_every_entry_is_a_folder_or_a_regular_file(package: Path) -> None:
    """Nothing but these survives every platform's way of unpacking."""
    odd = [path for path in package.rglob("*") if path.is_symlink() or not (path.is_dir() or path.is_file())]

    assert [] == odd


def test_tests_and_repository_data_stay_at_home(package: Path) -> None:
    """Nobody runs them there, and everybody would download them."""
    unwanted = FOLDERS_OF_TESTS | {".git", ".gitignore", ".venv", "RECORD", "direct_url.json", "INSTALLER"}

    assert [] == [path for path in package.rglob("*") if path.name in unwanted or path.suffix in {".exe", ".pth"}]


def test_bytecode_is_never_compared_with_a_time(package: Path) -> None:
    """Images give every file the time of 1980, which makes time-stamped bytecode stale for ever."""
    bytecode = [path for path in _files(package) if path.suffix == ".pyc"]
    dated = [path for path in bytecode if path.read_bytes()[4:8] != UNCHECKED_HASH]

    assert bytecode
    assert [] == dated


def test_no_file_names_the_folder_it_was_made_in(package: Path) -> None:
    """A path of the packaging machine is neither true elsewhere nor anybody's business."""
    places = (os.fsencode(ROOT), os.fsencode(package.parent))

    assert [] == [path for path in _files(package) if any(place in path.read_bytes() for place in places)]


def test_the_programs_can_be_executed_and_the_rest_cannot(package: Path) -> None:
    """Modes are part of the package, whatever umask packaged it."""
    programs = {path.relative_to(package).as_posix() for path in _files(package) if path.stat().st_mode & stat.S_IXUSR}

    assert programs == {"bin/build", "bin/detect", "vendor/bin/uv"}


def test_only_the_packaged_architecture_is_a_target(package: Path) -> None:
    """Its uv runs nowhere else, and a platform that reads this says so before detect."""
    expected = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    targets = tomli.loads((package / "buildpack.toml").read_text())["targets"]

    assert targets == [{"os": "linux", "arch": expected}]


def test_vendored_libraries_are_the_locked_ones(package: Path) -> None:
    """No more and no fewer than requirements/vendor.txt, at its versions."""
    lock = (ROOT / "requirements" / "vendor.txt").read_text()
    locked = {
        f"{name.replace('-', '_')}-{version}" for name, version in re.findall(r"^([\w-]+)==(\S+)", lock, re.MULTILINE)
    }

    assert locked == {path.name.removesuffix(".dist-info") for path in (package / "vendor").glob("*.dist-info")}


def test_vendored_libraries_run_on_every_python(package: Path) -> None:
    """Pure Python, uv apart: a compiled tomli would work on one version of the builder's Python only."""
    wheels = {path.parent.name.partition("-")[0]: path.read_text() for path in package.glob("vendor/*.dist-info/WHEEL")}
    compiled = {name for name, wheel in wheels.items() if WHEEL_OF_PURE_PYTHON not in wheel}

    assert compiled == {"uv"}
    assert [] == list((package / "vendor").rglob("*.so*"))


def test_no_vendored_library_hides_the_standard_library(package: Path) -> None:
    """vendor/ stands before the standard library on sys.path."""
    modules = {path.name.partition(".")[0] for path in (package / "vendor").iterdir()}

    assert set() == modules & set(sys.stdlib_module_names)


def test_the_vendored_tools_start(package: Path) -> None:
    """All three answer, from a folder that nobody may write to, at the locked versions."""
    commands = {
        "pip": (sys.executable, "-B", "-m", "pip", "--version"),
        "pip-tools": (sys.executable, "-B", "-m", "piptools", "compile", "--version"),
        "uv": (package / "vendor" / "bin" / "uv", "--version"),
    }
    env = {"PYTHONPATH": str(package / "vendor"), "HOME": str(package)}
    answers = {
        name: subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
        for name, command in commands.items()
    }
    lock = (ROOT / "requirements" / "vendor.txt").read_text()
    versions = dict(re.findall(r"^([\w-]+)==(\S+)", lock, re.MULTILINE))

    assert dict.fromkeys(commands, True) == {name: versions[name] in answer for name, answer in answers.items()}


@pytest.mark.slow
def test_a_packaged_interpreter_works_wherever_it_is_copied(tmp_path: Path) -> None:
    """For build images without Python: it brings its libraries along and needs none of this machine."""
    tool = (sys.executable, ROOT / "tools" / "package_buildpack.py", "--output", tmp_path, "--python", sys.base_prefix)
    subprocess.run(tool, check=True)
    (tmp_path / "buildpack").rename(tmp_path / "elsewhere")
    python = tmp_path / "elsewhere" / "python"
    program = "import ctypes, hashlib, sqlite3, ssl, sys, zlib; print(sys.prefix, sys.version_info[:2])"
    command = (python / "bin" / "python3", "-I", "-c", program)
    done = subprocess.run(command, env={}, check=True, capture_output=True, text=True)

    assert f"{python} {sys.version_info[:2]}\n" == done.stdout
    assert [] == [path for path in python.rglob("*") if path.name in FOLDERS_OF_TESTS or path.suffix == ".a"]
    assert [] == [path for path in _files(python) if path.suffix == ".pyc" and path.read_bytes()[4:8] != UNCHECKED_HASH]


def test_the_tests_run_on_the_versions_that_are_packaged() -> None:
    """Every pin of vendor.txt is the same in dev.txt."""
    vendored, developed = (
        set(re.findall(r"^([\w-]+==[^\s;]+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("vendor.txt", "dev.txt")
    )

    assert set() == vendored - developed


def test_every_pin_carries_a_hash() -> None:
    """Nothing else could be installed; this says so before a network is needed."""
    unhashed = [
        f"{path.name}: {line}"
        for path in sorted((ROOT / "requirements").glob("*.txt"))
        for line, following in _pins(path.read_text())
        if "--hash=sha256:" not in following
    ]

    assert [] == unhashed


def _pins(lock: str) -> list[tuple[str, str]]:
    """Each `name==version` line with the line that follows it."""
    lines = lock.splitlines()
    return [pair for pair in pairwise(lines) if re.match(r"[\w.-]+(\[.*\])?==", pair[0])]

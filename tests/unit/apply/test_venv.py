"""The virtual environment: the same bytes each time, complete and readable."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ml_buildpack.apply.package_finish import InstalledPackages, finish_packages
from ml_buildpack.apply.venv import Installation, install_packages, write_paths
from ml_buildpack.console import StreamConsole
from ml_buildpack.errors import CommandFailed, NoWheelAndNoCompiler
from ml_buildpack.lock import Lock
from ml_buildpack.plan.layers import VENV, PackageGroup, PackagesContent, plan_package_layer
from support.build_user import open_directory
from support.build_values import TARGET
from support.distributions import Distribution
from support.finishing import make_finisher
from support.local_index import serve_index
from support.projects import write_project
from support.workplace import Workplace, find_uv, real_interpreter, tree_at, tree_digest

DISTRIBUTIONS = (
    Distribution(
        name="plain",
        scripts={"plain-run": "plain:main"},
        modules={"plain.py": "def main():\n    print('ran')\n", "plain_data/deep/__init__.py": "A = 1\n"},
    ),
    Distribution(name="many", version="1.5", requires=("plain>=1",)),
    Distribution(name="from-source", sdist_only=True),
)
FILES = {"requirements.txt": "many\nfrom-source\n-e ./pkg\n", **tree_at("pkg")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """An environment, in the place of all others, and where it was made."""

    directory: Path
    digest: dict[str, tuple[str, str]]
    made_in: Path
    wheels: Path
    layers: tuple[str, ...]
    app: dict[str, tuple[str, str]]

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        return next((self.directory / "lib").glob("python3*/site-packages"))


def build_in(layers: Path, place: Workplace, lock: Lock) -> Path:
    """The environment of the lock, in the one place that it has in an image."""
    directory = layers / "venv"
    shutil.rmtree(layers, ignore_errors=True)
    directory.mkdir(parents=True)
    interpreter = real_interpreter()
    report = place.wheel_store(place.root / "wheels").prepare(lock)
    build = Installation(
        directory=directory,
        environment=directory,
        python=interpreter.launch_path,
        python_version=interpreter.minor,
        uv=find_uv(),
        env=place.environment(),
        app_dir=place.app_dir,
        scratch=place.scratch,
        cache_dir=layers / "uv-cache",
        build_requirements=place.build_requirements(),
    )
    install_packages(build, lock, report.wheels, tuple(sorted({wheel.path.parent for wheel in report.wheels})))
    write_paths(build.site_packages, (), layers / "server" / "site")
    group = PackageGroup(layer=VENV, digest=lock.digest, lock=lock)
    layer = plan_package_layer(group, interpreter, layers=(VENV,), trees="", layers_dir=str(layers), target=TARGET)
    content = PackagesContent(interpreter=interpreter, group=group)
    installed = InstalledPackages(layer=layer, content=content, directory=directory, site_packages=build.site_packages)
    finisher = make_finisher(place, layers, StreamConsole(out=io.StringIO()))
    finish_packages((installed,), {}, finisher, complete=True)
    return directory


def build(root: Path, name: str, index_url: str) -> Built:
    """A build of its own: another scratch directory and other caches, the same layers and the same application."""
    place = Workplace(root=root / name, variables={"PIP_INDEX_URL": index_url})
    place.root.mkdir()
    app = root / "app"
    write_project(app, FILES)
    place.app_dir.symlink_to(app)
    lock = place.lock(FILES)
    fixed = Workplace(root=place.root, variables=place.variables)
    before = tree_digest(app)
    directory = build_in(root / "layers", fixed, lock)
    assert before == tree_digest(app)
    return Built(
        directory=directory,
        digest=tree_digest(directory),
        made_in=place.root,
        wheels=place.root / "wheels",
        layers=tuple(sorted(path.name for path in directory.parent.iterdir())),
        app=before,
    )


@pytest.fixture(scope="module")
def built_twice() -> Iterator[tuple[Built, Built]]:
    """The environment, made twice. The second one is still there."""
    with open_directory("venv") as root, serve_index(*DISTRIBUTIONS) as index:
        yield build(root, "first", index.url), build(root, "second", index.url)


@pytest.fixture(scope="module")
def built(built_twice: tuple[Built, Built]) -> Built:
    """The environment."""
    return built_twice[1]


def run_in(built: Built, code: str, *arguments: str) -> str:
    """What that code prints in the environment."""
    argv = (str(built.directory / "bin" / "python"), "-I", "-B", "-c", code, *arguments)
    return subprocess.run(argv, check=True, capture_output=True, text=True, env={}).stdout


@pytest.mark.slow
def test_two_builds_give_the_same_bytes(built_twice: tuple[Built, Built]) -> None:
    """Paths, modes and contents, from different scratch directories and with different caches."""
    first, second = built_twice

    assert first.made_in != second.made_in
    assert first.digest == second.digest


def test_nothing_beside_the_environment_is_left(built: Built) -> None:
    """The installer's cache lay in the layers directory, to share its files; it would be exported."""
    assert ("venv",) == built.layers


def test_nothing_names_where_it_was_made(built: Built) -> None:
    """Neither the scratch directory nor that of the wheels."""
    names = [str(built.made_in).encode(), str(built.wheels).encode()]
    found = [
        path
        for path in built.directory.rglob("*")
        if path.is_file() and not path.is_symlink() and any(name in path.read_bytes() for name in names)
    ]

    assert [] == found


def test_everything_is_readable_and_nothing_is_writable_for_others(built: Built) -> None:
    """The image runs as another user; programs can be run."""
    modes = {path: path.stat().st_mode & 0o777 for path in built.directory.rglob("*") if not path.is_symlink()}

    assert {0o755, 0o644} == set(modes.values())
    assert 0o755 == modes[built.directory / "bin" / "plain-run"]
    assert 0o755 == built.directory.stat().st_mode & 0o777


def test_record_of_every_package_is_true(built: Built) -> None:
    """Every file that it names is there with that digest and size; everything installed but bytecode is named."""
    named: set[Path] = set()
    for record in built.site_packages.glob("*.dist-info/RECORD"):
        for name, digest, size in csv.reader(record.read_text().splitlines()):
            path = (built.site_packages / name).resolve()
            named.add(path)
            content = path.read_bytes()
            if digest:
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                assert (digest, size) == (f"sha256={expected}", str(len(content))), name

    ours = {built.site_packages / "_ml_buildpack.pth", *built.site_packages.glob("_virtualenv.*")}
    files = {path for path in built.site_packages.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert {path.resolve() for path in files - ours} <= named


def test_installed_packages_are_those_of_the_lock(built: Built) -> None:
    """As the standard library sees them, each with the file that says who installed it and without notes on how."""
    code = (
        "import json; from importlib.metadata import distributions; "
        "print(json.dumps({d.name: [d.version, d.read_text('direct_url.json')] for d in distributions()}))"
    )

    expected = {
        "from-source": ["1.0", None], "many": ["1.5", None], "own-tree": ["1.2", None], "plain": ["1.0", None],
    }  # fmt: skip
    assert expected == json.loads(run_in(built, code))


def test_pip_finds_nothing_broken(built: Built) -> None:
    """Every dependency of every package is there."""
    python = str(built.directory / "bin" / "python")
    argv = (sys.executable, "-m", "pip", "--python", python, "check", "--disable-pip-version-check")

    finished = subprocess.run(argv, check=False, capture_output=True, text=True)

    assert (0, "No broken requirements found.\n") == (finished.returncode, finished.stdout), finished.stderr


def test_code_runs(built: Built) -> None:
    """Modules, a tree that is imported from where it lies, and a program."""
    assert "1 42\n" == run_in(built, "import plain_data.deep as d, own_tree; print(d.A, own_tree.ANSWER)")
    program = subprocess.run((str(built.directory / "bin" / "plain-run"),), check=True, capture_output=True, text=True)
    assert "ran\n" == program.stdout


def test_our_package_is_found_beside_it(built: Built) -> None:
    """In the server layer, wherever the layers directory is; one line, which Python skips where nothing is."""
    expected = f"{built.directory.parent / 'server' / 'site'}\n"

    assert expected == (built.site_packages / "_ml_buildpack.pth").read_text()


def test_files_for_shells_are_left_out(built: Built) -> None:
    """No image sources them."""
    names = sorted(path.name for path in (built.directory / "bin").iterdir())

    assert ["plain-run", "python", "python3", f"python{real_interpreter().minor}"] == names


def test_interpreter_is_the_one_of_the_image(built: Built) -> None:
    """By the path that it has there."""
    assert real_interpreter().launch_path == str((built.directory / "bin" / "python").readlink())


def test_dropped_package_is_gone(tmp_path: Path, place: Workplace) -> None:
    """The environment is made anew, in a directory that held the one before."""
    for lines, expected in (("plain\nmany\n", {"plain", "many"}), ("plain\n", {"plain"}), ("", set[str]())):
        directory = build_in(tmp_path / "layers", place, place.lock({"requirements.txt": lines}))
        found = {path.name.partition("-")[0] for path in directory.rglob("*.dist-info")}
        assert expected == found


def test_wheel_that_changed_after_it_was_verified_is_refused(tmp_path: Path, place: Workplace) -> None:
    """The installer checks every digest again, and leaves no cache in the layers directory."""
    lock = place.lock({"requirements.txt": "plain\n"})
    report = place.wheel_store(tmp_path / "wheels").prepare(lock)
    path = report.wheels[0].path
    path.write_bytes(path.read_bytes() + b"\0")
    layers = tmp_path / "layers"
    layers.mkdir()
    interpreter = real_interpreter()
    build = Installation(
        directory=layers / "venv",
        environment=layers / "venv",
        python=interpreter.launch_path,
        python_version=interpreter.minor,
        uv=find_uv(),
        env=place.environment(),
        app_dir=place.app_dir,
        scratch=place.scratch,
        cache_dir=layers / "uv-cache",
        build_requirements=place.build_requirements(),
    )

    with pytest.raises(CommandFailed) as raised:
        install_packages(build, lock, report.wheels, (path.parent,))

    assert "Hash mismatch" in raised.value.output_tail
    assert not (layers / "uv-cache").exists()


def test_editable_tree_that_cannot_be_built_is_the_users_error(tmp_path: Path, place: Workplace) -> None:
    """Named, with the Python that it was built for; the project is left as it was."""
    tree = tree_at("pkg")
    lines = (
        "def build_editable(*_):",
        "    open('mark', 'w').close()",
        "    raise FileNotFoundError(2, 'No such file or directory', 'gcc')",
    )
    broken = "\n".join((tree["pkg/backend.py"], *lines, ""))
    lock = place.lock({"requirements.txt": "-e ./pkg\n", **tree, "pkg/backend.py": broken})

    with pytest.raises(NoWheelAndNoCompiler) as raised:
        build_in(tmp_path / "layers", place, lock)

    expected = ("own-tree", real_interpreter().minor, "gcc")
    assert expected == (raised.value.package, raised.value.python, raised.value.missing)
    assert not (place.app_dir / "pkg" / "mark").exists()

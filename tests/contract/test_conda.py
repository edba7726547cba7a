"""Conda's own packages on the contract: solved, installed and kept; every reason for which they cannot be.

The channel is a folder, the packages are real, and the solver is the one that users get.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.build_user import User, open_directory
from support.conda_channel import add_to_index, serve_channel
from support.conda_project import (
    DISTRIBUTIONS,
    ENVIRONMENT,
    LIBTOY,
    rattler_release,
    write_conda_app,
    write_conda_channel,
)
from support.contract import BuildResult, ContractPlatform
from support.contract_values import Types
from support.failing_builds import shown
from support.local_index import LocalIndex, serve_index
from support.python_mirror import MINOR, VERSION

pytestmark = pytest.mark.slow

LAUNCH_ONLY, CACHE_ONLY = Types(launch=True), Types(cache=True)
ONCE = {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaBuild:
    """A build of the project, and what it was made with."""

    platform: ContractPlatform
    index: LocalIndex
    channel: Path
    app: Path
    result: BuildResult
    env: Mapping[str, str]

    def again(
        self, environment: str | None = None, *, image: bool = True, cache: bool = True, **env: str
    ) -> BuildResult:
        """A later build, of another environment where one is given."""
        write_conda_app(self.app, environment or ENVIRONMENT.format(channel=self.channel.as_uri()))
        return self.platform.build(
            self.app,
            env={**self.env, **env},
            previous=self.result.image if image else None,
            cache=self.result.cache if cache else None,
        )


@pytest.fixture(scope="module")
def channel(open_session_dir: Path) -> Path:
    """The folder with the packages."""
    return write_conda_channel(open_session_dir / "channel")


@pytest.fixture(scope="module")
def first(
    buildpack_dir: Path, build_user: User, channel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CondaBuild]:
    """The first build."""
    with open_directory("mlbp-conda") as root, serve_index(*DISTRIBUTIONS, rattler_release()) as index:
        platform = ContractPlatform(buildpack_dir=buildpack_dir, root=root, user=build_user)
        app = write_conda_app(tmp_path_factory.mktemp("conda") / "app", ENVIRONMENT.format(channel=channel.as_uri()))
        env = {"PIP_INDEX_URL": index.url, "BP_CONDA": "rattler", **ONCE}
        result = platform.build(app, env=env)
        assert 0 == result.exit_code, result.output
        yield CondaBuild(platform=platform, index=index, channel=channel, app=app, result=result, env=env)


def run(*command: str | Path) -> str:
    """What a program of the image prints."""
    return subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, env={}
    ).stdout.strip()


def digests(result: BuildResult) -> dict[str, str]:
    """The layers' contents."""
    return {name: layer.digest for name, layer in result.layers.items()}


def reused(result: BuildResult) -> set[str]:
    """The layers that are kept by the image alone."""
    return {name for name, layer in result.layers.items() if layer.reused}


def test_environment_is_solved_installed_and_runs(first: CondaBuild) -> None:
    """In its final place: prefixes in texts and binaries are replaced, and conda's packages are imported."""
    made = first.again(image=False, cache=False)
    layers_dir = first.platform.layers_dir
    prefix = layers_dir / "conda" / "prefix"

    assert 0 == made.exit_code, made.output
    assert "4 conda packages, 11" in made.output
    assert f"Python {VERSION}" in made.output
    assert f"prefix={prefix}\n" == (prefix / "share/toy.conf").read_text()
    binary = (prefix / "lib/libtoy.so").read_bytes()
    assert f"toy {prefix}/share/toy.conf\0".encode() in binary
    assert binary.endswith(b"\0end\0")
    assert f"numtoy runs on {prefix}/bin/python{MINOR}" == run(layers_dir / "conda/bin/numtoy")
    where = "import flask, numtoy; print(flask.__file__, numtoy.__file__, numtoy.configuration())"
    packages = f"lib/python{MINOR}/site-packages"
    expected = f"{layers_dir}/venv/{packages}/flask.py {prefix}/{packages}/numtoy.py prefix={prefix}"
    assert expected == run(layers_dir / "venv/bin/python", "-c", where)


def test_same_packages_are_the_same_layer(first: CondaBuild) -> None:
    """Made from nothing a second time: nothing of the build's time, order or temporary places is in it."""
    made = first.again(image=False, cache=False)

    assert digests(first.result) == digests(made)


def test_layers_say_what_they_are(first: CondaBuild) -> None:
    """The environment is in the image alone; what makes it again is in the cache alone."""
    kinds = {name: layer.types for name, layer in first.result.layers.items()}
    prefix = f"{first.platform.layers_dir}/conda/prefix"

    assert {
        "conda": LAUNCH_ONLY,
        "conda-lock": CACHE_ONLY,
        "conda-packages": CACHE_ONLY,
        "conda-solver": CACHE_ONLY,
        "lock": CACHE_ONLY,
        "server": LAUNCH_ONLY,
        "venv": LAUNCH_ONLY,
        "wheels": CACHE_ONLY,
    } == kinds
    assert {
        "env.launch/CONDA_PREFIX.override": prefix,
        "env.launch/PROJ_DATA.default": f"{prefix}/share/proj",
    } == first.result.layers["conda"].env
    assert "not run in the image, which needs no shell: libtoy_activate.sh" in first.result.output


def test_bill_of_materials_names_conda_packages(first: CondaBuild) -> None:
    """By their own kind of package URL, with the digest of what was installed."""
    (document,) = first.result.layers["conda"].sbom.values()
    subdir = "linux-64" if "linux-64" in str(document) else "linux-aarch64"

    assert [
        f"pkg:conda/libtoy@1.2?build=0&channel=channel&subdir={subdir}&type=tar.bz2",
        "pkg:conda/numtoy@1.26.4?build=0&channel=channel&subdir=noarch&type=conda",
        "pkg:conda/pip@25.0?build=0&channel=channel&subdir=" + subdir + "&type=conda",
        f"pkg:conda/python@{VERSION}?build=0&channel=channel&subdir={subdir}&type=conda",
    ] == [component["purl"] for component in document["components"]]


def test_pip_does_not_install_what_conda_has(first: CondaBuild) -> None:
    """A wheel of the same name would stand in front of conda's package, and the index has some."""
    (document,) = first.result.layers["venv"].sbom.values()

    names = [component["name"] for component in document["components"]]
    assert ["python", "flask", "gunicorn", "werkzeug"] == names
    assert not [path for path in first.index.requested if "numtoy" in path]


@contextmanager
def gone(folder: Path) -> Iterator[None]:
    """The channel is not there for a while."""
    aside = folder.with_name("aside")
    folder.rename(aside)
    try:
        yield
    finally:
        aside.rename(folder)


def test_second_build_moves_nothing(first: CondaBuild) -> None:
    """Nothing is solved, fetched or installed, and nobody is asked: neither the index nor the channel."""
    asked = len(first.index.requested)
    with gone(first.channel):
        second = first.again()

    assert 0 == second.exit_code, second.output
    assert {"conda", "server", "venv"} == reused(second)
    assert digests(first.result) == digests(second)
    assert "Keeping the solution: 4 conda packages, nothing to solve" in second.output
    assert [] == first.index.requested[asked:]
    for words in ("Solving", "Fetching", "Installing", "Resolving"):
        assert words not in second.output


def test_changed_pip_section_is_added_to_the_same_environment(first: CondaBuild) -> None:
    """It is installed again from the kept packages, at its old place, with the same contents; nothing is solved."""
    environment = ENVIRONMENT.format(channel=first.channel.as_uri()) + "    - werkzeug==3.0\n"
    with gone(first.channel):
        second = first.again(environment)

    assert 0 == second.exit_code, second.output
    assert "Resolving with uv (the default): the requirements changed" in second.output
    assert "4 kept, 0 fetched" in second.output
    assert "Solving" not in second.output
    for name in ("conda", "conda-lock", "conda-packages", "conda-solver"):
        assert first.result.layers[name].digest == second.layers[name].digest


def test_changed_specs_are_solved_again(first: CondaBuild) -> None:
    """The log says why, and what it changed; what only the environment is made of is fetched beside the kept rest."""
    environment = ENVIRONMENT.format(channel=first.channel.as_uri()).replace("  - pip\n", "")
    second = first.again(environment)

    assert 0 == second.exit_code, second.output
    assert "Solving with py-rattler: the packages that conda is asked for changed" in second.output
    assert "- pip 25.0" in second.output
    assert "3 kept, 0 fetched" in second.output
    assert "Fetching py-rattler" not in second.output
    assert first.result.layers["conda"].digest != second.layers["conda"].digest


def test_upgrade_solves_again(first: CondaBuild) -> None:
    """Where nothing newer is there, everything stays."""
    second = first.again(BP_UPGRADE="true")

    assert 0 == second.exit_code, second.output
    assert "Solving with py-rattler: BP_UPGRADE asks for it" in second.output
    assert "the same packages as before" in second.output
    assert digests(first.result) == digests(second)


def test_new_image_name_is_built_from_the_cache(first: CondaBuild) -> None:
    """No previous image, as on Cloud Foundry, and no channel: the packages and their installer are kept."""
    with gone(first.channel):
        second = first.again(image=False)

    assert 0 == second.exit_code, second.output
    assert digests(first.result) == digests(second)


def test_lost_cache_needs_nothing_while_the_image_is_there(first: CondaBuild) -> None:
    """Its metadata says what is in it."""
    with gone(first.channel):
        second = first.again(cache=False)

    assert 0 == second.exit_code, second.output
    assert {"conda", "server", "venv"} == set(second.layers) == reused(second)
    assert "Keeping the conda packages of the previous image" in second.output


def test_lost_cache_and_changed_requirements_are_solved_again(first: CondaBuild) -> None:
    """What pip adds is installed on the environment, so its packages are needed, and only a solver knows them."""
    environment = ENVIRONMENT.format(channel=first.channel.as_uri()) + "    - werkzeug==3.0\n"
    second = first.again(environment, cache=False)

    assert 0 == second.exit_code, second.output
    assert "Solving with py-rattler: the kept solution is gone" in second.output
    assert first.result.layers["conda"].digest == second.layers["conda"].digest


def test_lost_cache_and_a_new_release_of_the_buildpack_solve_again(first: CondaBuild) -> None:
    """What runs beside the application is compiled by the environment's Python, so the environment has to be there."""
    assert first.result.image is not None
    layers = dict(first.result.image.layers)
    layers["server"] = replace(layers["server"], metadata={**layers["server"].metadata, "server": "another release"})
    write_conda_app(first.app, ENVIRONMENT.format(channel=first.channel.as_uri()))

    second = first.platform.build(first.app, env=first.env, previous=replace(first.result.image, layers=layers))

    assert 0 == second.exit_code, second.output
    assert "Solving with py-rattler: the kept solution is gone" in second.output
    assert first.result.layers["conda"].digest == second.layers["conda"].digest


def test_damaged_package_is_fetched_again(first: CondaBuild) -> None:
    """A cache that lies is not believed."""
    assert first.result.cache is not None
    cache = first.platform.change_cached_file(first.result.cache, "conda-packages", "*/libtoy-*", b"damaged")
    write_conda_app(first.app, ENVIRONMENT.format(channel=first.channel.as_uri()))

    second = first.platform.build(first.app, env=first.env, cache=cache)

    assert 0 == second.exit_code, second.output
    assert "3 kept, 1 fetched" in second.output
    assert digests(first.result) == digests(second)


def test_no_channels_is_conda_forge_from_the_mirror(first: CondaBuild) -> None:
    """And no Python is the newest; both are said. A file address is a mirror too."""
    mirror = first.channel.parent / "mirror"
    mirror.mkdir(exist_ok=True)
    if not (mirror / "conda-forge").exists():
        (mirror / "conda-forge").symlink_to(first.channel)
    environment = "dependencies:\n  - numtoy\n  - pip:\n    - flask\n"

    second = first.again(environment, image=False, BP_CONDA_MIRROR=mirror.as_uri())

    assert 0 == second.exit_code, second.output
    assert f"channels: {mirror.as_uri()}/conda-forge, because environment.yml names none" in second.output
    assert "environment.yml names no Python: the newest one of the channels that fits" in second.output


def test_login_of_a_channel_reaches_nobody(first: CondaBuild) -> None:
    """It stands in a variable, and neither in the log nor in any file that the build leaves."""
    with serve_channel(first.channel, "user:planted-pass") as address:
        channels = address.replace("://", "://user:${CHANNEL_USER}@")
        second = first.again(image=False, cache=False, BP_CONDA_CHANNELS=channels, CHANNEL_USER="planted-pass")
        refused = first.again(image=False, cache=False, BP_CONDA_CHANNELS=address)

    assert 0 == second.exit_code, second.output
    assert f"channels: {address}\n" in second.output
    assert "planted-pass" not in second.output
    files = [path for path in second_files(first) if b"planted-pass" in path.read_bytes()]
    assert [] == files
    assert 1 == refused.exit_code
    assert shown("ML-CONDA-002") in refused.output


def second_files(first: CondaBuild) -> list[Path]:
    """Every file of the layers directory, and the archives that the image and the cache are."""
    places = (first.platform.layers_dir, first.platform.root / "archives")
    return [path for place in places for path in place.rglob("*") if path.is_file() and not path.is_symlink()]


REFUSED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "a package that is nowhere": (
        "  - numtoi\n",
        (shown("ML-CONDA-003"), "environment.yml:5   numtoi", "No candidates were found for numtoi *.", "file://"),
    ),
    "a version that is nowhere": ("  - numtoy=9\n", (shown("ML-CONDA-003"), "environment.yml:5", "numtoy 9.*")),
    "a conflict": ("  - numtoy\n  - wants-old\n", (shown("ML-CONDA-004"), "wants-old 1.0 would require", "libtoy <1")),
    "no graphics card": ("  - wants-driver\n", (shown("ML-CONDA-004"), "__cuda >=12", "CONDA_OVERRIDE_CUDA")),
    "an old C library": ("  - needs-new-libc\n", (shown("ML-CONDA-004"), "__glibc >=99", "__glibc=2.41")),
    "no match spec": ("  - numtoy[[\n", (shown("ML-REQ-003"), "environment.yml:5")),
    "a wheel that wants another version": (
        "  - numtoy\n  - pip:\n    - wants-new\n",
        (shown("ML-LOCK-001"), "wants-new depend on", "conda has installed this", "    numtoy 1.26.4\n"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_environment_without_solution_is_explained(first: CondaBuild, name: str) -> None:
    """With the solver's own words, and the lines that it is about."""
    items, says = REFUSED[name]
    environment = f"channels:\n  - {first.channel.as_uri()}\ndependencies:\n  - python\n{items}"
    if "pip:" not in items:
        environment += "  - pip:\n    - flask\n"
    result = first.again(environment, image=False)

    assert 1 == result.exit_code, result.output
    for words in says:
        assert words in result.output


def test_channel_that_is_not_there_is_explained(first: CondaBuild) -> None:
    """Nothing listens, and nothing lies there."""
    for channel in ("http://127.0.0.1:9/none", "file:///nowhere"):
        result = first.again(image=False, BP_CONDA_CHANNELS=channel)

        assert 1 == result.exit_code
        assert shown("ML-CONDA-001") in result.output
        assert channel in result.output


def test_package_with_another_digest_is_refused(first: CondaBuild) -> None:
    """The channel's index says which bytes are right."""
    channel = shutil.copytree(first.channel, first.channel.parent / "wrong")
    add_to_index(channel, LIBTOY, b"other bytes")
    (channel / LIBTOY.subdir / "repodata.json").chmod(0o644)

    result = first.again(image=False, cache=False, BP_CONDA_CHANNELS=channel.as_uri())

    assert 1 == result.exit_code
    assert shown("ML-HASH-001") in result.output
    assert "libtoy-1.2-0.tar.bz2" in result.output


def test_index_without_the_solver_is_explained(platform: ContractPlatform, first: CondaBuild) -> None:
    """A closed network's index may lack it; the message names the release and the other ways."""
    with serve_index(*DISTRIBUTIONS) as index:
        result = platform.build(first.app, env={**first.env, "PIP_INDEX_URL": index.url})

    assert 1 == result.exit_code
    assert shown("ML-CONDA-005") in result.output
    assert "No matching distribution found for py-rattler==0.28.0" in result.output

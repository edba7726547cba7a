"""The application's Python on the contract: a downloaded one in a layer of its own, and every reason for having none.

What is downloaded comes from a mirror; its release number is one that no interpreter of the machine has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.build_user import User, open_directory
from support.contract import BuildResult, ContractPlatform
from support.contract_values import Cache, Types
from support.failing_builds import shown
from support.flask_project import DISTRIBUTIONS, write_flask_app
from support.local_index import LocalIndex, serve_index
from support.python_mirror import MINOR, VERSION, PythonMirror

pytestmark = pytest.mark.slow

LAUNCH_ONLY, CACHE_ONLY = Types(launch=True), Types(cache=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class MirrorBuild:
    """A build on the mirrored interpreter, and what it was made with."""

    platform: ContractPlatform
    index: LocalIndex
    app: Path
    result: BuildResult
    env: Mapping[str, str]

    def again(self, requirements: str = "flask\ntiny-model==1.0\n", *, image: bool = True, **env: str) -> BuildResult:
        """A later build, with the cache."""
        (self.app / "requirements.txt").write_text(requirements)
        previous = self.result.image if image else None
        return self.platform.build(self.app, env={**self.env, **env}, previous=previous, cache=self.result.cache)


@pytest.fixture(scope="module")
def first(
    buildpack_dir: Path, build_user: User, python_mirror: PythonMirror, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MirrorBuild]:
    """A directory that asks for the mirrored version by its file."""
    with open_directory("mlbp-python") as root, serve_index(*DISTRIBUTIONS) as index:
        platform = ContractPlatform(buildpack_dir=buildpack_dir, root=root, user=build_user)
        app = write_flask_app(tmp_path_factory.mktemp("python") / "app")
        (app / ".python-version").write_text(f"{VERSION}\n")
        env = {"PIP_INDEX_URL": index.url, "BP_PYTHON_DOWNLOADS_JSON": str(python_mirror.table)}
        result = platform.build(app, env=env)
        assert 0 == result.exit_code, result.output
        yield MirrorBuild(platform=platform, index=index, app=app, result=result, env=env)


def digests(result: BuildResult) -> dict[str, str]:
    """The layers' contents."""
    return {name: layer.digest for name, layer in result.layers.items()}


def reused(result: BuildResult) -> set[str]:
    """The layers that are kept by the image alone."""
    return {name for name, layer in result.layers.items() if layer.reused}


def test_requested_python_gets_a_layer_and_the_environment_is_made_on_it(first: MirrorBuild) -> None:
    """In the image alone, with an archive in the cache alone; the log says who decided."""
    made = first.platform.build(first.app, env=first.env)

    assert f"Python {VERSION} (downloaded): .python-version asks for {VERSION}" in made.output
    assert {"python": LAUNCH_ONLY, "venv": LAUNCH_ONLY, "python-archive": CACHE_ONLY} == {
        name: made.layers[name].types for name in ("python", "venv", "python-archive")
    }
    layers_dir = first.platform.layers_dir
    assert layers_dir / "python/bin" == (layers_dir / "venv/bin/python").readlink().parent
    assert f"home = {layers_dir}/python/bin" in (layers_dir / "venv/pyvenv.cfg").read_text()
    assert (layers_dir / "venv/lib" / f"python{MINOR}" / "site-packages/flask/__init__.py").is_file()


def test_python_and_environment_are_kept_together(first: MirrorBuild) -> None:
    """Nothing is downloaded or unpacked, and the archive stays in the cache for later."""
    second = first.again(BP_PYTHON_DOWNLOADS_JSON="/nowhere.json")

    assert 0 == second.exit_code, second.output
    assert {"python", "server", "venv"} == reused(second)
    assert digests(first.result) == digests(second)
    for words in ("Downloading", "Unpacking"):
        assert words not in second.output


def test_changed_environment_is_made_on_the_archived_python(first: MirrorBuild) -> None:
    """It is unpacked at its old place, with the same contents, while no mirror is there."""
    second = first.again("flask\n", BP_PYTHON_DOWNLOADS_JSON="/nowhere.json")

    assert 0 == second.exit_code, second.output
    assert f"Unpacking Python {VERSION} from the cache" in second.output
    assert "Making 'python': the venv layer is made with it" in second.output
    assert {"server"} == reused(second)
    for name in ("python", "python-archive"):
        assert first.result.layers[name].digest == second.layers[name].digest


def test_new_image_name_is_built_from_the_cache(first: MirrorBuild) -> None:
    """No previous image, as on Cloud Foundry."""
    second = first.again(image=False, BP_PYTHON_DOWNLOADS_JSON="/nowhere.json")

    assert 0 == second.exit_code, second.output
    assert digests(first.result) == digests(second)


@pytest.mark.parametrize("harm", [Cache.without_blob, Cache.with_corrupt_blob])
def test_lost_archive_is_downloaded_again(first: MirrorBuild, harm: Callable[[Cache, str], Cache]) -> None:
    """Only where it is needed, and with the same result."""
    assert first.result.cache
    cache = harm(first.result.cache, "python-archive")
    second = first.platform.build(first.app, env=first.env, cache=cache)

    assert 0 == second.exit_code, second.output
    assert f"Downloading Python {VERSION}" in second.output
    assert digests(first.result) == digests(second)


def test_lost_cache_needs_no_download_while_the_image_is_there(first: MirrorBuild) -> None:
    """Its metadata says what is in it, even where the table cannot be read any more."""
    env = {**first.env, "BP_PYTHON_DOWNLOADS_JSON": "/nowhere.json"}
    second = first.platform.build(first.app, env=env, previous=first.result.image)

    assert 0 == second.exit_code, second.output
    assert {"python", "server", "venv"} == reused(second)
    assert "python-archive" not in second.layers


def test_python_that_is_there_again_drops_the_layer_and_its_archive(first: MirrorBuild) -> None:
    """The request is gone, so the builder's own does."""
    second = first.again(BP_PYTHON_VERSION=">=3")

    assert 0 == second.exit_code, second.output
    assert f".python-version asks for {VERSION}, and is overruled" in second.output
    assert {"lock", "server", "venv", "wheels"} == set(second.layers)
    assert [] == list(first.platform.layers_dir.glob("python*"))


def test_archive_with_another_digest_is_refused(
    platform: ContractPlatform, index: LocalIndex, first: MirrorBuild, python_mirror: PythonMirror
) -> None:
    """Nothing of it is used; the message has both digests."""
    table = python_mirror.write_table("wrong.json", changes={"sha256": "0" * 64})
    table.chmod(0o644)

    result = platform.build(first.app, env={"PIP_INDEX_URL": index.url, "BP_PYTHON_DOWNLOADS_JSON": str(table)})

    assert 1 == result.exit_code
    assert shown("ML-PY-004") in result.output
    assert "0" * 64 in result.output
    assert () == result.written


@pytest.mark.parametrize(
    ("files", "env", "words"),
    [
        pytest.param(
            {".python-version": "3.13\n", "pyproject.toml": '[project]\nname = "x"\nrequires-python = "<3.13"\n'},
            {},
            (shown("ML-PY-002"), ".python-version:1   3.13", "pyproject.toml:3    <3.13"),
            id="a contradiction",
        ),
        pytest.param({"runtime.txt": "python-3.6.15\n"}, {}, (shown("ML-PY-003"), "2021-12-23"), id="an ended version"),
        pytest.param({".python-version": "3.98\n"}, {}, (shown("ML-PY-001"), VERSION), id="one that nobody has"),
        pytest.param(
            {".python-version": "3.98\n"},
            {"BP_PYTHON_DOWNLOADS_JSON": "/nowhere.json"},
            (shown("ML-PY-004"), "the table of downloads, /nowhere.json"),
            id="no table",
        ),
        pytest.param(
            {".python-version": "3.98\n"},
            {"UV_PYTHON_DOWNLOADS": "never"},
            (shown("ML-PY-004"), "UV_PYTHON_DOWNLOADS=never forbids downloads."),
            id="downloads are forbidden",
        ),
    ],
)
def test_python_that_cannot_be_had_is_explained(
    platform: ContractPlatform,
    tmp_path: Path,
    first: MirrorBuild,
    files: dict[str, str],
    env: dict[str, str],
    words: tuple[str, ...],
) -> None:
    """By who asked for it, before anything is resolved."""
    app = write_flask_app(tmp_path / "app")
    for name, text in files.items():
        (app / name).write_text(text)

    result = platform.build(app, env={**first.env, **env})

    assert 1 == result.exit_code
    assert () == tuple(word for word in words if word not in result.output), result.output
    assert () == result.written

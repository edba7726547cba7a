"""Packages in three layers: each made where its own packages changed, and all of them one environment for Python."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.build_user import User, open_directory
from support.contract import BuildResult, ContractPlatform
from support.contract_values import Cache, Image, Types
from support.flask_project import FirstBuild, write_flask_app
from support.gpu_project import CUDA_WHEELS, GPU_DISTRIBUTIONS, LIGHT_WHEELS, REQUIREMENTS
from support.local_index import serve_index

pytestmark = pytest.mark.slow

PACKAGE_LAYERS = frozenset({"cuda", "heavy", "venv"})


@pytest.fixture(scope="module")
def gpu_build(buildpack_dir: Path, build_user: User, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstBuild]:
    """A build of a project that needs a GPU framework, on a platform that the tests go on with."""
    with open_directory("mlbp-gpu") as root, serve_index(*GPU_DISTRIBUTIONS) as index:
        platform = ContractPlatform(buildpack_dir=buildpack_dir, root=root, user=build_user)
        app = write_flask_app(tmp_path_factory.mktemp("gpu") / "app", REQUIREMENTS)
        result = platform.build(app, env={"PIP_INDEX_URL": index.url})
        assert 0 == result.exit_code, result.output
        yield FirstBuild(platform=platform, index=index, result=result, fetched=tuple(index.files_fetched))


def build_again(
    first: FirstBuild,
    app: Path,
    requirements: str = REQUIREMENTS,
    *,
    previous: Image | None = None,
    cache: Cache | None = None,
) -> BuildResult:
    """A later build; what was asked of the index before it is forgotten."""
    first.index.requested.clear()
    write_flask_app(app, requirements)
    env = {"PIP_INDEX_URL": first.index.url}
    result = first.platform.build(app, env=env, previous=previous, cache=cache)
    assert 0 == result.exit_code, result.output
    return result


def kept(result: BuildResult) -> frozenset[str]:
    """The layers of packages that were not made again."""
    return PACKAGE_LAYERS & {name for name, layer in result.layers.items() if layer.reused}


def run_in(layers: Path, *arguments: str) -> str:
    """What the Python of the environment prints."""
    python = layers / "venv" / "bin" / "python"
    return subprocess.run((str(python), *arguments), check=True, capture_output=True, text=True, env={}).stdout


def test_packages_are_one_environment(gpu_build: FirstBuild, tmp_path: Path) -> None:
    """Each layer for the image alone; imports, metadata, `.pth` files, libraries and programs work across them."""
    result = build_again(gpu_build, tmp_path / "app", cache=gpu_build.result.cache)
    layers = gpu_build.platform.layers_dir
    code = """
import ctypes, importlib.metadata, json, sys
import nvidia.cudnn, tiny_model, torch, triton
ctypes.CDLL(torch.__file__.replace("__init__.py", "lib/libtorch_cuda.so"))
print(json.dumps([sys.torch_was_here, nvidia.cudnn.NAME, sorted(d.name for d in importlib.metadata.distributions())]))
"""
    program = subprocess.run((str(layers / "heavy" / "bin" / "torchrun"),), check=True, capture_output=True, text=True)
    check = (sys.executable, "-m", "pip", "--python", str(layers / "venv" / "bin" / "python"), "check")

    assert dict.fromkeys(PACKAGE_LAYERS, Types(launch=True)) == {
        name: layer.types for name, layer in result.layers.items() if name in PACKAGE_LAYERS
    }
    names = [
        "flask",
        "gunicorn",
        "nvidia-cublas-cu12",
        "nvidia-cudnn-cu12",
        "tiny-model",
        "torch",
        "triton",
        "werkzeug",
    ]
    assert [True, "cudnn", names] == json.loads(run_in(layers, "-c", code))
    assert "torchrun 2.0\n" == program.stdout
    assert (
        "No broken requirements found.\n" == subprocess.run(check, check=False, capture_output=True, text=True).stdout
    )


def test_each_layer_has_its_own_bill_of_materials(gpu_build: FirstBuild) -> None:
    """Nothing is listed twice, nothing is missing."""
    listed = {
        name: [one["name"] for one in layer.sbom["cdx"]["components"] if one["type"] == "library"]
        for name, layer in gpu_build.result.layers.items()
        if name in PACKAGE_LAYERS
    }

    assert {
        "cuda": ["nvidia-cublas-cu12", "nvidia-cudnn-cu12", "triton"],
        "heavy": ["torch"],
        "venv": ["flask", "gunicorn", "tiny-model", "werkzeug"],
    } == listed


def test_only_light_wheels_are_cached(gpu_build: FirstBuild, tmp_path: Path) -> None:
    """The other layers are their own cache."""
    build_again(gpu_build, tmp_path / "app", cache=gpu_build.result.cache)
    wheels = gpu_build.platform.layers_dir / "wheels"

    assert sorted(LIGHT_WHEELS) == sorted(path.name for path in wheels.iterdir())


def test_log_says_what_is_where(gpu_build: FirstBuild) -> None:
    """With the sizes: what a change of each layer would cost."""
    output = gpu_build.result.output

    assert "    torch 21.0 MB\n" in output
    assert "    nvidia-cublas-cu12 12.0 MB, nvidia-cudnn-cu12 8.0 MB, triton 9" in output


def test_new_image_name_gives_the_same_layers(gpu_build: FirstBuild, tmp_path: Path) -> None:
    """The wheels that are not cached are fetched again, and no others."""
    again = build_again(gpu_build, tmp_path / "app", cache=gpu_build.result.cache)

    assert sorted([*CUDA_WHEELS, "torch-2.0-py3-none-any.whl"]) == gpu_build.index.files_fetched
    assert {name: layer.digest for name, layer in gpu_build.result.layers.items()} == {
        name: layer.digest for name, layer in again.layers.items()
    }


@pytest.mark.parametrize("has_cache", [True, False])
def test_changed_light_package_makes_its_layer_alone(gpu_build: FirstBuild, tmp_path: Path, *, has_cache: bool) -> None:
    """Where the cache is lost too: what is in the kept layers stands in their metadata."""
    first = gpu_build.result
    requirements = REQUIREMENTS.replace("tiny-model==1.0", "tiny-model==2.0")

    again = build_again(
        gpu_build, tmp_path / "app", requirements, previous=first.image, cache=first.cache if has_cache else None
    )

    fetched = ["tiny_model-2.0-py3-none-any.whl"]
    others = [name for name in LIGHT_WHEELS if not name.startswith("tiny_model")]
    assert sorted(fetched if has_cache else fetched + others) == gpu_build.index.files_fetched
    assert {"cuda", "heavy"} == kept(again)
    assert ["libcublas.so.12", "libtorch_cuda.so"] == [
        again.layers[name].metadata["libraries"] for name in ("cuda", "heavy")
    ]
    assert not (gpu_build.platform.layers_dir / "heavy").exists()


def test_changed_heavy_package_makes_its_layer_alone(gpu_build: FirstBuild, tmp_path: Path) -> None:
    """The CUDA libraries and the light packages stay, and so do the wheels of these in the cache."""
    first = gpu_build.result

    again = build_again(
        gpu_build,
        tmp_path / "app",
        REQUIREMENTS.replace("torch==2.0", "torch==2.1"),
        previous=first.image,
        cache=first.cache,
    )

    assert ["torch-2.1-py3-none-any.whl"] == gpu_build.index.files_fetched
    assert {"cuda", "venv"} == kept(again)
    assert first.layers["wheels"].digest == again.layers["wheels"].digest
    assert "Making 'heavy': the locked packages changed" in again.output


def test_lost_cache_and_nothing_changed_asks_nobody(gpu_build: FirstBuild, tmp_path: Path) -> None:
    """All layers together say what the image was resolved to."""
    again = build_again(gpu_build, tmp_path / "app", previous=gpu_build.result.image)

    assert [] == gpu_build.index.requested
    assert PACKAGE_LAYERS == kept(again)


def test_layers_that_are_no_longer_needed_are_gone(gpu_build: FirstBuild, tmp_path: Path) -> None:
    """A project that drops its framework has one layer of packages again."""
    first = gpu_build.result

    again = build_again(gpu_build, tmp_path / "app", "flask\n", previous=first.image, cache=first.cache)

    assert {"venv"} == PACKAGE_LAYERS & set(again.layers)
    assert "Making 'venv': the packages are divided among other layers, the locked packages changed" in again.output

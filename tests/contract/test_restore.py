"""Later builds: what is kept, what is made again, and that the log says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.contract import BuildResult, ContractPlatform
from support.contract_values import Cache
from support.flask_project import DISTRIBUTIONS, FirstBuild
from support.local_index import LocalIndex

pytestmark = pytest.mark.slow

WriteApp = Callable[..., Path]
TINY_WHEEL = "tiny_model-1.0-py3-none-any.whl"


@pytest.fixture
def first(first_build: FirstBuild) -> BuildResult:
    """The build before, which all tests here share."""
    return first_build.result


@pytest.fixture
def platform(first_build: FirstBuild) -> ContractPlatform:
    """The platform of the build before: layers lie at the same paths."""
    return first_build.platform


@pytest.fixture
def index(first_build: FirstBuild) -> LocalIndex:
    """The index of the build before; what was asked of it is forgotten."""
    first_build.index.offer(*DISTRIBUTIONS)
    first_build.index.requested.clear()
    return first_build.index


def installed(platform: ContractPlatform) -> list[str]:
    """The distributions in the environment of the last build."""
    return sorted(path.name for path in (platform.layers_dir / "venv").glob("lib/python3.*/site-packages/*.dist-info"))


def test_an_unchanged_project_resolves_fetches_and_installs_nothing(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """With image and cache there, the index is not asked, and no layer has contents but those of the cache."""
    second = platform.build(write_app(), env={"PIP_INDEX_URL": index.url}, previous=first.image, cache=first.cache)

    assert 0 == second.exit_code, second.output
    assert [] == index.requested
    assert {name: layer.digest for name, layer in first.layers.items()} == {
        name: layer.digest for name, layer in second.layers.items()
    }
    assert {"server", "venv"} == {name for name, layer in second.layers.items() if layer.reused}
    assert first.launch == second.launch
    for words in ("Resolving", "fetched", "Making", "built"):
        assert words not in second.output
    for words in ("Keeping the lock", "Keeping 'server'", "Keeping 'venv'"):
        assert words in second.output


def test_a_changed_source_file_changes_no_layer(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """The application's own layer is not the buildpack's."""
    app = write_app()
    (app / "app.py").write_text((app / "app.py").read_text() + "# changed\n")

    second = platform.build(app, env={"PIP_INDEX_URL": index.url}, previous=first.image, cache=first.cache)

    assert [] == index.requested
    assert {"server", "venv"} == {name for name, layer in second.layers.items() if layer.reused}
    assert first.layers["venv"].digest == second.layers["venv"].digest


def test_a_lost_cache_needs_no_index_while_the_image_is_there(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """The metadata of the previous image says what is in it: nothing is resolved to throw it away."""
    second = platform.build(write_app(), env={"PIP_INDEX_URL": index.url}, previous=first.image)

    assert 0 == second.exit_code, second.output
    assert [] == index.requested
    assert {"server", "venv"} == {name for name, layer in second.layers.items() if layer.reused}
    assert "Resolving" not in second.output
    assert first.layers["venv"].sbom == second.layers["venv"].sbom


@pytest.mark.parametrize("api", [(0, 9), (0, 13), (0, 14)])
def test_a_new_image_name_is_built_from_the_cache(
    platform: ContractPlatform,
    index: LocalIndex,
    first: BuildResult,
    write_app: WriteApp,
    api: tuple[int, int],
) -> None:
    """No previous image, as on Cloud Foundry: the kept lock and the kept wheels make the same layers."""
    env = {"PIP_INDEX_URL": index.url}
    second = replace(platform, platform_api=api).build(write_app(), env=env, cache=first.cache)

    assert 0 == second.exit_code, second.output
    assert [] == index.requested
    assert {name: layer.digest for name, layer in first.layers.items()} == {
        name: layer.digest for name, layer in second.layers.items()
    }
    assert "4 wheels: 4 kept, 0 fetched" in second.output


def test_a_damaged_wheel_in_the_cache_is_dropped_and_fetched_again(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """It is named, alone fetched, and the result is the same as before."""
    assert first.cache
    damaged = platform.change_cached_file(first.cache, "wheels", TINY_WHEEL, b"damaged")

    second = platform.build(write_app(), env={"PIP_INDEX_URL": index.url}, cache=damaged)

    assert 0 == second.exit_code, second.output
    assert [TINY_WHEEL] == index.files_fetched
    assert TINY_WHEEL in next(line for line in second.output.splitlines() if "Warning" in line and "damaged" in line)
    assert first.layers["venv"].digest == second.layers["venv"].digest
    assert first.layers["wheels"].digest == second.layers["wheels"].digest


@pytest.mark.parametrize("harm", [Cache.without_blob, Cache.with_corrupt_blob])
@pytest.mark.parametrize("layer", ["wheels", "lock"])
def test_metadata_without_its_directory_is_not_trusted(
    platform: ContractPlatform,
    index: LocalIndex,
    first: BuildResult,
    write_app: WriteApp,
    harm: Callable[[Cache, str], Cache],
    layer: str,
) -> None:
    """A blob of the cache was lost or damaged: the restorer warns, and the build makes the layer again."""
    assert first.cache

    second = platform.build(write_app(), env={"PIP_INDEX_URL": index.url}, cache=harm(first.cache, layer))

    assert 0 == second.exit_code, second.output
    assert f"Skipping restore for layer {layer}" in second.restored
    assert {name: one.digest for name, one in first.layers.items()} == {
        name: one.digest for name, one in second.layers.items()
    }


def test_an_unreadable_lock_in_the_cache_is_made_again(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """Half a file, as after a full disk."""
    assert first.cache
    broken = platform.change_cached_file(first.cache, "lock", "pylock.toml", b'lock-version = "1.0"\n[[packa')

    second = platform.build(write_app(), env={"PIP_INDEX_URL": index.url}, cache=broken)

    assert 0 == second.exit_code, second.output
    assert first.layers["lock"].digest == second.layers["lock"].digest
    assert "cannot be read" in second.output


def test_a_dropped_requirement_is_gone(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """From the environment and from the cached wheels; the reason is in the log."""
    second = platform.build(
        write_app("flask\n"), env={"PIP_INDEX_URL": index.url}, previous=first.image, cache=first.cache
    )

    assert 0 == second.exit_code, second.output
    assert ["flask-3.1.0.dist-info", "gunicorn-23.0.dist-info", "werkzeug-3.0.dist-info"] == installed(platform)
    assert TINY_WHEEL not in {path.name for path in (platform.layers_dir / "wheels").iterdir()}
    assert [] == index.files_fetched
    assert "Making 'venv': the locked packages changed" in second.output
    assert {"server"} == {name for name, layer in second.layers.items() if layer.reused}


def test_a_changed_pin_fetches_that_wheel_only(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """The others are kept in the cache."""
    second = platform.build(
        write_app("flask\ntiny-model==2.0\n"),
        env={"PIP_INDEX_URL": index.url},
        previous=first.image,
        cache=first.cache,
    )

    assert 0 == second.exit_code, second.output
    assert ["tiny_model-2.0-py3-none-any.whl"] == index.files_fetched
    assert "tiny_model-2.0.dist-info" in installed(platform)
    assert "tiny_model-1.0.dist-info" not in installed(platform)


def test_a_comment_in_the_requirements_installs_nothing_anew(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """It may be resolved again, but the same pins are the same layer."""
    second = platform.build(
        write_app("# our model\nflask\ntiny-model==1.0\n"),
        env={"PIP_INDEX_URL": index.url},
        previous=first.image,
        cache=first.cache,
    )

    assert 0 == second.exit_code, second.output
    assert {"server", "venv"} == {name for name, layer in second.layers.items() if layer.reused}
    assert [] == index.files_fetched


def test_an_upgrade_is_resolved_only_when_it_is_asked_for(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """A rebuild never drifts: a newer release on the index alone changes nothing."""
    env = {"PIP_INDEX_URL": index.url}
    index.offer(*(one for one in DISTRIBUTIONS if (one.name, one.version) != ("tiny-model", "2.0")))
    app = write_app("flask\ntiny-model\n")
    first = platform.build(app, env=env)
    index.offer(*DISTRIBUTIONS)

    kept = platform.build(app, env=env, previous=first.image, cache=first.cache)
    upgraded = platform.build(app, env={**env, "BP_UPGRADE": "true"}, previous=first.image, cache=first.cache)

    assert "Resolving" not in kept.output
    assert first.layers["venv"].digest == kept.layers["venv"].digest
    assert 0 == upgraded.exit_code, upgraded.output
    assert "tiny_model-2.0.dist-info" in installed(platform)
    assert "tiny-model" in upgraded.output.replace("_", "-")


def test_restored_layers_that_no_release_makes_any_more_are_removed(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """They would be ignored for lack of types, but kept in the cache's metadata for ever."""
    assert first.cache
    old = replace(first.cache, layers={**first.cache.layers, "old-cache": first.cache.layers["lock"]})
    second = platform.build(write_app(), env={"PIP_INDEX_URL": index.url}, previous=first.image, cache=old)

    assert 0 == second.exit_code, second.output
    assert [] == list(platform.layers_dir.glob("old-cache*"))


def test_metadata_of_another_release_means_making_it_again(
    platform: ContractPlatform, index: LocalIndex, first: BuildResult, write_app: WriteApp
) -> None:
    """Whatever it wrote, numbers included."""
    assert first.image
    assert first.cache
    image = replace(
        first.image, layers={name: replace(one, metadata={"schema": 7}) for name, one in first.image.layers.items()}
    )
    cache = replace(first.cache, layers={name: replace(one, metadata={}) for name, one in first.cache.layers.items()})

    second = platform.build(write_app(), env={"PIP_INDEX_URL": index.url}, previous=image, cache=cache)

    assert 0 == second.exit_code, second.output
    assert {name: layer.digest for name, layer in first.layers.items()} == {
        name: layer.digest for name, layer in second.layers.items()
    }
    assert {} == {name: layer for name, layer in second.layers.items() if layer.reused}

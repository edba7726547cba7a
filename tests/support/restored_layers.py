"""What a restore brings back into a layers directory. The algorithm of lifecycle 0.21, its surprises included.

Source: buildpack.md of API 0.10, "Layer Types"; lifecycle internal/layer/metadata_restorer.go and phase/restorer.go.
The real restorer's log says the same in the same words, so that a test can be written against either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from support.contract_values import BuiltLayer, Cache, Image
from support.layer_archive import archive_is_intact, extract_layer_archive

# From this Platform API on, layers for launch and cache come back from the cache without a previous image.
CACHE_ALONE_API = (0, 14)


def restore_layers(
    layers_dir: Path, *, previous: Image | None, cache: Cache | None, platform_api: tuple[int, int]
) -> tuple[str, ...]:
    """Write what the lifecycle would restore into the empty directory; return its log."""
    log: list[str] = []
    image_layers = previous.layers if previous else {}
    cached_layers = cache.layers if cache else {}
    if previous and previous.store is not None:
        _write_metadata(layers_dir / "store.toml", previous.store)
    expected = _restore_metadata(layers_dir, image_layers, cached_layers, platform_api, log)
    for name, cached in cached_layers.items():
        if cache and name in expected:
            _restore_contents(layers_dir, name, cached, expected[name], cache, log)
    return tuple(log)


def _restore_metadata(
    layers_dir: Path,
    image_layers: Mapping[str, BuiltLayer],
    cached_layers: Mapping[str, BuiltLayer],
    platform_api: tuple[int, int],
    log: list[str],
) -> dict[str, str]:
    expected: dict[str, str] = {}
    for name, layer in image_layers.items():
        made_again = layer.types.build and not layer.types.cache
        lost = layer.types.cache and name not in cached_layers
        if layer.types.launch and not made_again and not lost:
            log.append(f'Restoring metadata for "{name}" from app image')
            expected[name] = _restore_file(layers_dir, name, layer)
    for name, layer in cached_layers.items():
        left_to_image = layer.types.launch and (name in image_layers or platform_api < CACHE_ALONE_API)
        if not left_to_image:
            log.append(f'Restoring metadata for "{name}" from cache')
            expected[name] = _restore_file(layers_dir, name, layer)
    return expected


def _restore_file(layers_dir: Path, name: str, layer: BuiltLayer) -> str:
    # The types are not restored: a buildpack has to decide them again.
    _write_metadata(layers_dir / f"{name}.toml", layer.metadata)
    for form, document in layer.sbom.items():
        (layers_dir / f"{name}.sbom.{form}.json").write_text(json.dumps(document))
    return layer.digest


def _restore_contents(
    layers_dir: Path, name: str, cached: BuiltLayer, expected_digest: str, cache: Cache, log: list[str]
) -> None:
    archive = cache.archives / f"{cached.digest}.tar"
    if cached.digest != expected_digest:
        log.append(f'Removing "{name}", wrong sha')
        for path in layers_dir.glob(f"{name}.*"):
            path.unlink()
    elif not archive_is_intact(archive):
        log.append(f"Skipping restore for layer {name}")
    else:
        log.append(f'Restoring data for "{name}" from cache')
        extract_layer_archive(archive, layers_dir)


def _write_metadata(path: Path, metadata: Mapping[str, Any]) -> None:
    path.write_text(tomli_w.dumps({"metadata": round_trip(metadata)}))


def round_trip(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata after its way through a label's JSON: whole numbers became floats, dates became strings."""
    passed: dict[str, Any] = json.loads(json.dumps(dict(metadata), default=str), parse_int=float)
    return passed

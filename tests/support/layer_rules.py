"""Reads the layers that bin/build left, as the lifecycle does, and holds them to the rules."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.contract_rules import ContractViolation, Rule, only_keys, read_toml, require
from support.contract_values import BuiltLayer, Image, Types
from support.layer_archive import sorted_tree, write_layer_archive

_RESERVED = frozenset({"build", "launch", "store"})
_ENV_FOLDERS = ("env", "env.build", "env.launch")
_ENV_SUFFIXES = frozenset({"", "override", "prepend", "append", "default", "delim"})
_MEDIA_TYPES = {
    "cdx": "application/vnd.cyclonedx+json",
    "spdx": "application/spdx+json",
    "syft": "application/vnd.syft+json",
}
# The kernel cuts a first line that is longer (older than 5.1), and then starts something else.
_SHEBANG_MAX = 127
# Larger files are data and libraries, which know no path of the buildpack.
_TEXT_BYTES_MAX = 256 * 1024


def read_layers(
    layers_dir: Path, *, buildpack_dir: Path, sbom_formats: frozenset[str], previous: Image | None, archives: Path
) -> dict[str, BuiltLayer]:
    """The layers with a type, by name, checked; their archives are stored below `archives`."""
    _check_names(layers_dir)
    sboms = _read_sboms(layers_dir, sbom_formats)
    layers: dict[str, BuiltLayer] = {}
    for path in sorted(layers_dir.glob("*.toml")):
        if path.stem in _RESERVED:
            continue
        types, metadata = _read_layer_file(path)
        if types == Types():
            continue
        layer_dir = path.with_suffix("")
        sbom = sboms.get(path.stem, {})
        if os.path.lexists(layer_dir):
            layers[path.stem] = _read_contents(layer_dir, types, metadata, sbom, buildpack_dir, archives)
        else:
            layers[path.stem] = _reuse(path.stem, types, metadata, sbom, previous)
    return layers


def _check_names(layers_dir: Path) -> None:
    for path in sorted(layers_dir.iterdir()):
        own_file = path.name in {f"{name}.toml" for name in _RESERVED}
        require(rule=Rule.LAYER_SUFFIX, holds=path.suffix not in {".ignore", ".sha"}, detail=path.name)
        if path.suffix == ".toml" and not own_file:
            require(rule=Rule.LAYER_NAME, holds="." not in path.stem, detail=path.name)
        if path.is_dir():
            require(rule=Rule.LAYER_NAME, holds=path.name not in _RESERVED, detail=path.name)


def _read_layer_file(path: Path) -> tuple[Types, dict[str, Any]]:
    document = read_toml(path)
    require(rule=Rule.LAYER_TABLES, holds=only_keys(document, "types", "metadata"), detail=f"{path.name} {document}")
    types, metadata = document.get("types", {}), document.get("metadata", {})
    flags = only_keys(types, "launch", "build", "cache") and all(isinstance(flag, bool) for flag in types.values())
    require(rule=Rule.LAYER_TYPES, holds=flags, detail=f"{path.name} {types}")
    texts = isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())
    # A file without types is what was restored and not taken up again: its metadata is not the buildpack's own.
    require(rule=Rule.LAYER_METADATA, holds=texts or not types, detail=f"{path.name} {metadata}")
    return Types(**types), metadata


def _reuse(
    name: str, types: Types, metadata: dict[str, Any], sbom: Mapping[str, Any], previous: Image | None
) -> BuiltLayer:
    require(rule=Rule.LAYER_CONTENTS, holds=not (types.cache or types.build), detail=name)
    before = previous.layers.get(name) if previous else None
    if before is None:
        raise ContractViolation(Rule.LAYER_REUSE, name)
    return BuiltLayer(
        types=types,
        metadata=metadata,
        digest=before.digest,
        reused=True,
        env=before.env,
        exec_d=before.exec_d,
        sbom=sbom,
    )


def _read_contents(
    layer_dir: Path,
    types: Types,
    metadata: dict[str, Any],
    sbom: Mapping[str, Any],
    buildpack_dir: Path,
    archives: Path,
) -> BuiltLayer:
    require(rule=Rule.LAYER_DIRECTORY, holds=layer_dir.is_dir() and not layer_dir.is_symlink(), detail=layer_dir.name)
    for path in (layer_dir, *sorted_tree(layer_dir)):
        _check_file(path, launched=types.launch, buildpack_dir=buildpack_dir)
    return BuiltLayer(
        types=types,
        metadata=metadata,
        digest=write_layer_archive(layer_dir, archives),
        env=_read_env(layer_dir),
        exec_d=_read_exec_d(layer_dir / "exec.d"),
        sbom=sbom,
    )


def _check_file(path: Path, *, launched: bool, buildpack_dir: Path) -> None:
    state = path.lstat()
    mode, where = state.st_mode, str(path)
    if stat.S_ISLNK(mode) or stat.S_ISSOCK(mode):
        return
    require(rule=Rule.LAYER_FILES, holds=stat.S_ISREG(mode) or stat.S_ISDIR(mode), detail=where)
    readable = bool(mode & 0o004) and (not stat.S_ISDIR(mode) or bool(mode & 0o001))
    require(rule=Rule.LAYER_READABLE, holds=readable or not launched, detail=where)
    if not stat.S_ISREG(mode):
        return
    require(rule=Rule.LAYER_HARDLINK, holds=state.st_nlink == 1, detail=where)
    with path.open("rb") as stream:
        content = stream.read(_TEXT_BYTES_MAX + 1)
    if path.suffix == ".pyc":
        # Bit 0 of the second word says that the file is tied to its source by hash. Source: PEP 552.
        require(rule=Rule.LAYER_BYTECODE, holds=bool(content[4] & 1), detail=where)
    if launched and len(content) <= _TEXT_BYTES_MAX:
        named = str(buildpack_dir).encode() in content
        require(rule=Rule.LAYER_BUILDPACK_PATH, holds=not named, detail=where)


def _read_env(layer_dir: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in _ENV_FOLDERS:
        for path in sorted_tree(layer_dir / folder):
            name = path.relative_to(layer_dir).as_posix()
            depth = name.count("/")
            if path.is_dir():
                require(rule=Rule.ENV_FOLDER, holds=folder == "env.launch" and depth == 1, detail=str(path))
                continue
            content = path.read_text()
            suffix = path.name.partition(".")[2]
            require(rule=Rule.ENV_SUFFIX, holds=suffix in _ENV_SUFFIXES, detail=str(path))
            require(rule=Rule.ENV_NEWLINE, holds=suffix == "delim" or not content.endswith("\n"), detail=str(path))
            delimited = suffix not in {"prepend", "append"} or path.with_suffix(".delim").exists()
            require(rule=Rule.ENV_DELIMITER, holds=delimited, detail=str(path))
            found[name] = content
    return found


def _read_exec_d(folder: Path) -> tuple[str, ...]:
    found: list[str] = []
    for path in sorted_tree(folder):
        if path.is_dir() and path.parent == folder:
            continue
        runnable = path.is_file() and path.stat().st_mode & 0o111 == 0o111 and _starts(path)
        require(rule=Rule.EXEC_D, holds=runnable, detail=str(path))
        found.append(path.relative_to(folder).as_posix())
    return tuple(found)


def _starts(path: Path) -> bool:
    with path.open("rb") as stream:
        first = stream.readline()
    return first.startswith(b"\x7fELF") or (first.startswith(b"#!/") and len(first.rstrip(b"\n")) <= _SHEBANG_MAX)


def _read_sboms(layers_dir: Path, declared: frozenset[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(layers_dir.glob("*.sbom.*.json")):
        layer, _, rest = path.name.partition(".")
        form = rest.removeprefix("sbom.").removesuffix(".json")
        require(rule=Rule.SBOM_FORMAT, holds=_MEDIA_TYPES.get(form) in declared, detail=path.name)
        owned = layer in {"launch", "build"} or (layers_dir / f"{layer}.toml").exists()
        require(rule=Rule.SBOM_LAYER, holds=owned, detail=path.name)
        found.setdefault(layer, {})[form] = _read_sbom(path)
    return found


def _read_sbom(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ContractViolation(Rule.SBOM_SAME, f"{path.name}: {error}") from error
    varies = "serialNumber" in document or "timestamp" in document.get("metadata", {})
    require(rule=Rule.SBOM_SAME, holds=not varies, detail=path.name)
    return document

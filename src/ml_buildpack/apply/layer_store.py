"""Write layers the way the lifecycle reads them. The only writer below the layers directory's own level.

Contents are written first and `<layer>.toml` last, by renaming: a build that dies leaves a directory that the
lifecycle ignores, never a half layer that it exports. Source: buildpack.md of API 0.10, "Layer Content Metadata".
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from ml_buildpack.cnb.layer import EnvAction, EnvEntry, LayerName, LayerTypes


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerStore:
    """The layers directory of this buildpack."""

    layers_dir: Path

    def path(self, name: LayerName) -> Path:
        """Where the layer's contents are, or would be."""
        return self.layers_dir / name

    def create(self, name: LayerName) -> Path:
        """An empty directory for the layer's contents; whatever was restored of it is gone."""
        self.delete(name)
        directory = self.path(name)
        directory.mkdir()
        return directory

    def delete(self, name: LayerName) -> None:
        """Remove contents, metadata and SBOM of a layer, whichever exist."""
        remove_tree(self.path(name))
        for path in (self._toml(name), *self.layers_dir.glob(f"{name}.sbom.*.json")):
            path.unlink(missing_ok=True)

    def keep(self, name: LayerName, types: LayerTypes, metadata: Mapping[str, str]) -> None:
        """Keep the layer of the previous image: its types written again, and no directory."""
        # The lifecycle would export a directory, and a restored one is not needed: contents come from the image.
        if not types.cache:
            remove_tree(self.path(name))
        self.write_metadata(name, types, metadata)

    def write_metadata(self, name: LayerName, types: LayerTypes, metadata: Mapping[str, str]) -> None:
        """Write `<layer>.toml`; from now on the lifecycle sees the layer."""
        document: dict[str, Any] = {
            "types": {"launch": types.launch, "build": types.build, "cache": types.cache},
            "metadata": dict(sorted(metadata.items())),
        }
        write_atomically(self._toml(name), tomli_w.dumps(document))

    def write_env(self, name: LayerName, entries: tuple[EnvEntry, ...]) -> None:
        """Write the layer's variables for the running image."""
        if not entries:
            return
        directory = self.path(name) / "env.launch"
        directory.mkdir(exist_ok=True)
        for entry in entries:
            # Contents are taken verbatim: a final newline would become part of the value.
            (directory / f"{entry.name}.{entry.action.value}").write_text(entry.value, encoding="utf-8")
            if entry.action in {EnvAction.PREPEND, EnvAction.APPEND}:
                (directory / f"{entry.name}.delim").write_text(entry.delimiter or "", encoding="utf-8")

    def write_bill_of_materials(self, name: LayerName, document: Mapping[str, Any]) -> None:
        """Write the layer's CycloneDX document."""
        text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
        write_atomically(self.layers_dir / f"{name}.sbom.cdx.json", text + "\n")

    def write_launch(self, text: str) -> None:
        """Write launch.toml."""
        write_atomically(self.layers_dir / "launch.toml", text)

    def delete_others(self, names: frozenset[LayerName]) -> None:
        """Remove restored layers that this release no longer makes."""
        for path in self.layers_dir.glob("*.toml"):
            if path.stem not in {*names, "build", "launch", "store"}:
                self.delete(LayerName(path.stem))

    def _toml(self, name: LayerName) -> Path:
        return self.layers_dir / f"{name}.toml"


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that nobody ever sees half of it."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def remove_tree(directory: Path) -> None:
    """Remove a directory and everything in it; read-only directories too. Nothing happens where there is none."""
    if directory.is_symlink():
        directory.unlink()
        return
    if not directory.is_dir():
        return
    directory.chmod(directory.stat().st_mode | stat.S_IRWXU)
    for parent, directories, _ in os.walk(directory):
        for child in directories:
            path = Path(parent, child)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(directory)


def make_readable(directory: Path) -> None:
    """Let every user read the tree: the image runs as another user than the one that built it.

    What somebody else owns stays as it is.
    """
    for parent, directories, files in os.walk(directory):
        for child in (*directories, *files):
            path = Path(parent, child)
            if path.is_symlink():
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            executable = path.is_dir() or bool(mode & stat.S_IXUSR)
            wanted = 0o755 if executable else 0o644
            if mode != wanted:
                _change_mode(path, wanted)
    _change_mode(directory, 0o755)


def _change_mode(path: Path, mode: int) -> None:
    with suppress(PermissionError):
        path.chmod(mode)

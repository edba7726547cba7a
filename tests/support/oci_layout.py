"""Images in OCI layout: writes the run image, reads and unpacks the exported one. Source: OCI image-spec 1.0."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYERS_LABEL = "io.buildpacks.lifecycle.metadata"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedImage:
    """An image in a layout directory. `config` is its whole configuration, `digest` that of its manifest."""

    layout: Path
    digest: str
    manifest: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def labels(self) -> dict[str, str]:
        """The labels."""
        labels: dict[str, str] = self.config["config"].get("Labels", {})
        return labels

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The digests of the unpacked layers, base first."""
        return tuple(self.config["rootfs"]["diff_ids"])

    @property
    def buildpack_layers(self) -> dict[str, str]:
        """The layers that buildpacks made: name to digest. Those of the first buildpack; there is one."""
        buildpacks = json.loads(self.labels[LAYERS_LABEL])["buildpacks"]
        return {name: layer["sha"] for name, layer in sorted(buildpacks[0].get("layers", {}).items())}

    @property
    def app_layers(self) -> tuple[str, ...]:
        """The layers of the application directory: one for each slice, and one for the rest."""
        return tuple(layer["sha"] for layer in json.loads(self.labels[LAYERS_LABEL])["app"])

    def files_of(self, diff_id: str) -> tuple[str, ...]:
        """The absolute paths of what is no folder in that layer, sorted."""
        with tarfile.open(self._blobs()[self.diff_ids.index(diff_id)], errors="surrogateescape") as layer:
            return tuple(sorted(f"/{entry.name.strip('/')}" for entry in layer if not entry.isdir()))

    def entries(self) -> dict[str, tarfile.TarInfo]:
        """Every entry of every layer, by absolute path; upper layers hide lower ones."""
        found: dict[str, tarfile.TarInfo] = {}
        for path in self._blobs():
            with tarfile.open(path) as layer:
                found.update({f"/{entry.name.strip('/')}": entry for entry in layer})
        return found

    def read(self, path: str) -> str:
        """The text of the file at that absolute path, of the uppermost layer that has it."""
        found = ""
        for blob in self._blobs():
            with tarfile.open(blob) as layer:
                for entry in layer:
                    stream = layer.extractfile(entry) if f"/{entry.name.strip('/')}" == path else None
                    found = stream.read().decode() if stream is not None else found
        return found

    def unpack(self, below: Path) -> None:
        """Unpack what the image has below that absolute path to that same path, which is emptied before."""
        shutil.rmtree(below, ignore_errors=True)
        for path in self._blobs():
            with tarfile.open(path) as layer:
                inside = [entry for entry in layer if Path(f"/{entry.name.strip('/')}").is_relative_to(below)]
                layer.extractall("/", members=inside)  # noqa: S202  # our own image, of our own files

    def _blobs(self) -> list[Path]:
        return [_blob(self.layout, layer["digest"]) for layer in self.manifest["layers"]]


def read_image(layout: Path) -> ExportedImage:
    """The one image of a layout directory."""
    (described,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(_blob(layout, described["digest"]).read_text())
    config = json.loads(_blob(layout, manifest["config"]["digest"]).read_text())
    return ExportedImage(layout=layout, digest=described["digest"], manifest=manifest, config=config)


def write_run_image(layout: Path) -> None:
    """Write a run image of one layer with one file: processes are started on the host's own files."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        content = b"ID=debian\nVERSION_ID=13\n"
        entry = tarfile.TarInfo("etc/os-release")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    layer = tar.getvalue()
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Env": ["PATH=/usr/bin:/bin"], "User": "1002:1000", "Labels": {}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "test run image"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _store(layout, json.dumps(config).encode(), _CONFIG),
        "layers": [_store(layout, layer, _LAYER.removesuffix("+gzip"))],
    }
    index = {
        "schemaVersion": 2,
        "mediaType": _INDEX,
        "manifests": [_store(layout, json.dumps(manifest).encode(), _MANIFEST)],
    }
    (layout / "index.json").write_text(json.dumps(index))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _store(layout: Path, content: bytes, media_type: str) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    path = _blob(layout, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return {"mediaType": media_type, "size": len(content), "digest": digest}


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")

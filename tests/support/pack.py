"""Images made by the real pack, by way of tools/pack_build.sh as `make image` makes them, and removed after the run.

Knows pack, the engine and the labels of the lifecycle; knows no test. Containers are `support.container`'s.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker
from docker.errors import ImageNotFound, NotFound
from docker.models.containers import Container
from docker.models.images import Image

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
# pack's flag for the buildpack as users get it, on a builder that does not contain it.
OUR_BUILDPACK = ("--buildpack", str(ROOT / "dist" / "buildpack"))
BUILDPACK_ID = "ml-buildpack/python"
# Equal contents give equal images only where their creation times are equal too.
CREATED_S = 1_700_000_000
PREFIX = "ml-buildpack-test"
# No build takes longer, even one that downloads everything over a slow line.
BUILD_TIMEOUT_S = 480


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One run of pack. `image` is the name that it was asked to give; `image_id` is None where it failed."""

    image: str
    image_id: str | None
    exit_code: int
    log: str
    wall_s: float

    def lines(self, word: str) -> tuple[str, ...]:
        """The lines of the log that contain the word, without indentation and without the phase in front."""
        found = (line for line in self.log.splitlines() if word in line)
        return tuple(line.removeprefix("[builder]").strip() for line in found)

    def phase(self, name: str) -> str:
        """What one phase said, such as BUILDING."""
        return self.log.split(f"===> {name}\n")[1].split("===> ")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageLayers:
    """The digests of an image's layers: the buildpack's by name, and those that hold the application directory."""

    ours: Mapping[str, str]
    app: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(kw_only=True)
class Pack:
    """pack, and everything that was made with it in this run: `close` removes images and volumes."""

    engine: docker.DockerClient = field(default_factory=docker.from_env)
    prefix: str = field(default_factory=lambda: f"{PREFIX}-{os.getpid()}")
    _made: list[str] = field(default_factory=list)

    def build(self, app: Path, image: str, *flags: str, cache: str = "", env: Mapping[str, str] | None = None) -> Build:
        """Build the directory into an image of that name, which is prefixed. `cache` names the cache volumes.

        `env` is what the script gets beside this process's environment; BUILDER chooses the builder.
        """
        name = self.name(image)
        caches = self.cache_flags(cache or image)
        command = ("tools/pack_build.sh", str(app), name, *caches, "--creation-time", str(CREATED_S), *flags)
        began_s = time.monotonic()
        result = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **(env or {})}, text=True, check=False, timeout=BUILD_TIMEOUT_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        image_id = self.image(name).id if result.returncode == 0 else None
        self._made += [image_id] if image_id else []
        return Build(
            image=name, image_id=image_id, exit_code=result.returncode, log=result.stdout,
            wall_s=time.monotonic() - began_s,
        )  # fmt: skip

    def build_well(
        self, app: Path, image: str, *flags: str, cache: str = "", env: Mapping[str, str] | None = None
    ) -> Build:
        """Build, and fail with the whole log where pack does."""
        made = self.build(app, image, *flags, cache=cache, env=env)
        assert made.exit_code == 0, made.log
        return made

    def name(self, image: str) -> str:
        """The name that an image, or a volume, of this run has on the engine."""
        return image if image.startswith(self.prefix) else f"{self.prefix}-{image}"

    def cache_flags(self, cache: str) -> tuple[str, ...]:
        """The flags for caches of that name."""
        kinds = ("build", "launch")
        return tuple(
            part
            for kind in kinds
            for part in ("--cache", f"type={kind};format=volume;name={self.cache_volume(cache, kind)}")
        )

    def cache_volume(self, cache: str, kind: str = "build") -> str:
        """The volume of a cache."""
        return f"{self.name(cache)}.{kind}"

    def tag(self, build: Build, image: str) -> str:
        """Give the image another name too, so that a build of that name finds it as its previous image."""
        name = self.name(image)
        self.image(build.image).tag(name)
        return name

    def image(self, name: str) -> Image:
        """The engine's image of that name."""
        return self.engine.images.get(name)

    def layers(self, name: str) -> ImageLayers:
        """The image's layers, as the lifecycle has labelled them."""
        image = self.image(name)
        labelled = json.loads(image.labels["io.buildpacks.lifecycle.metadata"])
        buildpack = next(entry for entry in labelled["buildpacks"] if entry["key"] == BUILDPACK_ID)
        ours = {layer: data["sha"] for layer, data in buildpack["layers"].items()}
        app = tuple(entry["sha"] for entry in labelled["app"])
        everything = image.attrs["RootFS"]["Layers"]
        others = tuple(digest for digest in everything if digest not in {*ours.values(), *app})
        return ImageLayers(ours=ours, app=app, others=others)

    def pins(self, name: str) -> dict[str, str]:
        """The distributions of the image with their versions, from the bills of materials that it carries."""
        folder = f"/layers/sbom/launch/{BUILDPACK_ID.replace('/', '_')}"
        found = {path.split("/")[1] for path in self.paths(name, folder) if path.endswith("/sbom.cdx.json")}
        bills = (json.loads(self.read_file(name, f"{folder}/{layer}/sbom.cdx.json")) for layer in sorted(found))
        components = (one for bill in bills for one in bill["components"])
        return {one["name"]: one["version"] for one in components if one.get("type") == "library"}

    def read_file(self, name: str, path: str) -> bytes:
        """A file of the image."""
        with self._created(name) as container:
            chunks, _ = container.get_archive(path)
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                member = archive.extractfile(archive.getmembers()[0])
                assert member is not None, f"{path} is no file"
                return member.read()

    def paths(self, name: str, below: str) -> tuple[str, ...]:
        """Every path of the image below a directory."""
        with self._created(name) as container:
            chunks, _ = container.get_archive(below)
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                return tuple(archive.getnames())

    def saved(self, name: str) -> bytes:
        """The whole image as `docker save` writes it: layers, configuration and labels."""
        return b"".join(self.image(name).save())

    def close(self) -> None:
        """Remove the images and volumes of this run."""
        for image in self.engine.images.list(all=True):
            for tag in image.tags:
                if tag.startswith(self.prefix):
                    self.engine.images.remove(tag, force=True)
        # Builds that took the name of an earlier one left that without a name.
        for image_id in self._made:
            with suppress(ImageNotFound):
                self.engine.images.remove(image_id, force=True)
        for volume in self.engine.volumes.list():
            if str(volume.name).startswith(self.prefix):
                with suppress(NotFound):
                    volume.remove(force=True)
        self.engine.close()

    @contextmanager
    def _created(self, name: str) -> Iterator[Container]:
        container = self.engine.containers.create(name)
        try:
            yield container
        finally:
            container.remove(force=True)


def builder(kind: str) -> dict[str, str]:
    """The environment that makes pack_build.sh use a builder: `ours`, `empty` or `nopython`."""
    return {"BUILDER": os.environ[f"BUILDER_{kind.upper()}"]}

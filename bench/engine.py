"""The engine: what its images hold, and the removal of what the benchmarks made, all of which has one prefix."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import docker
from docker.errors import APIError, ImageNotFound, NotFound

PREFIX = "ml-buildpack-bench"
_LIFECYCLE_LABEL = "io.buildpacks.lifecycle.metadata"


@dataclass(frozen=True, kw_only=True, slots=True)
class Layers:
    """An image's layers, base first: digests with their sizes, unpacked."""

    sizes: Mapping[str, int]

    def beyond(self, others: Layers) -> dict[str, int]:
        """The layers that the other image does not have."""
        return {digest: size for digest, size in self.sizes.items() if digest not in others.sizes}


def by_name(sizes: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    """The sizes of the layers that have names, by name: slices of the application are one."""
    named: dict[str, int] = {}
    for digest, size in sizes.items():
        if digest in names:
            named[names[digest]] = named.get(names[digest], 0) + size
    return named


@dataclass(kw_only=True)
class Engine:
    """A Docker engine that is there. `close` removes what was made."""

    client: docker.DockerClient = field(default_factory=lambda: docker.from_env(timeout=600))
    _made: list[str] = field(default_factory=list)
    _build_cache: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._build_cache = self._cache_records()

    def layers(self, name: str, *, ours: bool = True) -> Layers:
        """The layers of the image of that name, which is removed in the end if it is ours."""
        image = self.client.images.get(name)
        if ours:
            self._made.append(str(image.id))
        digests = image.attrs["RootFS"]["Layers"]
        return Layers(sizes=dict(zip(digests, layer_sizes(image.history(), len(digests)), strict=True)))

    def remember(self, name: str) -> None:
        """Remove the image of that name in the end, also when another one has taken the name by then."""
        with suppress(ImageNotFound):
            self._made.append(str(self.client.images.get(name).id))

    def layer_names(self, name: str) -> dict[str, str]:
        """What the lifecycle calls the layers of an image, by digest; nothing for an image that it did not make."""
        labels = self.client.images.get(name).labels
        described = json.loads(labels.get(_LIFECYCLE_LABEL, "{}"))
        found = {layer["sha"]: "app" for layer in described.get("app", [])}
        for buildpack in described.get("buildpacks", []):
            found.update({layer["sha"]: layer_name for layer_name, layer in buildpack.get("layers", {}).items()})
        return found

    def forget(self, name: str) -> None:
        """Remove the images that had this name, its cache volumes, and what BuildKit keeps since we began."""
        with suppress(ImageNotFound):
            self.client.images.remove(name)
        made, self._made = dict.fromkeys(self._made), []
        for image_id in made:
            # One that still has a name is kept under it; one that another image stands on goes with that.
            with suppress(ImageNotFound, APIError):
                if not self.client.images.get(image_id).tags:
                    self.client.images.remove(image_id)
        for kind in ("build", "launch"):
            with suppress(NotFound):
                self.client.volumes.get(f"{name.rsplit('/', maxsplit=1)[-1]}.{kind}").remove(force=True)

    def forget_build_cache(self) -> None:
        """Remove what BuildKit has kept since we began, and nothing that was there before."""
        for record in self._cache_records() - self._build_cache:
            with suppress(APIError):
                self.client.api.prune_builds(filters={"id": record}, all=True)  # type: ignore[arg-type]  # the stub lacks "id"

    def close(self) -> None:
        """Remove containers, images and volumes of ours, also those of a run that was killed."""
        for container in self.client.containers.list(all=True, filters={"label": PREFIX}):
            container.remove(force=True)
        for image in self.client.images.list():
            # What was pushed and then replaced is known by its digest alone.
            for name in image.tags or image.attrs.get("RepoDigests") or ():
                if PREFIX in name:
                    self.client.images.remove(name, force=True)
        self.forget(f"{PREFIX}-nothing")
        for volume in self.client.volumes.list():
            if str(volume.name).startswith(PREFIX):
                volume.remove(force=True)
        self.forget_build_cache()
        self.client.close()

    def _cache_records(self) -> frozenset[str]:
        return frozenset(str(record["ID"]) for record in self.client.df().get("BuildCache") or ())


def layer_sizes(history: Sequence[Mapping[str, object]], count: int) -> list[int]:
    """The sizes of an image's layers, base first, from its history, newest first.

    The engine does not say which entries made a layer: all of them in an image of the lifecycle, those with bytes in
    one of a Dockerfile. Raises ValueError where neither fits.
    """
    sizes = [int(str(entry["Size"])) for entry in reversed(history)]
    for candidate in (sizes, [size for size in sizes if size]):
        if len(candidate) == count:
            return candidate
    raise ValueError(f"{count} layers, but the history tells of these sizes: {sizes}")


def volume_name(text: str) -> str:
    """The text as a name of an image or volume."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")

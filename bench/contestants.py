"""Those who make an image of a directory: a buildpack on pack, or a Dockerfile. Each gives the command that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.apps import PATCHES, App
from bench.bars import EMPTY, NAIVE, OURS, PIP
from bench.builders import RUN_IMAGE, base, builder, dockerfile
from bench.plan import CACHED, PYTHON

# Equal contents give equal images only where their creation times are equal too.
_CREATED_S = "1700000000"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What every build needs to know. `registry` is its host. `mirror` holds the interpreters and downloads.json."""

    index_url: str
    registry: str
    mirror: Path
    buildkit: str | None

    def repository(self, image: str) -> str:
        """The name of the image in the registry."""
        return f"{self.registry}/{image}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One build that is asked for: which image of which copy, in which case, pushed or not."""

    app: App
    copy: Path
    image: str
    case: str
    push: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Buildpack:
    """pack, with a builder that has one buildpack."""

    name: str
    kind: str
    serves_itself: bool = False

    def commands(self, order: Order, setting: Setting) -> tuple[tuple[str, ...], ...]:
        """The one command."""
        volumes = [
            part
            for kind in ("build", "launch")
            for part in ("--cache", f"type={kind};format=volume;name={order.image}.{kind}")
        ]
        env = {
            "PIP_INDEX_URL": setting.index_url,
            "BENCH_SERVERS": order.app.servers,
            "BP_PYTHON_DOWNLOADS_JSON": "/mirror/downloads.json",
        }
        variables = [part for name, value in env.items() for part in ("--env", f"{name}={value}")]
        flags: tuple[str, ...] = (
            *("--path", str(order.copy), "--builder", builder(self.kind), "--trust-builder"),
            *("--pull-policy", "never", "--network", "host", "--creation-time", _CREATED_S),
            *("--volume", f"{setting.mirror}:/mirror:ro"),
        )
        name = order.image
        if order.push:
            name = setting.repository(order.image)
            flags = (*flags, "--publish", "--run-image", setting.repository(RUN_IMAGE))
        return (("pack", "build", name, *flags, *volumes, *variables),)

    def env(self, _: Setting) -> Mapping[str, str]:
        """Nothing beside what is there."""
        return {}

    def base(self) -> str:
        """The image below the layers."""
        return RUN_IMAGE

    def run_command(self, app: App) -> tuple[str, ...]:
        """What `docker run` gets after its own flags, the image's name being `{}`."""
        # python3 is the process of the image; these are its arguments.
        return ("{}",) if self.serves_itself else ("{}", *app.command[1:])


@dataclass(frozen=True, kw_only=True, slots=True)
class Dockerfile:
    """docker build, then docker push. `needs_buildkit` where the engine must have it; all use it where it is there."""

    name: str
    kind: str
    needs_buildkit: bool = False

    def commands(self, order: Order, setting: Setting) -> tuple[tuple[str, ...], ...]:
        """Build, and push where that is asked for."""
        client = setting.buildkit or "docker"
        arguments = {
            "BASE": base(PATCHES[1] if order.case == PYTHON else PATCHES[0]),
            "PIP_INDEX_URL": setting.index_url,
            "SERVERS": order.app.servers,
            **({"CACHE_ID": order.image} if self.needs_buildkit else {}),
        }
        flags = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
        name = setting.repository(order.image) if order.push else order.image
        file = ("--file", str(dockerfile(self.kind)))
        build = (client, "build", "--network", "host", *flags, *file, "--tag", name, str(order.copy))
        return (build, (client, "push", "--quiet", name)) if order.push else (build,)

    def env(self, setting: Setting) -> Mapping[str, str]:
        """BuildKit where it is there, which is what new engines build with."""
        return {"DOCKER_BUILDKIT": "1" if setting.buildkit else "0"}

    def base(self) -> str:
        """The image below the layers."""
        return base()

    def run_command(self, app: App) -> tuple[str, ...]:
        """What `docker run` gets after its own flags, the image's name being `{}`."""
        return ("--workdir", "/app", "{}", *app.command)


Contestant = Buildpack | Dockerfile
CONTESTANTS: Mapping[str, Contestant] = {
    OURS: Buildpack(name=OURS, kind="ours", serves_itself=True),
    EMPTY: Buildpack(name=EMPTY, kind="empty"),
    NAIVE: Buildpack(name=NAIVE, kind="naive"),
    PIP: Dockerfile(name=PIP, kind="pip"),
    CACHED: Dockerfile(name=CACHED, kind="cached", needs_buildkit=True),
}

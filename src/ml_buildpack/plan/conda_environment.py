"""How a conda environment becomes packages: which channels are asked, and when a kept answer still holds. Pure.

The environment is the application's interpreter and what conda adds to it; what pip adds is a virtual environment on
top, resolved as everywhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

from packaging.version import Version

from ml_buildpack.cnb.context import Target
from ml_buildpack.cnb.layer import Absent, EnvAction, EnvEntry, MetadataOnly, Present, RestoredLayer
from ml_buildpack.errors import Mistake
from ml_buildpack.facts.conda.conda_wish import PYTHON, CondaSpec, CondaWish
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.conda_lock import KnownConda
from ml_buildpack.plan.interpreter import Interpreter, InterpreterOrigin
from ml_buildpack.plan.layers import CONDA, LAYER_SCHEMA, CondaContent, LayerPlan
from ml_buildpack.plan.lock_source import Resolve, UseKeptLock
from ml_buildpack.plan.python_downloads import Machine, describe_release
from ml_buildpack.plan.python_lifetime import END_OF_LIFE
from ml_buildpack.plan.python_wish import PythonWish
from ml_buildpack.plan.reuse import find_reasons
from ml_buildpack.plan.tool_environment import interpolate
from ml_buildpack.plan.virtual_packages import SUBDIRS, virtual_packages

DEFAULT_CHANNEL = "conda-forge"
DEFAULT_MIRROR = "https://conda.anaconda.org"
# The directory of the layer that is conda's prefix. Not the layer itself: the lifecycle would put its `lib` into
# LD_LIBRARY_PATH, and every program of the image would load conda's libraries.
PREFIX = "prefix"
# What `defaults` stands for; Anaconda serves it from a host of its own.
_DEFAULTS = ("pkgs/main", "pkgs/r")
_DEFAULTS_HOST = "https://repo.anaconda.com"
_TOKEN = re.compile(r"/t/[^/]+(?=/)")
_SCHEMA = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A channel. `address` is what is asked and may hold credentials; `shown` is the same without them."""

    address: str = field(repr=False)
    shown: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be said."""
        parts = urlsplit(self.address)
        tokens = [found.removeprefix("/t/") for found in _TOKEN.findall(parts.path)]
        return tuple(text for text in (parts.password, *tokens) if text)


@dataclass(frozen=True, kw_only=True, slots=True)
class UseInstalledEnvironment:
    """The solution is gone, but the image's own layer was made from these very inputs."""

    found: KnownConda


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaPlan:
    """What is solved. `specs` are match specs as the solver takes them; `wish` is where they stand."""

    wish: CondaWish
    specs: tuple[str, ...] = field(repr=False)
    channels: tuple[Channel, ...]
    is_default_channel: bool
    subdir: str
    virtual_packages: tuple[str, ...]
    target: Target
    upgrade: bool

    def to_json(self) -> dict[str, list[str]]:
        """What is asked for, for programs, without logins."""
        return {
            "specs": [without_secrets(spec, self.channels) for spec in self.specs],
            "channels": [channel.shown for channel in self.channels],
            "virtual_packages": list(self.virtual_packages),
        }

    def lines_of(self, names: frozenset[str]) -> tuple[Mistake, ...]:
        """The lines that ask for packages of these names, as evidence of an error."""
        found = (spec for spec in self.wish.specs if spec.name in names)
        return tuple(self._line(spec, "no channel has it") for spec in found)

    def line_in(self, words: str) -> Mistake:
        """The one line whose text stands in these words of the solver, else the whole list."""
        found = [spec for spec in self.wish.specs if spec.text in words]
        detail = f"conda does not understand it: {words.rstrip('.')}."
        return self._line(found[0], detail) if found else Mistake(where=self.wish.path, detail=detail)

    def _line(self, spec: CondaSpec, detail: str) -> Mistake:
        return Mistake(where=self.wish.path, line=spec.line, text=spec.text, detail=detail)

    @property
    def inputs(self) -> Mapping[str, str]:
        """What decides the solution, by name."""
        return {
            "schema": _SCHEMA,
            "specs": _digest(self.specs),
            "channels": _digest(tuple(channel.shown for channel in self.channels)),
            "virtual": " ".join(self.virtual_packages),
            "target": str(self.target),
        }

    @property
    def fingerprint(self) -> str:
        """Equal where a kept solution is still the answer."""
        return _digest(tuple(f"{name} {value}" for name, value in sorted(self.inputs.items())))


def plan_conda(
    wish: CondaWish | None, settings: Settings, python: PythonWish, *, target: Target, env: Mapping[str, str]
) -> CondaPlan | None:
    """The solution to look for; None where nobody asks conda for anything.

    `python` are the requests of all files and settings, of which some are overruled.
    """
    if wish is None:
        return None
    mirror = interpolate(settings.conda_mirror, env).rstrip("/") if settings.conda_mirror else None
    named = settings.conda_channels or wish.channels
    channels = [channel for name in named or (DEFAULT_CHANNEL,) for channel in _channels(name, mirror, env)]
    # A package may come from a channel that is named for it alone.
    own = [channel for spec in wish.specs if spec.channel for channel in _channels(spec.channel, mirror, env)]
    return CondaPlan(
        wish=wish,
        specs=(*_python_specs(wish, python), *(_spec(spec, mirror, env) for spec in wish.specs if spec.name != PYTHON)),
        channels=tuple({channel.shown: channel for channel in (*channels, *own)}.values()),
        is_default_channel=not named,
        subdir=SUBDIRS.get(target.arch, "linux-64"),
        virtual_packages=virtual_packages(target, wish.specs, settings.accelerator, env),
        target=target,
        upgrade=settings.upgrade,
    )


def describe_conda_python(version: str, machine: Machine, *, layers_dir: str) -> Interpreter:
    """The interpreter that the environment will have, in its layer."""
    path = f"{layers_dir}/{CONDA}/{PREFIX}/bin/python"
    return describe_release(version, machine, path=path, origin=InterpreterOrigin.CONDA)


def likely_python(wish: PythonWish, machine: Machine, *, layers_dir: str) -> Interpreter:
    """What stands for the interpreter until the channels were asked: of the newest series that the wish allows."""
    newest_first = sorted(END_OF_LIFE, key=Version, reverse=True)
    series = next((minor for minor in newest_first if wish.allows(f"{minor}.99")), None)
    exact = next((request.spec for request in wish.requests if request.spec.startswith("==")), None)
    version = series or (exact or newest_first[0]).removeprefix("==").removesuffix(".*")
    return replace(describe_conda_python(version, machine, layers_dir=layers_dir), origin=InterpreterOrigin.UNSOLVED)


def plan_conda_layer(found: KnownConda, plan: CondaPlan, *, layers_dir: str) -> LayerPlan:
    """The layer with the environment. Its packages know their place."""
    prefix = f"{layers_dir}/{CONDA}/{PREFIX}"
    return LayerPlan(
        name=CONDA,
        content=CondaContent(lock=found.lock),
        metadata={
            "schema": LAYER_SCHEMA,
            "target": str(plan.target),
            "python": found.python_version,
            "layers_dir": layers_dir,
            "conda": found.digest,
        },
        notes=(("inputs", plan.fingerprint),),
        env=(EnvEntry(name="CONDA_PREFIX", value=prefix, action=EnvAction.OVERRIDE),),
    )


def choose_conda_source(
    plan: CondaPlan, *, lock_layer: RestoredLayer, conda_layer: RestoredLayer, layers_dir: str
) -> UseKeptLock | UseInstalledEnvironment | Resolve:
    """Where the solution comes from. A rebuild never drifts: with equal inputs nothing is solved again."""
    if plan.upgrade:
        return Resolve(reasons=("BP_UPGRADE asks for it",))
    if isinstance(lock_layer, Present):
        reasons = find_reasons(plan.inputs, lock_layer)
        return Resolve(reasons=reasons) if reasons else UseKeptLock()
    if isinstance(conda_layer, Absent):
        return Resolve(reasons=("there is no solution yet",))
    return (
        UseInstalledEnvironment(found=_recorded(conda_layer))
        if _is_kept(plan, conda_layer, layers_dir)
        else Resolve(reasons=("the kept solution is gone",))
    )


def _is_kept(plan: CondaPlan, layer: MetadataOnly | Present, layers_dir: str) -> bool:
    wanted = plan_conda_layer(_recorded(layer), plan, layers_dir=layers_dir)
    return layer.metadata.get("inputs") == plan.fingerprint and not find_reasons(wanted.metadata, layer)


def _recorded(layer: MetadataOnly | Present) -> KnownConda:
    """What the metadata of an environment's layer says of it."""
    metadata = layer.metadata
    return KnownConda(digest=metadata.get("conda", ""), python_version=metadata.get("python", ""), lock=None)


def _python_specs(wish: CondaWish, python: PythonWish) -> tuple[str, ...]:
    """The file's own spec, unless a setting overrules it, and what others ask for; any Python where nobody asks."""
    overruled = {request.line for request in python.overruled if request.origin == wish.path}
    own = [spec.text for spec in wish.specs if spec.name == PYTHON and spec.line not in overruled]
    others = [f"{PYTHON} {request.spec}" for request in python.requests if request.origin != wish.path]
    return tuple(dict.fromkeys((*own, *others))) or (PYTHON,)


def _spec(spec: CondaSpec, mirror: str | None, env: Mapping[str, str]) -> str:
    if spec.channel is None:
        return spec.text
    channels = _channels(spec.channel, mirror, env)
    return f"{channels[0].address}::{spec.text}" if channels else spec.text


def _channels(name: str, mirror: str | None, env: Mapping[str, str]) -> tuple[Channel, ...]:
    """The channels that a name or an address stands for; none for `nodefaults`, which only forbids others."""
    name = interpolate(name.strip(), env).rstrip("/")
    if name == "nodefaults":
        return ()
    if name == "defaults":
        return tuple(_channel(f"{mirror or _DEFAULTS_HOST}/{part}") for part in _DEFAULTS)
    if "://" in name:
        return (_channel(name),)
    if name.startswith("/"):
        return (_channel(f"file://{name}"),)
    return (_channel(f"{mirror or DEFAULT_MIRROR}/{name}"),)


def _channel(address: str) -> Channel:
    parts = urlsplit(address)
    public = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=_TOKEN.sub("", parts.path))
    return Channel(address=address, shown=urlunsplit(public))


def without_secrets(text: str, channels: Sequence[Channel]) -> str:
    """The text with the channels' addresses as they may be shown."""
    for channel in channels:
        text = text.replace(channel.address, channel.shown)
    return text


def with_logins(url: str, channels: Sequence[Channel]) -> str:
    """The address of a channel's file as it is asked for."""
    for channel in channels:
        if url.startswith(f"{channel.shown}/"):
            return channel.address + url.removeprefix(channel.shown)
    return url


def _digest(texts: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()

"""The layers of the image as values: name, types, what decides their contents, and what those contents are. Pure.

Names are part of the design. Within one buildpack the alphabetically last layer comes first on PATH, so `venv` must
sort after `python`, `heavy` and `cuda`; the lifecycle's own order, tested.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ml_buildpack.cnb.context import BuildContext, Target
from ml_buildpack.cnb.layer import EnvAction, EnvEntry, LayerName, LayerTypes, layer_name
from ml_buildpack.facts.settings import Settings
from ml_buildpack.lock import Lock
from ml_buildpack.plan.apt import (
    APT,
    APT_ARCHIVES,
    LIBRARIES_NOTE,
    AptContent,
    apt_environment,
    apt_metadata,
    kept_libraries,
)
from ml_buildpack.plan.conda_lock import CondaLock
from ml_buildpack.plan.interpreter import Interpreter, PythonDownload

ACCELERATOR = layer_name("accelerator")
CONDA = layer_name("conda")
CONDA_LOCK = layer_name("conda-lock")
CONDA_PACKAGES = layer_name("conda-packages")
CONDA_SOLVER = layer_name("conda-solver")
CUDA = layer_name("cuda")
HEAVY = layer_name("heavy")
LOCK = layer_name("lock")
PYTHON = layer_name("python")
PYTHON_ARCHIVE = layer_name("python-archive")
SERVER = layer_name("server")
VENV = layer_name("venv")
WHEELS = layer_name("wheels")

# The layers that packages are divided among, in the order in which they are made: `venv` names the others.
DEPENDENCY_LAYERS = (CUDA, HEAVY, VENV)
# What tells the model server its models, in the layer `server`.
MANIFEST_FILE = "manifest.json"

# Contents that did not change are kept by their metadata alone and are never moved again.
LAUNCH_ONLY = LayerTypes(launch=True)
# Raise it when the same metadata must give other contents than the release before gave.
LAYER_SCHEMA = "1"
# The note that tells a downloaded interpreter from a packaged one: its name in the table of downloads.
DOWNLOAD_NOTE = "download"
# The note of a layer of packages that says what it was resolved from: equal inputs need no lock to keep the layer.
INPUTS_NOTE = "inputs"


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonContent:
    """A copy of the interpreter that is packaged with the buildpack."""

    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadedPythonContent:
    """A standalone CPython, downloaded or unpacked from the cache."""

    download: PythonDownload


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerContent:
    """Our in-image package and the helper that sizes the process to its container.

    `manifest` is the text that tells the package which models it serves.
    """

    interpreter_path: str
    manifest: str | None = None
    compiled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageGroup:
    """The packages of one layer, known by the digest of their lock.

    `lock` is None only where the layer is certain to be kept.
    """

    layer: LayerName
    digest: str
    lock: Lock | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PackagesContent:
    """A folder of packages. In `venv` it is a virtual environment, which adds the folders of the layers `beside` it.

    `neighbours` are the names of modules and folders in those, with their layers.
    """

    interpreter: Interpreter
    group: PackageGroup
    beside: tuple[LayerName, ...] = ()
    neighbours: Mapping[str, LayerName] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorContent:
    """The program that checks the machine's driver, and what it compares with, by name."""

    interpreter_path: str
    needs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaContent:
    """A conda environment. `lock` is None only where the layer is certain to be kept."""

    lock: CondaLock | None


LayerContent = (
    CondaContent
    | PythonContent
    | DownloadedPythonContent
    | ServerContent
    | PackagesContent
    | AcceleratorContent
    | AptContent
)

# The layers of the cache that stand behind one of the image.
CACHES: Mapping[type, frozenset[LayerName]] = {
    AptContent: frozenset({APT_ARCHIVES}),
    CondaContent: frozenset({CONDA_LOCK, CONDA_PACKAGES, CONDA_SOLVER}),
    DownloadedPythonContent: frozenset({PYTHON_ARCHIVE}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerPlan:
    """One layer of the image. Equal `metadata` means equal contents; `notes` are kept with it but decide nothing."""

    name: LayerName
    content: LayerContent
    metadata: Mapping[str, str]
    env: tuple[EnvEntry, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    types: LayerTypes = LAUNCH_ONLY


def plan_python_layer(interpreter: Interpreter, *, source: str, identity: str, target: Target) -> LayerPlan:
    """The layer that carries an interpreter of our own. `identity` names its very build."""
    return LayerPlan(
        name=PYTHON,
        content=PythonContent(source=source),
        metadata={"schema": LAYER_SCHEMA, "target": str(target), "python": f"{interpreter.version} {identity}"},
    )


def plan_downloaded_python_layer(download: PythonDownload, *, layers_dir: str, target: Target) -> LayerPlan:
    """The layer that carries a downloaded interpreter, which knows its own place."""
    return LayerPlan(
        name=PYTHON,
        content=DownloadedPythonContent(download=download),
        metadata={
            "schema": LAYER_SCHEMA,
            "target": str(target),
            "python": f"{download.version} {download.build}",
            "layers_dir": layers_dir,
        },
        notes=((DOWNLOAD_NOTE, download.key),),
    )


def plan_server_layer(
    interpreter: Interpreter,
    *,
    sources_digest: str,
    layers_dir: str = "",
    manifest: str | None = None,
    compiled: bool = True,
) -> LayerPlan:
    """The layer with what runs beside the application. `sources_digest` identifies our own files."""
    metadata = {"schema": LAYER_SCHEMA, "server": sources_digest, "python": interpreter.launch_path}
    metadata["bytecode"] = f"for {interpreter.minor}" if compiled else "none"
    env: tuple[EnvEntry, ...] = ()
    if manifest is not None:
        metadata |= {"manifest": hashlib.sha256(manifest.encode()).hexdigest(), "layers_dir": layers_dir}
        env = (EnvEntry(name="MODEL_SERVER_MANIFEST", value=f"{layers_dir}/{SERVER}/{MANIFEST_FILE}"),)
    return LayerPlan(
        name=SERVER,
        content=ServerContent(interpreter_path=interpreter.launch_path, manifest=manifest, compiled=compiled),
        metadata=metadata,
        env=env,
    )


def plan_apt_layer(settings: Settings, context: BuildContext, *, run_image: str) -> tuple[LayerPlan, ...]:
    """The layer with the Debian packages that the settings ask for; none where they ask for none.

    `run_image` identifies what counts as installed.
    """
    if not settings.apt:
        return ()
    content = AptContent(packages=settings.apt, target=context.target, mirror=settings.apt_mirror)
    layer = LayerPlan(
        name=APT,
        content=content,
        metadata=apt_metadata(content, run_image=run_image),
        env=apt_environment(str(context.layers_dir), APT, context.target),
        notes=((LIBRARIES_NOTE, kept_libraries(context.restored(APT))),),
    )
    return (layer,)


def finished(layer: LayerPlan, finish: str) -> LayerPlan:
    """The layer of packages, with what is done to them after they were installed."""
    return replace(layer, metadata={**layer.metadata, "finish": finish})


def plan_package_layer(
    group: PackageGroup,
    interpreter: Interpreter,
    *,
    layers: tuple[LayerName, ...],
    trees: str,
    layers_dir: str,
    target: Target,
) -> LayerPlan:
    """A layer with packages of the application, one of `layers`. `trees` names local source trees and their digests.

    A layer beside `venv` knows its Python by the minor version alone: what is installed there, bytecode included,
    serves every patch release.
    """
    is_venv = group.layer == VENV
    own = {"trees": trees} if is_venv else {}
    beside = tuple(name for name in layers if name != group.layer)
    return LayerPlan(
        name=group.layer,
        content=PackagesContent(interpreter=interpreter, group=group, beside=beside),
        metadata={
            "schema": LAYER_SCHEMA,
            "target": str(target),
            "python": f"{interpreter.version} {interpreter.launch_path}" if is_venv else interpreter.minor,
            "layers_dir": layers_dir,
            **own,
            "beside": " ".join(beside),
            "lock": group.digest,
        },
        env=_venv_env(layers_dir) if is_venv else (),
    )


def _venv_env(layers_dir: str) -> tuple[EnvEntry, ...]:
    return (
        EnvEntry(name="VIRTUAL_ENV", value=f"{layers_dir}/{VENV}", action=EnvAction.OVERRIDE),
        EnvEntry(name="PYTHONUNBUFFERED", value="1"),
        # Bytecode is in the layer already, and the image's file system may be read-only.
        EnvEntry(name="PYTHONDONTWRITEBYTECODE", value="1"),
        # There is no locale in a small run image; without it, programs in other languages fall back to ASCII.
        EnvEntry(name="LC_ALL", value="C.UTF-8"),
    )

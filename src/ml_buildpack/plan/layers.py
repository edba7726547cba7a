"""The layers of the image as values: name, types, what decides their contents, and what those contents are. Pure.

Names are part of the design. Within one buildpack the alphabetically last layer comes first on PATH, so `venv` must
sort after `python`; the lifecycle's own order, tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_buildpack.cnb.context import Target
from ml_buildpack.cnb.layer import EnvAction, EnvEntry, LayerName, LayerTypes, layer_name
from ml_buildpack.lock import KnownLock, Lock
from ml_buildpack.plan.interpreter import Interpreter, PythonDownload

ACCELERATOR = layer_name("accelerator")
LOCK = layer_name("lock")
PYTHON = layer_name("python")
PYTHON_ARCHIVE = layer_name("python-archive")
SERVER = layer_name("server")
VENV = layer_name("venv")
WHEELS = layer_name("wheels")

# Contents that did not change are kept by their metadata alone and are never moved again.
LAUNCH_ONLY = LayerTypes(launch=True)
# Raise it when the same metadata must give other contents than the release before gave.
LAYER_SCHEMA = "1"
# The note that tells a downloaded interpreter from a packaged one: its name in the table of downloads.
DOWNLOAD_NOTE = "download"


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
    """Our in-image package and the helper that sizes the process to its container."""

    interpreter_path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VenvContent:
    """A virtual environment with the packages of the lock.

    `lock` is None only where the layer is certain to be kept.
    """

    interpreter: Interpreter
    lock: Lock | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorContent:
    """The program that checks the machine's driver, and what it compares with, by name."""

    interpreter_path: str
    needs: tuple[tuple[str, str], ...]


LayerContent = PythonContent | DownloadedPythonContent | ServerContent | VenvContent | AcceleratorContent


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


def plan_server_layer(interpreter: Interpreter, *, sources_digest: str) -> LayerPlan:
    """The layer with what runs beside the application. `sources_digest` identifies our own files."""
    return LayerPlan(
        name=SERVER,
        content=ServerContent(interpreter_path=interpreter.launch_path),
        metadata={
            "schema": LAYER_SCHEMA,
            "server": sources_digest,
            "python": interpreter.launch_path,
        },
    )


def plan_venv_layer(
    interpreter: Interpreter,
    *,
    lock: KnownLock,
    trees: str,
    layers_dir: str,
    target: Target,
    inputs: str,
) -> LayerPlan:
    """The layer with the application's packages. `trees` names the local source trees and their digests."""
    return LayerPlan(
        name=VENV,
        content=VenvContent(interpreter=interpreter, lock=lock.lock),
        metadata={
            "schema": LAYER_SCHEMA,
            "target": str(target),
            "python": f"{interpreter.version} {interpreter.launch_path}",
            "layers_dir": layers_dir,
            "trees": trees,
            "lock": lock.digest,
        },
        notes=(("inputs", inputs),),
        env=(
            EnvEntry(name="VIRTUAL_ENV", value=f"{layers_dir}/{VENV}", action=EnvAction.OVERRIDE),
            EnvEntry(name="PYTHONUNBUFFERED", value="1"),
            # Bytecode is in the layer already, and the image's file system may be read-only.
            EnvEntry(name="PYTHONDONTWRITEBYTECODE", value="1"),
            # There is no locale in a small run image; without it, programs in other languages fall back to ASCII.
            EnvEntry(name="LC_ALL", value="C.UTF-8"),
        ),
    )

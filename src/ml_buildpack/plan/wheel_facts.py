"""What a wheel holds, as far as dividing packages among layers needs to know it; written as a note of its layer. Pure.

A note comes back with the metadata of the layer, so nobody has to fetch a wheel again to know what is in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ml_buildpack.cnb.layer import Absent, LayerName, RestoredLayer
from ml_buildpack.lock import FileKind, Lock, LockedFile, LockedPackage
from ml_buildpack.plan.layers import DEPENDENCY_LAYERS

WHEELS_NOTE = "wheels"
# Half a digest tells apart all files of a lock, and a label holds the notes of all layers.
_DIGEST_LENGTH = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelFacts:
    """`packages` are the names that one folder must hold alone: modules, and folders with an `__init__`.

    `folders` are the names that several may share: namespace packages, and folders of libraries or data. `is_movable`:
    it installs into its folder of packages and its scripts, and nowhere else below the environment.
    """

    size_bytes: int
    packages: tuple[str, ...]
    folders: tuple[str, ...] = ()
    is_movable: bool = True


KnownWheels = Mapping[str, WheelFacts]


def wheel_file(package: LockedPackage) -> LockedFile | None:
    """The wheel of a package that an index has as a wheel; None for what is built here or lies in the project."""
    source = package.source
    if isinstance(source, LockedFile) and source.kind is FileKind.WHEEL and source.url is not None:
        return source
    return None


def wheel_key(file: LockedFile) -> str:
    """What a wheel is known by."""
    return file.sha256[:_DIGEST_LENGTH]


def facts_of(package: LockedPackage, known: KnownWheels) -> WheelFacts | None:
    """The facts about the package's wheel, where it has one."""
    file = wheel_file(package)
    return known.get(wheel_key(file)) if file is not None else None


def unknown_wheels(lock: Lock, known: KnownWheels) -> tuple[LockedFile, ...]:
    """The wheels of the lock that nothing is known about: no layer that is kept can have them."""
    files = (wheel_file(package) for package in lock.packages)
    return tuple(file for file in files if file is not None and wheel_key(file) not in known)


def write_wheels_note(lock: Lock, known: KnownWheels) -> str:
    """The facts about the wheels of a layer, as one line."""
    facts = {package.name: (wheel_file(package), facts_of(package, known)) for package in lock.packages}
    rows = {
        wheel_key(file): [one.size_bytes, list(one.packages), list(one.folders), int(one.is_movable)]
        for file, one in facts.values()
        if file is not None and one is not None
    }
    return json.dumps(rows, separators=(",", ":"), sort_keys=True)


def read_wheels_notes(restored: Mapping[LayerName, RestoredLayer]) -> dict[str, WheelFacts]:
    """The facts in the notes of the restored layers. A note that cannot be read is none."""
    layers = (restored.get(name, Absent()) for name in DEPENDENCY_LAYERS)
    notes = (layer.metadata.get(WHEELS_NOTE, "") for layer in layers if not isinstance(layer, Absent))
    return dict(pair for note in notes for pair in _read_note(note))


def _read_note(note: str) -> Iterable[tuple[str, WheelFacts]]:
    try:
        return [
            (
                str(key),
                WheelFacts(
                    size_bytes=int(size),
                    packages=tuple(map(str, packages)),
                    folders=tuple(map(str, folders)),
                    is_movable=bool(is_movable),
                ),
            )
            for key, (size, packages, folders, is_movable) in json.loads(note).items()
        ]
    except (ValueError, TypeError, AttributeError):
        return []

"""The solution of a conda environment as values: every package with its address, size and sha256, and its text. Pure.

conda has no standard lock of its own: this is what its index says of each chosen package, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PYTHON = "python"
# Raise it when texts of the release before must not be read any more.
_SCHEMA = 1


class CondaLockUnreadable(ValueError):
    """A text is no lock that this module wrote. The environment is solved again, so no user sees it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaPackage:
    """One package. Neither `url` nor `channel` holds credentials."""

    name: str
    version: str
    build: str
    subdir: str
    channel: str
    url: str
    sha256: str
    size_bytes: int | None = None

    @property
    def filename(self) -> str:
        """The archive's name."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaLock:
    """What to install, sorted by name."""

    packages: tuple[CondaPackage, ...]

    @property
    def digest(self) -> str:
        """Equal for equal packages, wherever they come from."""
        lines = [f"{package.filename} {package.sha256}" for package in self.packages]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def python_version(self) -> str:
        """The version of the environment's interpreter."""
        return next(package.version for package in self.packages if package.name == PYTHON)

    @property
    def size_bytes(self) -> int:
        """The bytes of all archives whose size is known."""
        return sum(package.size_bytes or 0 for package in self.packages)

    def to_json(self) -> str:
        """The text of the lock: equal locks have equal texts."""
        document = {"schema": _SCHEMA, "packages": [asdict(package) for package in self.packages]}
        return json.dumps(document, indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownConda:
    """A solution by its digest and its Python. `lock` is None where only the previous image's metadata tells of it."""

    digest: str
    python_version: str
    lock: CondaLock | None


# What stands for a solution in the plan of an image that nobody builds.
NOT_SOLVED = KnownConda(digest="", python_version="", lock=None)


def known(lock: CondaLock) -> KnownConda:
    """The lock as what is known of it."""
    return KnownConda(digest=lock.digest, python_version=lock.python_version, lock=lock)


def make_lock(packages: list[CondaPackage]) -> CondaLock:
    """The lock of these packages. Raises: CondaLockUnreadable where Python is not among them."""
    if PYTHON not in {package.name for package in packages}:
        raise CondaLockUnreadable("there is no Python in it")
    return CondaLock(packages=tuple(sorted(packages, key=lambda package: package.name)))


def parse_conda_lock(text: str) -> CondaLock:
    """The lock of a text that `to_json` wrote. Raises: CondaLockUnreadable."""
    try:
        document: Mapping[str, Any] = json.loads(text)
        if document["schema"] != _SCHEMA:
            raise CondaLockUnreadable("another release wrote it")
        return make_lock([CondaPackage(**package) for package in document["packages"]])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CondaLockUnreadable(str(error)) from error


def describe_changes(old: CondaLock, new: CondaLock) -> tuple[str, ...]:
    """What differs, one entry per package: `numpy 1.26.4 -> 2.0.1`, `+ zstd 1.5`, `- six 1.17`, `~ zlib 1.3`."""
    before = {package.name: package for package in old.packages}
    after = {package.name: package for package in new.packages}
    changes: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None and now is not None:
            changes.append(f"+ {name} {now.version}")
        elif was is not None and now is None:
            changes.append(f"- {name} {was.version}")
        elif was is not None and now is not None and was.version != now.version:
            changes.append(f"{name} {was.version} -> {now.version}")
        elif was is not None and now is not None and was.sha256 != now.sha256:
            changes.append(f"~ {name} {now.version}")
    return tuple(changes)

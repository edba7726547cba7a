"""The document of a `pylock.toml` on its way from a tool to the `lock` layer: settled, merged, restricted."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import tomli_w
from packaging.markers import Marker
from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.apply.downloads import without_credentials
from ml_buildpack.lock import ORIGIN, ORIGIN_TABLE, read_origin
from ml_buildpack.plan.pin_origins import origins_of, read_parents
from ml_buildpack.plan.resolution import ResolutionPlan

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Document = dict[str, Any]


def settle(document: Document, base: Path, app_dir: Path, environment: Mapping[str, str] | None) -> Document:
    """The lock with nothing in it that belongs to this build only: absolute paths, credentials, dates.

    Markers that hold in the environment are dropped; None keeps them all.
    """
    for package in document.get("packages", []):
        # The lock is for one interpreter. uv repeats the markers of pins, but not those that it decided itself.
        if environment and "marker" in package and Marker(package["marker"]).evaluate(dict(environment)):
            del package["marker"]
        for source in _sources(package):
            source.pop("upload-time", None)
            if source.get("url", "").startswith("file://"):
                source["path"] = unquote(urlsplit(source.pop("url")).path)
            if "path" in source:
                source["path"] = os.path.relpath(os.path.normpath(base / source["path"]), app_dir)
            if "url" in source:
                source["url"] = _settled_url(source["url"])
        if "wheels" in package:
            # A directory that is named twice, in a variable and in a line, offers each of its files twice.
            package["wheels"] = [
                wheel for n, wheel in enumerate(package["wheels"]) if wheel not in package["wheels"][:n]
            ]
        if "index" in package:
            package["index"] = without_credentials(package["index"])
    document["created-by"] = "ml-buildpack"
    return document


def narrowed(
    document: Document, environment: Mapping[str, str], *, extras: tuple[str, ...], groups: tuple[str, ...]
) -> Document:
    """The lock with only what it installs there, with those extras and groups; no marker is left in it.

    Source: PEP 751, "Installation", where `extras` and `dependency_groups` are sets in the markers' environment.
    """
    values: dict[str, str | AbstractSet[str]] = {
        **environment,
        "extras": frozenset(extras),
        "dependency_groups": frozenset(groups or document.get("default-groups", ())),
    }
    taken = []
    for package in document.get("packages", []):
        marker = package.pop("marker", None)
        if marker is None or Marker(marker).evaluate(values, context="lock_file"):
            taken.append(package)
    # What was chosen is all there is: nobody can choose again.
    rest = {
        key: value for key, value in document.items() if key not in {"extras", "dependency-groups", "default-groups"}
    }
    return {**rest, "packages": taken}


def _settled_url(url: str) -> str:
    # `git@host` names an account that everybody uses, not a secret.
    return url if urlsplit(url).scheme.endswith("ssh") else without_credentials(url)


def _sources(package: dict[str, Any]) -> list[dict[str, Any]]:
    single = [package[kind] for kind in ("sdist", "archive", "directory", "vcs") if kind in package]
    return [*single, *package.get("wheels", [])]


def restricted(text: str, allowed_digests: Mapping[NormalizedName, tuple[str, ...]]) -> str:
    """The lock without the files that the user's hashes rule out, where others of the same package remain."""
    document = tomllib.loads(text)
    for package in document.get("packages", []):
        allowed = allowed_digests.get(package["name"])
        if allowed is None:
            continue
        wheels = [wheel for wheel in package.get("wheels", []) if wheel["hashes"].get("sha256") in allowed]
        sdist = package.get("sdist")
        if wheels or (sdist and sdist["hashes"].get("sha256") in allowed):
            package["wheels"] = wheels
            if sdist and sdist["hashes"].get("sha256") not in allowed:
                del package["sdist"]
        if not package.get("wheels"):
            package.pop("wheels", None)
    return tomli_w.dumps(document)


def merged(first: Document, second: Document) -> Document:
    """Both locks as one. A package that both have is the first one's."""
    names = {package["name"] for package in first.get("packages", [])}
    added = [package for package in second.get("packages", []) if package["name"] not in names]
    packages = sorted([*first.get("packages", []), *added], key=lambda package: str(package["name"]))
    return {**second, **first, "packages": packages}


def with_origins(document: Document, plan: ResolutionPlan, annotated: str) -> Document:
    """The lock with what brought each package. What a shipped lock of ours says itself stays, after its own name."""
    read = read_parents(annotated)
    for package in document.get("packages", []):
        name = canonicalize_name(package["name"])
        tree = package.get("directory", {}).get("path")
        origin = dict.fromkeys((*origins_of(name, plan, read, tree=tree), *read_origin(package.get("tool"))))
        if origin:
            package.setdefault("tool", {})[ORIGIN_TABLE] = {ORIGIN: list(origin)}
    return document


def without_packages(document: Document, names: AbstractSet[NormalizedName]) -> Document:
    """The lock without the packages of these names."""
    return {**document, "packages": [one for one in document.get("packages", []) if one["name"] not in names]}


def pins(document: Document, environment: Mapping[str, str]) -> tuple[str, ...]:
    """`name==version` for every package that the lock installs there, as constraints for another resolution."""
    return tuple(
        f"{package['name']}=={package['version']}"
        for package in document.get("packages", [])
        if "version" in package and Marker(package.get("marker", "python_version > '0'")).evaluate(dict(environment))
    )

"""The layer of Debian packages: what is asked for, what counts as installed, and what a package may do. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ml_buildpack.cnb.context import Target
from ml_buildpack.cnb.layer import Absent, EnvAction, EnvEntry, LayerName, LayerTypes, RestoredLayer, layer_name

APT = layer_name("apt")
APT_ARCHIVES = layer_name("apt-archives")
ARCHIVES_TYPES = LayerTypes(cache=True)
ARCHIVES_METADATA = {"schema": "1"}
# The note with the names of the libraries in the layer, for builds in which it is kept and not here.
LIBRARIES_NOTE = "libraries"
APT_SCHEMA = "1"

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
# Below the layer; what ldconfig knows on a Debian, and pulseaudio's own folder, which its libraries look for elsewhere.
_LIBRARY_FOLDERS = ("usr/lib/{triplet}", "usr/lib", "usr/lib/{triplet}/pulseaudio", "usr/lib/{triplet}/blas")
# What every run image of a Debian or Ubuntu has. Where nobody lists its packages, no others count as installed.
_ASSUMED_PACKAGES = frozenset(
    {"base-files", "ca-certificates", "gcc-12-base", "gcc-13-base", "gcc-14-base", "gcc-15-base", "libc6", "libcrypt1",
     "libgcc-s1", "libstdc++6", "zlib1g"},
)  # fmt: skip
# Dependencies among what is there were settled by who made the image, who may have left some out on purpose.
_SETTLED = re.compile(
    r"^(Pre-Depends|Depends|Recommends|Suggests|Breaks|Conflicts|Enhances):.*\n(?:[ \t].*\n)*", re.MULTILINE
)
_PACKAGE = re.compile(r"^Package: (\S+)$", re.MULTILINE)

# What a maintainer script does that a layer cannot have, in the words of a message.
_REFUSED_ACTIONS = (
    (re.compile(r"\b(adduser|useradd|addgroup|groupadd)\b"), "it adds users"),
    (re.compile(r"\bsetcap\b"), "it gives programs rights"),
)
_MISSED_ACTIONS = (
    (re.compile(r"\b(deb-systemd-helper|invoke-rc\.d|update-rc\.d|systemctl)\b"), "it starts a service"),
    (re.compile(r"\bupdate-alternatives\b"), "it chooses among alternatives"),
    (re.compile(r"\bdb_(get|input|go)\b"), "it asks questions"),
    (re.compile(r"\b(update-ca-certificates|fc-cache|glib-compile-schemas|update-mime-database)\b"), "it fills caches"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AptContent:
    """Debian packages with all that they need and the run image has not."""

    packages: tuple[str, ...]
    target: Target
    mirror: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DebianPackage:
    """An archive of a package that was unpacked."""

    name: str
    version: str
    architecture: str
    sha256: str


def apt_metadata(content: AptContent, *, run_image: str) -> dict[str, str]:
    """What decides the contents: the packages asked for, and the digest of what the run image has."""
    return {
        "schema": APT_SCHEMA,
        "target": str(content.target),
        "apt": " ".join(sorted(content.packages)),
        "run_image": run_image,
    }


def kept_libraries(restored: RestoredLayer) -> str:
    """The names of the libraries that the layer had when it was made."""
    return "" if isinstance(restored, Absent) else restored.metadata.get(LIBRARIES_NOTE, "")


def apt_environment(layers_dir: str, name: LayerName, target: Target) -> tuple[EnvEntry, ...]:
    """The variables by which the dynamic linker finds the libraries, and everybody the programs."""
    folders = ":".join(f"{layers_dir}/{name}/{folder}" for folder in library_folders(target))
    return (
        EnvEntry(name="LD_LIBRARY_PATH", value=folders, action=EnvAction.PREPEND, delimiter=":"),
        # Behind the image's own: a program that came along must not take the place of one that is there.
        EnvEntry(name="PATH", value=f"{layers_dir}/{name}/usr/bin", action=EnvAction.APPEND, delimiter=":"),
    )


def library_folders(target: Target) -> tuple[str, ...]:
    """Where libraries lie in the layer, relative to it."""
    triplet = TRIPLETS.get(target.arch, target.arch)
    return tuple(folder.format(triplet=triplet) for folder in _LIBRARY_FOLDERS)


def installed_status(text: str, *, is_run_image: bool) -> str:
    """Dpkg's list of what counts as installed, from the run image's own, or from the build image's where there is none.

    Without what the packages need: an image may lack that on purpose, and apt would want to repair it.
    """
    stanzas = (stanza.strip("\n") + "\n" for stanza in re.split(r"\n\n+", text) if stanza.strip())
    return "\n".join(_SETTLED.sub("", stanza) for stanza in stanzas if is_run_image or _is_assumed(stanza))


def _is_assumed(stanza: str) -> bool:
    name = _PACKAGE.search(stanza)
    return name is not None and name.group(1) in _ASSUMED_PACKAGES


def refused_action(script: str) -> str | None:
    """Why a package cannot work without its maintainer script, as a sentence without a full stop; None where it can."""
    return next(_actions(script, _REFUSED_ACTIONS), None)


def missed_action(script: str) -> str | None:
    """What a package would have done besides, and mostly works without; None where there is nothing."""
    return next(_actions(script, _MISSED_ACTIONS), None)


def _actions(script: str, actions: tuple[tuple[re.Pattern[str], str], ...]) -> Iterator[str]:
    code = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("#"))
    return (words for pattern, words in actions if pattern.search(code) is not None)


def describe_debian_packages(packages: tuple[DebianPackage, ...], target: Target) -> dict[str, Any]:
    """The layer's contents as a CycloneDX document."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [_component(package, target) for package in sorted(packages, key=lambda one: one.name)],
    }


def _component(package: DebianPackage, target: Target) -> Mapping[str, Any]:
    distro = target.distro_name or "debian"
    release = f"&distro={distro}-{target.distro_version}" if target.distro_version else ""
    purl = f"pkg:deb/{distro}/{package.name}@{quote(package.version)}?arch={package.architecture}{release}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": package.sha256}],
    }

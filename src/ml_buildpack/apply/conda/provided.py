"""What a conda prefix already has of Python's distributions, as constraints for what pip adds to it.

Each is offered to the resolver as a wheel without contents, at an address that a constraint names: so its version is
fixed, no index is asked for it, and nothing of it is installed a second time, over conda's own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import unquote

from packaging.utils import NormalizedName, canonicalize_name

# Zip cannot hold earlier dates.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: ml-buildpack\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
CONSTRAINTS = "provided.txt"


def write_provided(prefix: Path, directory: Path) -> Path:
    """Write the wheels and the file of constraints that names them; that file."""
    directory.mkdir(exist_ok=True)
    lines: list[str] = []
    for metadata in _distributions(prefix):
        name, version = canonicalize_name(str(metadata["Name"])), str(metadata["Version"])
        wheel = directory / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        _write_wheel(wheel, _core_metadata(metadata))
        lines.append(f"{name} @ {wheel.as_uri()}\n")
    constraints = directory / CONSTRAINTS
    constraints.write_text("".join(sorted(lines)), encoding="utf-8")
    return constraints


def read_provided(constraints: Path) -> dict[NormalizedName, str]:
    """(name, version) of each in a file that `write_provided` wrote, by name."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition(" @ ") for line in lines)
    return {canonicalize_name(name): unquote(url.rpartition("/")[2]).split("-")[1] for name, _, url in pairs}


def _distributions(prefix: Path) -> Iterator[Message]:
    """The core metadata of each, once: a name may be there in two formats."""
    seen: set[str] = set()
    patterns = ("*.dist-info/METADATA", "*.egg-info/PKG-INFO", "*.egg-info")
    for site_packages in sorted(prefix.glob("lib/python3*/site-packages")):
        for path in (path for pattern in patterns for path in sorted(site_packages.glob(pattern))):
            if not path.is_file():
                continue
            metadata = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
            name = canonicalize_name(str(metadata["Name"] or ""))
            if name and metadata["Version"] and name not in seen:
                seen.add(name)
                yield metadata


def _core_metadata(metadata: Message) -> str:
    """Name, version, and what extras add. What it needs itself is conda's affair, under conda's names."""
    extras = [f"Provides-Extra: {extra}" for extra in metadata.get_all("Provides-Extra", [])]
    needs = [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" in need]
    lines = ["Metadata-Version: 2.1", f"Name: {metadata['Name']}", f"Version: {metadata['Version']}", *extras]
    return "\n".join([*lines, *(f"Requires-Dist: {' '.join(need.split())}" for need in needs), ""])


def _write_wheel(path: Path, metadata: str) -> None:
    info = "-".join(path.stem.split("-")[:2]) + ".dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (("METADATA", metadata), ("WHEEL", _WHEEL), ("RECORD", "")):
            archive.writestr(zipfile.ZipInfo(f"{info}/{name}", _ZIP_DATE), text)

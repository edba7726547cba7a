"""Settle an installed conda prefix: nothing in it that differs from build to build, bytecode that stays valid.

Everything is a function of the packages and of the prefix's path, so that equal solutions are equal layers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_buildpack.apply.bytecode import Validity, compile_modules, find_modules
from ml_buildpack.apply.layer_store import make_readable
from ml_buildpack.plan.conda_lock import CondaLock

# What the installer notes about itself: paths of its caches, and what was asked of it when.
_NOTES = ("extracted_package_dir", "package_tarball_full_path", "link", "requested_specs", "requested_spec")
_LEFT_BEHIND = ("CACHEDIR.TAG", "conda-meta/history")
_ACTIVATE = "etc/conda/activate.d"
_VARIABLES = "etc/conda/env_vars.d"
# What the activation scripts of these packages set, by the beginning of the script's name: paths in the prefix.
_KNOWN_SCRIPTS: Mapping[str, Mapping[str, str]] = {
    "proj": {"PROJ_DATA": "share/proj"},
    "gdal": {"GDAL_DATA": "share/gdal", "GDAL_DRIVER_PATH": "lib/gdalplugins"},
    "geotiff": {"GEOTIFF_CSV": "share/epsg_csv"},
}
_STEM = re.compile(r"(?P<package>[a-z]+)\d*[-_]activate")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def settle(prefix: Path, lock: CondaLock, *, env: Mapping[str, str], scratch: Path) -> None:
    """Forget how the prefix was made, and compile its Python modules. Raises: CommandFailed."""
    for name in _LEFT_BEHIND:
        (prefix / name).unlink(missing_ok=True)
    records = {path.name: path for path in sorted((prefix / "conda-meta").glob("*.json"))}
    for package in lock.packages:
        _settle_record(records[f"{package.name}-{package.version}-{package.build}.json"], package.url, package.channel)
    for bytecode in sorted(prefix.rglob("*.pyc")):
        # Compiled by time, which the lifecycle changes, and for modules that are compiled again now.
        bytecode.unlink()
    minor = ".".join(lock.python_version.split(".")[:2])
    library = prefix / "lib" / f"python{minor}"
    (library / "site-packages").mkdir(exist_ok=True)
    compile_modules(
        find_modules(library),
        python=str(prefix / "bin" / "python"),
        env=env,
        scratch=scratch,
        validity=Validity.UNCHECKED,
    )
    make_readable(prefix)


def _settle_record(path: Path, url: str, channel: str) -> None:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: value for name, value in record.items() if name not in _NOTES}
    settled = {**kept, "url": url, "channel": channel}
    # Written anew and not in place: the file may be another name of one in the installer's cache.
    path.unlink()
    path.write_text(json.dumps(settled, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def link_programs(prefix: Path, programs: Path) -> None:
    """Fill a directory with a link to each program of the prefix, for the lifecycle to put into PATH."""
    programs.mkdir()
    for path in sorted((prefix / "bin").iterdir()):
        (programs / path.name).symlink_to(Path("..", prefix.name, "bin", path.name))


def read_variables(prefix: Path) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """(what activation would set, scripts that would do more). There is no shell at the launch to run them.

    Source: conda's documentation, "Saving environment variables"; the scripts of conda-forge's feedstocks.
    """
    variables: dict[str, str] = {}
    for path in sorted((prefix / _VARIABLES).glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        variables |= {name: str(value) for name, value in document.items() if _VARIABLE.fullmatch(name)}
    others: list[str] = []
    for path in sorted((prefix / _ACTIVATE).glob("*.sh")):
        stem = _STEM.match(path.stem)
        known = _KNOWN_SCRIPTS.get(stem["package"]) if stem is not None else None
        if known is None:
            others.append(path.name)
        else:
            variables |= {name: str(prefix / place) for name, place in known.items() if (prefix / place).exists()}
    return tuple(sorted(variables.items())), tuple(others)


def find_link_scripts(prefix: Path) -> tuple[str, ...]:
    """The names of packages that wanted to run a program when they were installed."""
    return tuple(sorted(path.name[1:].removesuffix("-post-link.sh") for path in prefix.glob("bin/.*-post-link.sh")))

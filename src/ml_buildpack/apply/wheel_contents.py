"""What a wheel holds, read off the directory of its archive: a few milliseconds, whatever its size."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from ml_buildpack.plan.wheel_facts import WheelFacts

# The parts of `<name>.data` that are installed into the folder of packages or beside Python. The others, `data` and
# `headers`, go below the environment's own directory, where programs look for them by `sys.prefix`.
_MOVABLE_DATA = frozenset({"purelib", "platlib", "scripts"})
# Read by people, if by anybody.
_FOR_READERS = ("share/man/", "share/doc/")
_INIT = "__init__."


def read_wheel(path: Path) -> WheelFacts:
    """The facts about the wheel at `path`."""
    with ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    data = [name.split("/", 2) for name in names if name.split("/", 1)[0].endswith(".data")]
    installed = [name for name in names if not name.split("/", 1)[0].endswith((".data", ".dist-info"))]
    installed += [parts[2] for parts in data if parts[1] in {"purelib", "platlib"}]
    whole = {_whole_name(name) for name in installed} - {None}
    folders = {name.split("/", 1)[0] for name in installed if "/" in name}
    return WheelFacts(
        size_bytes=path.stat().st_size,
        packages=tuple(sorted(name for name in whole if name is not None)),
        folders=tuple(sorted(folders - whole)),
        is_movable=all(parts[1] in _MOVABLE_DATA or parts[2].startswith(_FOR_READERS) for parts in data),
    )


def _whole_name(name: str) -> str | None:
    """The name that a file makes a folder of packages have whole: a module's, or a package's by its `__init__`."""
    top, _, rest = name.partition("/")
    if not rest:
        return top.split(".", 1)[0] if top.endswith((".py", ".so")) else top
    return top if rest.startswith(_INIT) and "/" not in rest else None

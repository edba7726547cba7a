"""The environment of bin/detect and bin/build: an allow-list of the container's, then the user's files."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

_FROM_CONTAINER = frozenset(
    {
        "CNB_STACK_ID",
        "HOSTNAME",
        "HOME",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "NO_PROXY",
        "no_proxy",
    }
)
_SEARCH_PATHS = frozenset({"PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH"})


def phase_environment(
    container: Mapping[str, str], platform_dir: Path, given: Mapping[str, str], *, clear_env: bool
) -> dict[str, str]:
    """What a phase sees. `given` are the lifecycle's own variables, which nobody can override.

    The user's search paths go in front of the container's; their other variables replace it. Contents are verbatim, the
    newline at the end of a file included.
    """
    env = {name: value for name, value in container.items() if name in _FROM_CONTAINER | _SEARCH_PATHS}
    for name, value in () if clear_env else read_env_files(platform_dir / "env").items():
        env[name] = f"{value}:{env[name]}" if name in _SEARCH_PATHS and env.get(name) else value
    return {**env, **given}


def read_env_files(folder: Path) -> dict[str, str]:
    """The variables of a directory of files. Directories, and links to them, are passed over."""
    if not folder.is_dir():
        return {}
    return {path.name: path.read_text() for path in sorted(folder.iterdir()) if stat.S_ISREG(path.stat().st_mode)}

"""The environment in which resolvers and builds of packages run: explicit, and as small as it can be. Pure.

uv and pip name the same things differently. A user who set either name gets both tools to obey it, so that changing
the resolver does not change the index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

ToolEnvironment = Mapping[str, str]

# What the lifecycle lets through, and what decides how the network is reached.
_PASSED = (
    "PATH", "LANG", "LC_ALL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy",
    "no_proxy", "all_proxy", "NETRC", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH", "CC", "CXX", "CFLAGS", "CXXFLAGS",
    "LDFLAGS", "CUDA_HOME", "CMAKE_ARGS", "MAX_JOBS",
)  # fmt: skip
_PASSED_PREFIXES = ("PIP_", "UV_", "GIT_", "CARGO_", "SETUPTOOLS_")

# (pip's name, uv's name); pip separates several values with spaces, and so does uv.
_SAME_MEANING = (
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
    ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
    ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
    ("PIP_NO_INDEX", "UV_NO_INDEX"),
    ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST"),
)
# uv's older names of the same two settings, still in wide use.
_OLDER_NAMES = (("UV_INDEX_URL", "UV_DEFAULT_INDEX"), ("UV_EXTRA_INDEX_URL", "UV_INDEX"))

# 1980-01-01T00:00:01Z: zip cannot hold earlier dates, and the lifecycle gives every exported file this very second.
SOURCE_DATE_EPOCH_S = 315_532_801


def tool_environment(
    env: Mapping[str, str], *, home: str, certificates: str | None, interpolated: frozenset[str] = frozenset()
) -> dict[str, str]:
    """The variables for a tool. `interpolated` names those that requirement lines refer to as `${NAME}`."""
    chosen = {
        name: value
        for name, value in env.items()
        if name in _PASSED or name in interpolated or name.startswith(_PASSED_PREFIXES)
    }
    for older, newer in _OLDER_NAMES:
        if older in chosen:
            chosen.setdefault(newer, chosen.pop(older))
    for pip_name, uv_name in _SAME_MEANING:
        _share(chosen, pip_name, uv_name)
    chosen |= {
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH_S),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "GIT_TERMINAL_PROMPT": "0",
    }
    if certificates is not None:
        # uv and git each have a name of their own; pip and requests-based tools have two more.
        names = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO")
        chosen |= dict.fromkeys(names, certificates)
    return chosen


def index_urls(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The index URLs that an environment names, credentials included. Not for showing."""
    joined = " ".join(environment.get(name, "") for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS"))
    # A named index of uv is written `name=https://…`.
    return tuple(part if "://" in part.split("=")[0] else part.partition("=")[2] or part for part in joined.split())


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """The text with `${NAME}` filled in where the environment has it; the only form that pip and uv expand."""
    return re.sub(r"\$\{([A-Z0-9_]+)\}", lambda match: env.get(match[1], match[0]), text)


def _share(chosen: dict[str, str], left: str, right: str) -> None:
    if left in chosen:
        chosen.setdefault(right, chosen[left])
    elif right in chosen:
        chosen[left] = chosen[right]

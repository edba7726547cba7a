"""The environment in which resolvers and builds of packages run: explicit, and as small as it can be. Pure.

uv and pip name the same things differently. A user who set either name gets both tools to obey it, so that changing
the resolver does not change the index.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from ml_buildpack.facts.dependency_files import Requirements

ToolEnvironment = Mapping[str, str]

# What the lifecycle lets through, and what decides how the network is reached.
_PASSED = (
    "PATH", "LANG", "LC_ALL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy",
    "no_proxy", "all_proxy", "NETRC", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH", "CC", "CXX", "CFLAGS", "CXXFLAGS",
    "LDFLAGS", "CUDA_HOME", "CMAKE_ARGS", "MAX_JOBS",
)  # fmt: skip
_PASSED_PREFIXES = ("PIP_", "UV_", "GIT_", "CARGO_", "SETUPTOOLS_")

# (pip's name, uv's name); both separate several values with spaces, but for uv's commas in UV_FIND_LINKS.
_SAME_MEANING = (
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
    ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
    ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
    ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST"),
)
# uv's older names of the same two settings, still in wide use.
_OLDER_NAMES = (("UV_INDEX_URL", "UV_DEFAULT_INDEX"), ("UV_EXTRA_INDEX_URL", "UV_INDEX"))

# What pip reads as yes. Source: pip 26.3, `strtobool`.
_YES = frozenset({"1", "y", "yes", "t", "true", "on"})

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
    indexes = " ".join(environment.get(name, "") for name in ("UV_DEFAULT_INDEX", "UV_INDEX")).split()
    links = filter(None, environment.get("UV_FIND_LINKS", "").split(","))
    return (*map(_without_name, indexes), *links)


def uv_arguments(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What an environment says to pip and uv has no variable for."""
    return ("--no-index",) if environment.get("PIP_NO_INDEX", "").lower() in _YES else ()


def index_identities(environment: Mapping[str, str]) -> tuple[str, ...]:
    """What tells the indexes of an environment apart, without secrets: the host, and a digest of host and path."""
    return tuple(sorted({_identity(url) for url in index_urls(environment)}))


def with_only_index(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """The environment in which that index alone is asked, with the login that the environment has for it.

    A lock that names the index of a package means that one, also where another would be asked before it.
    """
    named = [known for known in index_urls(environment) if _place(known) == _place(url)]
    of_host = [known for known in index_urls(environment) if _place(known).partition("/")[0] == urlsplit(url).netloc]
    logins = [known.rpartition("@")[0].partition("://")[2] for known in (*named, *of_host) if "@" in known]
    parts = urlsplit(url)
    if logins and "@" not in parts.netloc:
        url = urlunsplit(parts._replace(netloc=f"{logins[0]}@{parts.netloc}"))
    others = ("UV_INDEX", "PIP_EXTRA_INDEX_URL")
    chosen = {name: value for name, value in environment.items() if name not in others}
    return {**chosen, "UV_DEFAULT_INDEX": url, "PIP_INDEX_URL": url}


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """The text with `${NAME}` filled in where the environment has it; the only form that pip and uv expand."""
    return re.sub(r"\$\{([A-Z0-9_]+)\}", lambda match: env.get(match[1], match[0]), text)


def _share(chosen: dict[str, str], pip_name: str, uv_name: str) -> None:
    separator = "," if uv_name == "UV_FIND_LINKS" else " "
    if pip_name in chosen:
        chosen.setdefault(uv_name, separator.join(chosen[pip_name].split()))
    elif uv_name in chosen:
        chosen[pip_name] = " ".join(map(_without_name, chosen[uv_name].split(separator)))


def _without_name(index: str) -> str:
    # uv may give an index a name, `name=https://…`; pip knows no such thing.
    name, equals, url = index.partition("=")
    return url if equals and "://" not in name else index


def _place(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")


def _identity(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{host or 'files'}#{hashlib.sha256((host + parts.path).encode()).hexdigest()[:12]}"


def credential_urls(requirements: Requirements, env: ToolEnvironment) -> tuple[str, ...]:
    """Every URL that may hold credentials: the environment's and those of option and requirement lines, filled in."""
    options = (option.value for option in requirements.options)
    lines = (line.url or "" for line in (*requirements.requirements, *requirements.constraints))
    # Filled in first: a variable may hold the whole URL.
    urls = (interpolate(url, env) for url in (*options, *lines))
    return (*index_urls(env), *(url for url in urls if "://" in url))

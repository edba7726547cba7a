"""Variables that would send an installation somewhere else than into the image's layers.

A platform copies whatever its user, its operator or an earlier buildpack set; pip and uv read all of it. Index
addresses, proxies, certificates and constraints are not listed: those say where to get files and are wanted.
Nor are PYTHONPATH, PYTHONUSERBASE and PYTHONNOUSERSITE, which buildpacks for an interpreter set themselves, and which
move no file unless one of the variables below is set as well.
"""

from __future__ import annotations

from collections.abc import Mapping

# Each with what would happen. Sources: pip 26.3 and uv 0.13, the variables of their install commands; the CPython
# documentation, "Environment variables". Taking one out lets a build succeed whose image lacks what was installed.
UNSAFE_VARIABLES: Mapping[str, str] = {
    "CONDA_PREFIX": "uv installs into that conda environment",
    "PIP_ABI": "pip chooses files for another interpreter",
    "PIP_DRY_RUN": "pip installs nothing",
    "PIP_IMPLEMENTATION": "pip chooses files for another interpreter",
    "PIP_NO_DEPS": "pip leaves out what the requirements need themselves",
    "PIP_PLATFORM": "pip chooses files for another platform",
    "PIP_PREFIX": "pip installs below that directory",
    "PIP_PYTHON": "pip installs for that interpreter",
    "PIP_PYTHON_VERSION": "pip chooses files for another version of Python",
    "PIP_REQUIREMENT": "pip installs the requirements of that file as well",
    "PIP_ROOT": "pip installs below that directory",
    "PIP_TARGET": "pip installs into that directory",
    "PIP_USER": "pip installs into the home directory",
    "PYTHONHOME": "every interpreter looks for its standard library there",
    "PYTHONPLATLIBDIR": "every interpreter uses another name for its library directory",
    "PYTHONPYCACHEPREFIX": "bytecode is written to that directory",
    "UV_PROJECT": "uv works on the project in that directory",
    "UV_PROJECT_ENVIRONMENT": "uv installs into that environment",
    "UV_PYTHON": "uv installs for that interpreter",
    "UV_SYSTEM_PYTHON": "uv installs into the builder's own Python",
    "UV_WORKING_DIR": "uv works in that directory",
    "UV_WORKING_DIRECTORY": "uv works in that directory",
    "VIRTUAL_ENV": "uv installs into that environment",
}
# These switch something on; a value that means no is as good as none.
_SWITCHES = frozenset({"PIP_DRY_RUN", "PIP_NO_DEPS", "PIP_USER", "UV_SYSTEM_PYTHON"})
_OFF = frozenset({"0", "false", "no", "off", "n", "f"})


def find_unsafe_variables(env: Mapping[str, str]) -> tuple[str, ...]:
    """The names, sorted, of variables of that list that are set to something."""
    return tuple(sorted(name for name in UNSAFE_VARIABLES if _is_set(name, env.get(name, "").strip())))


def _is_set(name: str, value: str) -> bool:
    return bool(value) and not (name in _SWITCHES and value.lower() in _OFF)

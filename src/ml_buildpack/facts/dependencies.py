"""What the project depends on, from whichever file says it, as one value for every kind of input.

A reader for each kind lives in a module of its own and returns None where its file is not there. `choose` in
`dependency_choice` asks them in order. Knows nothing of resolvers: it says what is asked for, and how exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from packaging.utils import NormalizedName

from ml_buildpack.facts.accelerator_request import AcceleratorRequest
from ml_buildpack.facts.conda.conda_wish import CondaWish
from ml_buildpack.facts.dependency_files import Requirements
from ml_buildpack.facts.local_trees import LocalTree
from ml_buildpack.facts.python_request import PythonRequest


class InputKind(Enum):
    """Where dependencies are declared; the value is how the log says it."""

    PYLOCK = "a pylock.toml"
    UV_LOCK = "uv's lock"
    POETRY_LOCK = "Poetry's lock"
    PDM_LOCK = "PDM's lock"
    PIPFILE_LOCK = "Pipenv's lock"
    REQUIREMENTS = "requirements files"
    PIPFILE = "a Pipfile without a lock"
    PYPROJECT = "pyproject.toml"
    SETUP = "setuptools' files"
    CONDA = "a conda environment"
    MODEL = "what the model was saved with"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectSource:
    """A file that only a build backend can read: the resolver is given the file itself.

    `path` is relative to the application directory: `pyproject.toml`, `setup.cfg` or `setup.py`.
    """

    path: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UvSelection:
    """What to take of a `uv.lock`: uv itself exports it, and refuses a lock that is out of date."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    package: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependencies:
    """One input, read.

    `requirements` holds its lines, constraints, options and local trees. `exact`: the lines are a whole lock, every
    package pinned, and nothing may be added to them but what the server needs. `index_of` names the index of a package
    where the lock says so, credentials left out. `pylock` is a lock that is in the standard format already; `extras`
    and `groups` are what is taken of it. `conda` is what conda itself installs, where the settings have it do that; the
    requirements are then what pip adds. `project` is the project itself where it is an installable package. `ignored`
    are other inputs that are there, with the reason in `notes`. `accelerators` are lines that choose between CUDA and
    the processor without being requirements.
    """

    kind: InputKind
    path: str
    requirements: Requirements
    exact: bool = False
    index_of: Mapping[NormalizedName, str] = field(default_factory=dict)
    pylock: str | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    uv: UvSelection | None = None
    conda: CondaWish | None = None
    sources: tuple[ProjectSource, ...] = ()
    project: LocalTree | None = None
    python_requests: tuple[PythonRequest, ...] = ()
    ignored: tuple[str, ...] = ()
    accelerators: tuple[AcceleratorRequest, ...] = ()
    notes: tuple[str, ...] = ()

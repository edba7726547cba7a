"""How an input becomes a lock: resolved, looked up pin by pin, taken as it is, or exported by its own tool. Pure.

Only the first method chooses versions. The other three obey a lock that the project ships; what the server needs is
then resolved on its own, with the lock's versions as constraints, and can only add packages to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from packaging.utils import NormalizedName

from ml_buildpack.facts.dependencies import Dependencies, ProjectSource, UvSelection
from ml_buildpack.facts.requirements_text import RequirementLine

PROJECT_LINE = "-e ."

__all__ = [
    "PROJECT_LINE",
    "GivenLock",
    "Loose",
    "Method",
    "Pinned",
    "PinnedPart",
    "ProjectSource",
    "UvExport",
    "UvSelection",
    "choose_method",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loose:
    """The lines, and files that only a build backend can read, are given to the resolver."""

    sources: tuple[ProjectSource, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PinnedPart:
    """Pins that come from one index; None is the index that everything else comes from."""

    text: str
    index: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """Every package is pinned already; only the files of the pins are looked up."""

    parts: tuple[PinnedPart, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenLock:
    """The project's own `pylock.toml`. `parts` are looked up beside it: the project itself, where it is a package.

    `extras` and `groups` are what is taken of it; without groups, it is the groups that the lock takes by default.
    """

    text: str
    parts: tuple[PinnedPart, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UvExport:
    """uv turns its own lock into the standard format, and refuses one that is out of date."""

    selection: UvSelection


Method = Loose | Pinned | GivenLock | UvExport


def choose_method(dependencies: Dependencies) -> Method:
    """The method that obeys this input."""
    project = () if dependencies.project is None else (PinnedPart(text=f"{PROJECT_LINE}\n", index=None),)
    if dependencies.uv is not None:
        return UvExport(selection=dependencies.uv)
    if dependencies.pylock is not None:
        chosen = (dependencies.extras, dependencies.groups)
        return GivenLock(text=dependencies.pylock, parts=project, extras=chosen[0], groups=chosen[1])
    if dependencies.exact:
        return Pinned(parts=(*_by_index(dependencies), *project))
    return Loose(sources=dependencies.sources)


def _by_index(dependencies: Dependencies) -> tuple[PinnedPart, ...]:
    """The pins, one part for each index, so that no package is ever looked for in another's index."""
    parts: dict[str | None, list[RequirementLine]] = {}
    for line in dependencies.requirements.requirements:
        parts.setdefault(_index(dependencies, line.name), []).append(line)
    return tuple(
        PinnedPart(text="".join(f"{line.pip_line}\n" for line in parts[index]), index=index)
        for index in sorted(parts, key=lambda index: index or "")
    )


def _index(dependencies: Dependencies, name: NormalizedName | None) -> str | None:
    return None if name is None else dependencies.index_of.get(name)

"""What a project needs of a lock that lists packages and what they depend on, but not when each is installed.

Follows the dependencies from the project's own, and collects for every package the conditions under which some way
leads to it. Pure. Called for locks of Poetry before 2.0 and for locks of PDM without inherited metadata.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from ml_buildpack.facts.locks.marker_clauses import ALWAYS, NEVER, Clauses, both, either, negation

# What a package needs whatever extras are asked for.
PLAIN = ""
# The conditions of one round are those that decide between releases in the next; they settle at once in real locks.
_ROUNDS_MAX = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A dependency: on which package with which extras, under which condition.

    Any of the `ranges` will do. `source` is where it must come from, if the dependency says so.
    """

    name: NormalizedName
    extras: frozenset[str] = frozenset()
    clauses: Clauses = ALWAYS
    ranges: tuple[SpecifierSet, ...] = (SpecifierSet(),)
    source: str | None = None

    def allows(self, node: LockedNode) -> bool:
        """Whether that release, from where it comes, satisfies it."""
        if self.source is not None and self.source not in node.sources:
            return False
        try:
            release = Version(node.version)
        except InvalidVersion:
            return True
        return any(specifiers.contains(release, prereleases=True) for specifiers in self.ranges)


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedNode:
    """A package of the lock. `needs` are by extra, those without any below PLAIN; `sources` are names of its source."""

    name: NormalizedName
    version: str
    needs: Mapping[str, tuple[Need, ...]]
    sources: frozenset[str] = frozenset()


def find_conditions(needs: Iterable[Need], nodes: Sequence[LockedNode]) -> tuple[Clauses, ...]:
    """For each of the nodes, in their order, when it is installed; NEVER where nothing leads to it.

    Where the lock has several releases of a package, the one is taken that nothing excludes, and of those the newest.
    Raises: UnusableMarkerError.
    """
    top = tuple(needs)
    guards: tuple[Clauses, ...] = (ALWAYS,) * len(nodes)
    conditions: tuple[Clauses, ...] = ()
    for _ in range(_ROUNDS_MAX):
        before = conditions
        walk = _Walk(nodes, guards)
        walk.follow(top)
        conditions = tuple(walk.condition_of(index) for index in range(len(nodes)))
        guards = walk.guards()
        if conditions == before:
            break
    return conditions


class _Walk:
    """One way through all dependencies, with what decides between several releases of one package given."""

    def __init__(self, nodes: Sequence[LockedNode], guards: Sequence[Clauses]) -> None:
        self._nodes = nodes
        self._guards = guards
        self._reached: dict[tuple[int, str], Clauses] = {}
        self._asked: dict[NormalizedName, dict[Need, Clauses]] = defaultdict(dict)
        self._by_name: dict[NormalizedName, list[int]] = defaultdict(list)
        for index, node in enumerate(nodes):
            self._by_name[node.name].append(index)

    def condition_of(self, index: int) -> Clauses:
        return self._reached.get((index, PLAIN), NEVER)

    def follow(self, needs: Iterable[Need]) -> None:
        waiting = deque((need, ALWAYS) for need in needs)
        while waiting:
            need, condition = waiting.popleft()
            condition = both(condition, need.clauses)
            asked = self._asked[need.name]
            asked[need] = either(asked.get(need, NEVER), condition)
            indexes = self._by_name.get(need.name, ())
            for index in indexes:
                # Where there is one only, it is meant, however the two spell where it comes from.
                if len(indexes) == 1 or need.allows(self._nodes[index]):
                    waiting.extend(self._reach(index, need.extras, both(condition, self._guards[index])))

    def _reach(self, index: int, extras: frozenset[str], condition: Clauses) -> list[tuple[Need, Clauses]]:
        """What the package needs in turn, wherever that has become more than it was."""
        grown: list[tuple[Need, Clauses]] = []
        for extra in (PLAIN, *sorted(extras)):
            before = self._reached.get((index, extra), NEVER)
            after = either(before, condition)
            if after != before:
                self._reached[index, extra] = after
                grown.extend((need, after) for need in self._nodes[index].needs.get(extra, ()))
        return grown

    def guards(self) -> tuple[Clauses, ...]:
        """What decides, for each node, that it is this release of the package and not another one."""
        guards = [ALWAYS] * len(self._nodes)
        for name, indexes in self._by_name.items():
            if len(indexes) > 1:
                self._decide(name, indexes, guards)
        return tuple(guards)

    def _decide(self, name: NormalizedName, indexes: list[int], guards: list[Clauses]) -> None:
        newer_are_out = ALWAYS
        for alternative in self._newest_first(indexes):
            node = self._nodes[alternative[0]]
            asked = self._asked.get(name, {})
            excluded = either(*(condition for need, condition in asked.items() if not need.allows(node)))
            guard = both(newer_are_out, negation(excluded))
            for index in alternative:
                guards[index] = guard
            newer_are_out = both(newer_are_out, excluded)

    def _newest_first(self, indexes: list[int]) -> list[list[int]]:
        """The nodes by release: one with extras may have a node of its own, which stands or falls with the other."""
        releases: dict[tuple[str, frozenset[str]], list[int]] = {}
        for index in indexes:
            releases.setdefault((self._nodes[index].version, self._nodes[index].sources), []).append(index)
        return sorted(releases.values(), key=lambda found: _sortable(self._nodes[found[0]].version), reverse=True)


def _sortable(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")

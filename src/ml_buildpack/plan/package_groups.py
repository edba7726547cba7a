"""Which packages go into which layer: what changes rarely and weighs much apart from what changes often. Pure.

Each package is judged by its own wheel, so a change of one moves no other, and the same lock is always divided the
same way: no layer is made anew because a light package changed. Measurements: docs/adr/0013.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packaging.utils import NormalizedName

from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.lock import Lock, LockedPackage
from ml_buildpack.plan.accelerated_packages import is_cuda_runtime
from ml_buildpack.plan.layers import CUDA, DEPENDENCY_LAYERS, HEAVY, VENV, PackageGroup
from ml_buildpack.plan.wheel_facts import KnownWheels, facts_of

# The size of a wheel from which on it is heavy. In twelve stacks of today (docs/adr/0013), all wheels below it have
# 33 MB together at most, and what models need (numpy, scipy, pandas, scikit-learn, xgboost, torch) is above.
HEAVY_WHEEL_MIN_BYTES = 5_000_000
# What all wheels of a layer must have together for the layer to be worth its place in an image: a single numpy is not.
LAYER_MIN_BYTES = 20_000_000

# What wheels install by mistake. Nobody imports it, so it does not matter whose is found.
_STRAY_NAMES = frozenset({"benchmarks", "docs", "examples", "scripts", "test", "tests"})

_Places = dict[NormalizedName, LayerName]


def plan_groups(lock: Lock, known: KnownWheels) -> tuple[PackageGroup, ...]:
    """The packages of each layer that there shall be, `venv` always among them, in the order of making."""
    places = {package.name: _wish(package, known) for package in lock.packages}
    places = _together(lock, known, places)
    places = _without_small_layers(lock, known, places)
    groups = (_group(name, lock, places) for name in DEPENDENCY_LAYERS)
    return tuple(group for group in groups if group.layer == VENV or (group.lock and group.lock.packages))


def _wish(package: LockedPackage, known: KnownWheels) -> LayerName:
    """Where the package would go by itself. What is built here, lies in the project or installs elsewhere stays."""
    facts = facts_of(package, known)
    if facts is None or not facts.is_movable:
        return VENV
    if is_cuda_runtime(package.name):
        return CUDA
    return HEAVY if facts.size_bytes >= HEAVY_WHEEL_MIN_BYTES else VENV


def _together(lock: Lock, known: KnownWheels, places: Mapping[NormalizedName, LayerName]) -> _Places:
    """The places, with packages in one place that install into one package: Python takes it from one folder only."""
    settled = dict(places)
    for component in _coupled(lock, known):
        wishes = {settled[package.name] for package in component}
        if len(wishes) > 1:
            can_move = all(_is_movable(package, known) for package in component)
            settled.update(dict.fromkeys((package.name for package in component), HEAVY if can_move else VENV))
    return settled


def _coupled(lock: Lock, known: KnownWheels) -> list[list[LockedPackage]]:
    """The packages of the lock in sets that must not be divided."""
    component_of = {package.name: [package] for package in lock.packages}
    for claimed in _shared_names(lock, known):
        joined: list[LockedPackage] = []
        for package in claimed:
            joined.extend(one for one in component_of[package.name] if one not in joined)
        component_of.update(dict.fromkeys((package.name for package in joined), joined))
    return list({id(component): component for component in component_of.values()}.values())


def _shared_names(lock: Lock, known: KnownWheels) -> Iterator[list[LockedPackage]]:
    """The packages that install one name, for each name that more than one folder of packages must not have."""
    claims: dict[str, list[LockedPackage]] = {}
    whole: set[str] = set()
    for package in lock.packages:
        facts = facts_of(package, known)
        if facts is None:
            continue
        whole.update(facts.packages)
        for name in (*facts.packages, *facts.folders):
            claims.setdefault(name, []).append(package)
    return (claimed for name, claimed in claims.items() if name in whole - _STRAY_NAMES and len(claimed) > 1)


def _is_movable(package: LockedPackage, known: KnownWheels) -> bool:
    facts = facts_of(package, known)
    return facts is not None and facts.is_movable


def _without_small_layers(lock: Lock, known: KnownWheels, places: _Places) -> _Places:
    sizes = dict.fromkeys(DEPENDENCY_LAYERS, 0)
    for package in lock.packages:
        facts = facts_of(package, known)
        sizes[places[package.name]] += facts.size_bytes if facts else 0
    return {name: place if sizes[place] >= LAYER_MIN_BYTES else VENV for name, place in places.items()}


def _group(layer: LayerName, lock: Lock, places: Mapping[NormalizedName, LayerName]) -> PackageGroup:
    part = Lock(packages=tuple(package for package in lock.packages if places[package.name] == layer))
    return PackageGroup(layer=layer, digest=part.digest, lock=part)

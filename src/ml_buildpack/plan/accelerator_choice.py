"""What shall be resolved for: a CPU or a CUDA version, who asks for it, and which index or extra gives it. Pure.

The first of two turns. It chooses only where versions are chosen: what a lock of the project pins is obeyed, and
checked in the second turn, `plan.accelerator`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName

from ml_buildpack.errors import AcceleratorContradicted, AcceleratorNotOffered, Mistake
from ml_buildpack.facts.accelerator_request import AcceleratorRequest
from ml_buildpack.facts.accelerator_wish import AUTO, AcceleratorKind, AcceleratorWish, is_same_cuda
from ml_buildpack.facts.dependencies import Dependencies, InputKind
from ml_buildpack.facts.observation import Facts
from ml_buildpack.facts.requirements_text import RequirementLine
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan import cuda_table
from ml_buildpack.plan.indexes import asks_an_index
from ml_buildpack.plan.interpreter import PythonPlan
from ml_buildpack.plan.resolution_method import Loose, choose_method

__all__ = ["AcceleratorChoice", "AcceleratorKind", "InputKind", "VariantIndex", "choose_accelerator"]

SETTING = "BP_ACCELERATOR"
# Locks whose entries are read from their text: which of them are taken is known only after their own tool ran.
_READ_AS_TEXT = frozenset({InputKind.UV_LOCK, InputKind.PYLOCK})


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantIndex:
    """The index of one variant of PyTorch, asked for its family alone. `packages` are those that the project names."""

    url: str
    packages: tuple[NormalizedName, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceleratorChoice:
    """The answer of the first turn.

    `asked_by` is the setting's place, or that of a conda package; None where nobody chooses. `extras` are requirements
    that are added. `requests` are those that count on this platform. `is_loose`: versions are chosen by a resolver.
    """

    wish: AcceleratorWish
    asked_by: str | None
    is_setting: bool
    requests: tuple[AcceleratorRequest, ...]
    lines: tuple[RequirementLine, ...]
    path: str
    kind: InputKind
    is_loose: bool
    index: VariantIndex | None = None
    extras: tuple[str, ...] = ()

    @property
    def index_urls(self) -> tuple[str, ...]:
        """The address that packages come from besides the usual ones; it may hold a login."""
        return () if self.index is None else (self.index.url,)

    @property
    def identity(self) -> str:
        """What decides a resolution; empty where the choice changes nothing."""
        if not self.is_loose or self.asked_by is None:
            return ""
        return " ".join((str(self.wish), *self.extras, self.index.url if self.index else "")).strip()


def choose_accelerator(facts: Facts, python: PythonPlan | None, env: Mapping[str, str]) -> AcceleratorChoice | None:
    """The choice for a project; None where its dependencies, or its Python, are not known. `env`: the build's.

    Raises: AcceleratorContradicted, AcceleratorNotOffered.
    """
    dependencies, settings = facts.dependencies, facts.settings
    if dependencies is None or python is None:
        return None
    environment = python.interpreter.environment
    counting = tuple(request for request in facts.accelerators if _applies(request.marker, environment))
    requirements = dependencies.requirements
    lines = tuple(line for line in requirements.requirements if _applies(line.marker, environment))
    is_loose = isinstance(choose_method(dependencies), Loose) and not any(line.hashes for line in lines)
    wish, asked_by = settings.accelerator, settings.origin_of("accelerator")
    is_setting = wish.kind is not AcceleratorKind.AUTO and asked_by is not None
    if is_setting:
        _refuse_contradictions(wish, asked_by or SETTING, counting, dependencies)
    elif is_loose:
        wish, asked_by = _wish_of_conda(dependencies)
    choice = AcceleratorChoice(
        wish=wish,
        asked_by=asked_by if wish.kind is not AcceleratorKind.AUTO else None,
        is_setting=is_setting,
        requests=counting,
        lines=lines,
        path=dependencies.path,
        kind=dependencies.kind,
        is_loose=is_loose,
    )
    return _with_sources(choice, settings, has_index=asks_an_index(facts.indexes, requirements, env))


def _with_sources(choice: AcceleratorChoice, settings: Settings, *, has_index: bool) -> AcceleratorChoice:
    """The choice with where its packages come from, where a resolver chooses them and the project does not say."""
    if not choice.is_loose or choice.asked_by is None:
        return choice
    names = tuple(sorted({line.name for line in choice.lines if line.name in cuda_table.TORCH_FAMILY and not line.url}))
    variant = _variant(choice)
    # Whoever names an index of PyTorch, or an address of a file, has chosen.
    is_chosen = any(request.is_offer for request in choice.requests) or any(
        line.url and line.name in cuda_table.TORCH_FAMILY for line in choice.lines
    )
    index = None
    if variant is not None and has_index and not is_chosen:
        base = (settings.torch_mirror or cuda_table.TORCH_INDEX).rstrip("/")
        index = VariantIndex(url=f"{base}/{variant}", packages=tuple(name for name in names if name))
    return replace(choice, index=index, extras=_extras(choice))


def _variant(choice: AcceleratorChoice) -> str | None:
    """The name of PyTorch's index: `cpu`, `cu126`. None where any build will do."""
    wish = choice.wish
    if wish.kind is AcceleratorKind.CPU:
        return "cpu"
    if wish.cuda is None:
        return None
    line = next((line for line in choice.lines if line.name == "torch"), None)
    version = _pinned_version(line) if line is not None else None
    offered = cuda_table.torch_cuda_versions(version) if version else None
    if line is not None and offered is not None and not any(is_same_cuda(wish.cuda, cuda) for cuda in offered):
        if not choice.is_setting:
            # A conda environment may have had a build that PyTorch's own index does not have.
            return None
        raise _not_offered(choice, line, ("cpu", *(f"cu{cuda.replace('.', '')}" for cuda in offered)))
    cuda = wish.cuda if "." in wish.cuda else cuda_table.newest_torch_cuda(wish.cuda, version)
    return None if cuda is None else f"cu{cuda.replace('.', '')}"


def _extras(choice: AcceleratorChoice) -> tuple[str, ...]:
    if choice.wish.kind is not AcceleratorKind.CUDA:
        return ()
    found: list[str] = []
    asking = {request.package for request in choice.requests}
    for line in choice.lines:
        if line.name is None or not cuda_table.has_extra(line.name) or line.url or line.name in asking:
            continue
        extra = cuda_table.extra_for(line.name, choice.wish.cuda)
        if extra is None and choice.is_setting:
            raise _not_offered(choice, line, tuple(f"cuda{major}" for major in cuda_table.extra_majors(line.name)))
        found += () if extra is None else (f"{line.name}[{extra}]",)
    return tuple(dict.fromkeys(found))


def _not_offered(choice: AcceleratorChoice, line: RequirementLine, offered: tuple[str, ...]) -> AcceleratorNotOffered:
    return AcceleratorNotOffered(
        asked=str(choice.wish),
        asked_by=choice.asked_by or SETTING,
        package=line.name or line.text,
        line=Mistake(
            where=line.path, line=line.line, text=line.text, detail=f"It has no build for {choice.wish.name}."
        ),
        offered=offered,
    )


def _wish_of_conda(dependencies: Dependencies) -> tuple[AcceleratorWish, str | None]:
    """What a conda environment chooses besides its packages: `cpuonly`, or a version of CUDA."""
    choosing = [one for one in dependencies.accelerators if one.asks.kind is AcceleratorKind.CPU or one.asks.cuda]
    names = {line.name for line in dependencies.requirements.requirements}
    if not choosing or not names & cuda_table.TORCH_FAMILY:
        return AUTO, None
    return choosing[0].asks, choosing[0].place


def _refuse_contradictions(
    wish: AcceleratorWish, asked_by: str, requests: Iterable[AcceleratorRequest], dependencies: Dependencies
) -> None:
    """Nothing, where the lines of the project agree with the setting. Raises: AcceleratorContradicted."""
    counting = [one for one in requests if dependencies.kind not in _READ_AS_TEXT or one.path != dependencies.path]
    offers = [one for one in counting if one.is_offer]
    lines = [one for one in counting if not one.is_offer and one.asks.contradicts(wish) and _is_binding(one)]
    if offers and all(one.asks.contradicts(wish) for one in offers):
        lines += offers
    if lines:
        raise AcceleratorContradicted(
            asked=str(wish),
            asked_by=asked_by,
            lines=tuple(
                Mistake(where=one.path, line=one.line, text=one.text, detail=f"It asks for {one.asks.name}.")
                for one in lines
            ),
        )


def _is_binding(request: AcceleratorRequest) -> bool:
    """Whether the line decides for the image: `faiss-cpu` beside a torch that computes on a GPU does not."""
    return not (request.asks.kind is AcceleratorKind.CPU and (request.package or "").endswith("-cpu"))


def _pinned_version(line: RequirementLine) -> str | None:
    """The version of `torch==2.5.1`, without a local part; None for a line that leaves a choice."""
    written = line.text.partition(";")[0]
    position = min((written.find(mark) for mark in "<>=!~" if mark in written), default=-1)
    if position < 0:
        return None
    try:
        specifiers = list(SpecifierSet(written[position:].strip()))
    except InvalidSpecifier:
        return None
    exact = [one.version for one in specifiers if one.operator == "==" and not one.version.endswith(".*")]
    return exact[0].partition("+")[0] if exact else None


def _applies(marker: str | None, environment: Mapping[str, str]) -> bool:
    return marker is None or Marker(marker).evaluate(dict(environment))

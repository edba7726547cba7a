"""The build plan that detection hands to the lifecycle, as TOML. Source: buildpack.md of API 0.10, "Build Plan"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tomli_w


@dataclass(frozen=True, kw_only=True, slots=True)
class Require:
    """A need, met by whoever provides the same name. `metadata` is free-form."""

    name: str
    metadata: Mapping[str, str | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanAlternative:
    """One way in which this buildpack can take part in a build."""

    provides: tuple[str, ...] = ()
    requires: tuple[Require, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPlan:
    """The alternatives, best first: the lifecycle takes the first that works with the other buildpacks."""

    alternatives: tuple[PlanAlternative, ...]

    def to_toml(self) -> str:
        """The text for the file at CNB_BUILD_PLAN_PATH."""
        first, *others = self.alternatives
        document = _alternative(first)
        if others:
            document["or"] = [_alternative(other) for other in others]
        return tomli_w.dumps(document)


def _alternative(alternative: PlanAlternative) -> dict[str, Any]:
    return {
        "provides": [{"name": name} for name in alternative.provides],
        "requires": [
            {"name": require.name, **({"metadata": dict(require.metadata)} if require.metadata else {})}
            for require in alternative.requires
        ],
    }

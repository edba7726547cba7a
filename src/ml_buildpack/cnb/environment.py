"""Variables that the lifecycle promises, and what bin/detect needs of them. Light: detection starts before every build.

Source: buildpack.md of API 0.10, "Buildpack Interface".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectContext:
    """Everything detection may look at. `env` is the whole environment, with the user's variables in it."""

    app_dir: Path
    build_plan_path: Path
    env: Mapping[str, str]


def read_detect_context(env: Mapping[str, str], app_dir: Path) -> DetectContext:
    """The context of bin/detect. Raises: PlatformContractBroken."""
    return DetectContext(
        app_dir=app_dir,
        build_plan_path=Path(required(env, "CNB_BUILD_PLAN_PATH")),
        env=without_line_ends(env),
    )


def without_line_ends(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without the newline that ends a variable's file on most platforms and is kept verbatim."""
    return {name: value.rstrip("\r\n") for name, value in env.items()}


def required(env: Mapping[str, str], name: str) -> str:
    """The value of a variable that the platform must set. Raises: PlatformContractBroken."""
    value = env.get(name)
    if not value:
        # The catalogue of errors takes a third of detection's time to import, and nearly no detection needs it.
        from ml_buildpack.errors import PlatformContractBroken  # noqa: PLC0415

        raise PlatformContractBroken(missing=name)
    return value

"""Variables of the contract, and what bin/detect knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.cnb.environment import DetectContext, read_detect_context, required, without_line_ends
from ml_buildpack.errors import PlatformContractBroken


def test_detection_knows_the_app_the_plan_and_the_environment() -> None:
    """The positional arguments are not needed."""
    env = {"CNB_BUILD_PLAN_PATH": "/plan/plan.toml", "BP_RESOLVER": "uv\n"}

    assert DetectContext(
        app_dir=Path("/workspace"),
        build_plan_path=Path("/plan/plan.toml"),
        env={"CNB_BUILD_PLAN_PATH": "/plan/plan.toml", "BP_RESOLVER": "uv"},
    ) == read_detect_context(env, Path("/workspace"))


def test_detection_without_a_plan_path_is_the_platforms_fault() -> None:
    """There would be nowhere to write the plan."""
    with pytest.raises(PlatformContractBroken) as broken:
        read_detect_context({}, Path("/workspace"))

    assert "CNB_BUILD_PLAN_PATH" == broken.value.missing


def test_line_ends_of_variable_files_are_no_part_of_the_value() -> None:
    """Only those at the end: a certificate in a variable keeps its lines, and spaces may be meant."""
    env = {"A": "1\n", "B": "2\r\n", "C": "a\nb\n", "D": " x ", "E": "\n"}

    assert {"A": "1", "B": "2", "C": "a\nb", "D": " x ", "E": ""} == without_line_ends(env)


def test_a_variable_that_is_there_is_taken_as_it_is() -> None:
    """Paths may end in anything."""
    assert "/layers /x" == required({"CNB_LAYERS_DIR": "/layers /x"}, "CNB_LAYERS_DIR")

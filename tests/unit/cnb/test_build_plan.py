"""The build plan as the lifecycle reads it."""

from __future__ import annotations

import pytest
import tomli

from ml_buildpack.cnb.build_plan import BuildPlan, PlanAlternative, Require

ALONE = PlanAlternative(provides=("own",), requires=(Require(name="own"),))


def test_a_plan_with_one_alternative_has_no_or() -> None:
    """What a buildpack provides and requires itself lets it stand alone."""
    assert {"provides": [{"name": "own"}], "requires": [{"name": "own"}]} == tomli.loads(
        BuildPlan(alternatives=(ALONE,)).to_toml()
    )


def test_alternatives_keep_their_order() -> None:
    """The lifecycle takes the first that works: the top of the file, then each `or`."""
    with_python = PlanAlternative(
        provides=("own",),
        requires=(Require(name="own"), Require(name="cpython", metadata={"launch": True, "version": "3.12"})),
    )
    last = PlanAlternative(provides=("other",))

    assert {
        "provides": [{"name": "own"}],
        "requires": [{"name": "own"}, {"name": "cpython", "metadata": {"launch": True, "version": "3.12"}}],
        "or": [
            {"provides": [{"name": "own"}], "requires": [{"name": "own"}]},
            {"provides": [{"name": "other"}], "requires": []},
        ],
    } == tomli.loads(BuildPlan(alternatives=(with_python, ALONE, last)).to_toml())


def test_a_requirement_without_metadata_has_no_table_for_it() -> None:
    """An empty table would be passed on to other buildpacks as if it meant something."""
    assert "metadata" not in BuildPlan(alternatives=(ALONE,)).to_toml()


def test_names_and_values_are_escaped() -> None:
    """A quote in a value must not end the string."""
    require = Require(name='a"b', metadata={"why": "line\nend"})

    plan = tomli.loads(BuildPlan(alternatives=(PlanAlternative(requires=(require,)),)).to_toml())

    assert [{"name": 'a"b', "metadata": {"why": "line\nend"}}] == plan["requires"]


def test_a_plan_without_alternatives_is_a_mistake_of_ours() -> None:
    """An empty plan is one empty alternative, not none."""
    with pytest.raises(ValueError, match="not enough values"):
        BuildPlan(alternatives=()).to_toml()

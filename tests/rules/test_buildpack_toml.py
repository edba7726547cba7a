"""buildpack.toml says only what every platform can read, and the same as pyproject.toml."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import tomli

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def descriptor() -> dict[str, Any]:
    """The parsed buildpack.toml of the checkout."""
    return tomli.loads((ROOT / "buildpack.toml").read_text())


def test_only_keys_of_the_specification_are_used(descriptor: dict[str, Any]) -> None:
    """Pack warns of unknown keys; `order` would make it a composite, `exec-env` makes lifecycles fail to read it."""
    unknown = {
        "": sorted(set(descriptor) - {"api", "buildpack", "targets", "stacks", "metadata"}),
        "buildpack": sorted(
            set(descriptor["buildpack"])
            - {"id", "name", "version", "homepage", "description", "keywords", "clear-env", "sbom-formats", "licenses"},
        ),
        "licenses": sorted({key for entry in descriptor["buildpack"]["licenses"] for key in entry} - {"type", "uri"}),
    }

    assert {"": [], "buildpack": [], "licenses": []} == unknown


def test_targets_are_both_architectures_and_nothing_narrower(descriptor: dict[str, Any]) -> None:
    """No distribution, so Cloud Foundry stages too; no variant, whose key pack and lifecycle spell differently."""
    expected = [{"os": "linux", "arch": "amd64"}, {"os": "linux", "arch": "arm64"}]

    assert expected == descriptor["targets"]


def test_any_stack_will_do_for_platforms_that_know_only_stacks(descriptor: dict[str, Any]) -> None:
    """Old kpack and pack refuse a buildpack without stacks."""
    assert [{"id": "*"}] == descriptor["stacks"]


def test_api_is_the_one_every_supported_lifecycle_reads(descriptor: dict[str, Any]) -> None:
    """0.10 brought targets; lifecycles before 0.20 refuse a later one."""
    assert descriptor["api"] == "0.10"


def test_id_and_version_have_the_form_of_the_specification(descriptor: dict[str, Any]) -> None:
    """Letters, digits, dots, slashes and hyphens; three numbers without leading zeros."""
    buildpack = descriptor["buildpack"]

    assert re.fullmatch(r"[A-Za-z0-9./-]+", buildpack["id"])
    assert buildpack["id"] not in {"app", "config", "generated", "sbom"}
    assert re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", buildpack["version"])


def test_sbom_formats_are_the_one_we_write(descriptor: dict[str, Any]) -> None:
    """A build whose SBOM has another media type fails."""
    assert descriptor["buildpack"]["sbom-formats"] == ["application/vnd.cyclonedx+json"]


def test_pyproject_says_the_same_version_and_licence(descriptor: dict[str, Any]) -> None:
    """One release has one number."""
    project = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]
    described = (descriptor["buildpack"]["version"], [entry["type"] for entry in descriptor["buildpack"]["licenses"]])

    assert (project["version"], [project["license"]]) == described

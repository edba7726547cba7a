"""What the lifecycle gives, read into values: variables, the target, and what it restored."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ml_buildpack.cnb.context import (
    BuildContext,
    Target,
    read_build_context,
    read_restored_layers,
)
from ml_buildpack.cnb.layer import Absent, MetadataOnly, Present, layer_name
from ml_buildpack.errors import PlatformContractBroken

VENV = layer_name("venv")


def build_env(tmp_path: Path, **more: str) -> dict[str, str]:
    """The variables of a build, with a layers directory that exists."""
    layers = tmp_path / "layers"
    layers.mkdir(exist_ok=True)
    return {
        "CNB_LAYERS_DIR": str(layers),
        "CNB_PLATFORM_DIR": "/platform",
        "CNB_BUILDPACK_DIR": "/cnb/buildpacks/x",
        "CNB_TARGET_OS": "linux",
        "CNB_TARGET_ARCH": "amd64",
        **more,
    }


def test_a_build_knows_everything_it_is_given(tmp_path: Path) -> None:
    """The whole context, from variables and the layers directory."""
    env = build_env(tmp_path, CNB_TARGET_DISTRO_NAME="debian", CNB_TARGET_DISTRO_VERSION="13")

    assert BuildContext(
        app_dir=Path("/workspace"),
        layers_dir=tmp_path / "layers",
        platform_dir=Path("/platform"),
        buildpack_dir=Path("/cnb/buildpacks/x"),
        target=Target(os="linux", arch="amd64", distro_name="debian", distro_version="13"),
        env=env,
        restored_layers={},
    ) == read_build_context(env, Path("/workspace"))


@pytest.mark.parametrize("name", ["CNB_LAYERS_DIR", "CNB_PLATFORM_DIR", "CNB_BUILDPACK_DIR"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_platform_that_breaks_its_promise_is_named(tmp_path: Path, name: str, value: str | None) -> None:
    """Absent and empty are the same: some platforms drop empty values, some pass them on."""
    env = build_env(tmp_path)
    del env[name]
    if value is not None:
        env[name] = value

    with pytest.raises(PlatformContractBroken) as broken:
        read_build_context(env, tmp_path)

    assert name == broken.value.missing


@pytest.mark.parametrize(
    ("given", "expected"),
    [("amd64", "amd64"), ("arm64", "arm64"), ("x86_64", "amd64"), ("aarch64", "arm64"), ("s390x", "s390x")],
)
def test_the_machines_own_spelling_becomes_gos(tmp_path: Path, given: str, expected: str) -> None:
    """Shipwright's strategy for Heroku exports x86_64."""
    env = build_env(tmp_path, CNB_TARGET_ARCH=given)

    assert Target(os="linux", arch=expected) == read_build_context(env, tmp_path).target


def test_an_old_platform_without_target_means_this_machine(tmp_path: Path) -> None:
    """Buildpack API 0.9 and older lifecycles say nothing."""
    env = build_env(tmp_path)
    del env["CNB_TARGET_OS"], env["CNB_TARGET_ARCH"]
    arch = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)

    assert Target(os="linux", arch=arch) == read_build_context(env, tmp_path).target


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (Target(os="linux", arch="amd64"), "linux/amd64"),
        (Target(os="linux", arch="arm64", distro_name="debian", distro_version="13"), "linux/arm64 debian 13"),
    ],
)
def test_a_target_reads_well(target: Target, text: str) -> None:
    """It is a part of fingerprints and of log lines."""
    assert text == str(target)


def test_what_was_restored_is_one_of_three(tmp_path: Path) -> None:
    """A file alone does not prove that the directory came back; a directory alone means nothing."""
    (tmp_path / "venv.toml").write_text('[metadata]\nlock = "sha256:1"\n')
    (tmp_path / "wheels.toml").write_text('[metadata]\nschema = "1"\n')
    (tmp_path / "wheels").mkdir()
    (tmp_path / "stray").mkdir()

    assert {
        "venv": MetadataOnly(metadata={"lock": "sha256:1"}),
        "wheels": Present(metadata={"schema": "1"}, path=tmp_path / "wheels"),
    } == read_restored_layers(tmp_path)


def test_a_file_where_a_layer_should_be_is_no_layer(tmp_path: Path) -> None:
    """Only a directory has contents."""
    (tmp_path / "venv.toml").write_text("[metadata]\n")
    (tmp_path / "venv").write_text("")

    assert {"venv": MetadataOnly(metadata={})} == read_restored_layers(tmp_path)


def test_the_contracts_own_files_are_no_layers(tmp_path: Path) -> None:
    """store.toml is restored from the previous image; the other two could be there in a test only."""
    for name in ("build", "launch", "store"):
        (tmp_path / f"{name}.toml").write_text("[metadata]\n")

    assert {} == read_restored_layers(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[metadata", id="not TOML"),
        pytest.param(b'[metadata]\nk = "\xff"\n', id="not UTF-8"),
        pytest.param(b"[metadata]\nn = 7.0\n", id="numbers, as an older release may have written"),
        pytest.param(b"metadata = 'text'\n", id="not a table"),
    ],
)
def test_metadata_that_cannot_be_used_means_nothing_was_restored(tmp_path: Path, content: bytes) -> None:
    """The layer is then made anew; a build never fails on what another build left."""
    (tmp_path / "venv.toml").write_bytes(content)

    assert {} == read_restored_layers(tmp_path)


def test_a_metadata_file_without_metadata_was_restored(tmp_path: Path) -> None:
    """None, empty and broken are three things."""
    (tmp_path / "venv.toml").write_text("")

    assert {"venv": MetadataOnly(metadata={})} == read_restored_layers(tmp_path)


def test_a_layer_that_was_not_restored_is_absent(tmp_path: Path) -> None:
    """Asking for any name has an answer."""
    context = read_build_context(build_env(tmp_path), tmp_path)

    assert Absent() == context.restored(VENV)

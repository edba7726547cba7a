"""Layers as values: what decides that one is kept, and what the running image gets from it."""

from __future__ import annotations

from ml_buildpack.cnb.layer import EnvAction, EnvEntry, LayerTypes
from ml_buildpack.plan.layers import (
    CUDA,
    HEAVY,
    LAYER_SCHEMA,
    LOCK,
    PYTHON,
    SERVER,
    VENV,
    WHEELS,
    LayerPlan,
    PackageGroup,
    PackagesContent,
    PythonContent,
    ServerContent,
    plan_package_layer,
    plan_python_layer,
    plan_server_layer,
)
from support.build_values import PYTHON_3_12, TARGET, lock_of, locked

LAUNCH_ONLY = LayerTypes(launch=True)


def test_commands_of_the_environment_come_first_on_path() -> None:
    """Within a buildpack the alphabetically last layer comes first: names are part of the design."""
    assert max(CUDA, HEAVY, PYTHON) < VENV
    assert ["cuda", "heavy", "lock", "python", "server", "venv", "wheels"] == sorted(
        [CUDA, HEAVY, LOCK, PYTHON, SERVER, VENV, WHEELS]
    )


def test_python_layer_is_known_by_its_very_build() -> None:
    """The same version from another compiler is another interpreter."""
    expected = LayerPlan(
        name=PYTHON,
        content=PythonContent(source="/bp/python"),
        metadata={"schema": LAYER_SCHEMA, "target": "linux/amd64 debian 13", "python": "3.12.4 built by me"},
        types=LAUNCH_ONLY,
    )

    assert expected == plan_python_layer(PYTHON_3_12, source="/bp/python", identity="built by me", target=TARGET)


def test_server_layer_is_known_by_our_own_files() -> None:
    """And by the interpreter that its helper starts with."""
    expected = LayerPlan(
        name=SERVER,
        content=ServerContent(interpreter_path="/usr/bin/python3.12", compiled=True),
        metadata={"schema": LAYER_SCHEMA, "server": "s1", "python": "/usr/bin/python3.12", "bytecode": "for 3.12"},
        types=LAUNCH_ONLY,
    )

    assert expected == plan_server_layer(PYTHON_3_12, sources_digest="s1")


def test_venv_layer_is_known_by_its_lock_and_place() -> None:
    """Its scripts name its own path, and its Python finds the packages beside it."""
    lock = lock_of(locked("flask"))
    group = PackageGroup(layer=VENV, digest=lock.digest, lock=lock)

    layer = plan_package_layer(
        group, PYTHON_3_12, layers=(CUDA, HEAVY, VENV), trees="pkg=1", layers_dir="/layers/x", target=TARGET
    )

    expected = LayerPlan(
        name=VENV,
        content=PackagesContent(interpreter=PYTHON_3_12, group=group, beside=(CUDA, HEAVY)),
        metadata={
            "schema": LAYER_SCHEMA,
            "target": "linux/amd64 debian 13",
            "python": "3.12.4 /usr/bin/python3.12",
            "layers_dir": "/layers/x",
            "trees": "pkg=1",
            "beside": "cuda heavy",
            "lock": lock.digest,
        },
        env=(
            EnvEntry(name="VIRTUAL_ENV", value="/layers/x/venv", action=EnvAction.OVERRIDE),
            EnvEntry(name="PYTHONUNBUFFERED", value="1"),
            EnvEntry(name="PYTHONDONTWRITEBYTECODE", value="1"),
            EnvEntry(name="LC_ALL", value="C.UTF-8"),
        ),
        types=LAUNCH_ONLY,
    )
    assert expected == layer


def test_heavy_layer_serves_every_patch_release_of_its_python() -> None:
    """Neither that nor a local tree makes gigabytes anew; it sets no variables."""
    lock = lock_of(locked("torch"))
    group = PackageGroup(layer=HEAVY, digest=lock.digest, lock=lock)

    layer = plan_package_layer(
        group, PYTHON_3_12, layers=(HEAVY, VENV), trees="pkg=1", layers_dir="/layers/x", target=TARGET
    )

    expected = LayerPlan(
        name=HEAVY,
        content=PackagesContent(interpreter=PYTHON_3_12, group=group, beside=(VENV,)),
        metadata={
            "schema": LAYER_SCHEMA,
            "target": "linux/amd64 debian 13",
            "python": "3.12",
            "layers_dir": "/layers/x",
            "beside": "venv",
            "lock": lock.digest,
        },
        types=LAUNCH_ONLY,
    )
    assert expected == layer

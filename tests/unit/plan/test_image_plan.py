"""The image as one value that can be printed and compared."""

from __future__ import annotations

import json

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.cnb.launch import LaunchToml, Process
from ml_buildpack.lock import Lock, LockedDirectory
from ml_buildpack.plan.accelerator import Accelerator, Part
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.layers import LAYER_SCHEMA, plan_server_layer
from support.build_values import PYTHON_3_12, lock_of, locked

TRITON = Part(name=canonicalize_name("triton"), version="3.5.1", size_bytes=7)
LOCK = lock_of(locked("flask", "3.1"), locked("own", None, LockedDirectory(path=".", editable=True)))


@pytest.mark.parametrize(("lock", "packages"), [(LOCK, ["flask==3.1", "own"]), (None, None)])
def test_plan_is_json(lock: Lock | None, packages: list[str] | None) -> None:
    """Layers with what decides their contents, processes as they are started, packages where the lock is there."""
    process = Process(type="web", command=("python", "-m", "x"), args=("--a",), default=True)
    plan = ImagePlan(
        layers=(plan_server_layer(PYTHON_3_12, sources_digest="s1"),),
        launch=LaunchToml(processes=(process,)),
        lock=lock,
        accelerator=Accelerator(cuda="12.8", evidence=("torch 2.9.1",), parts=(TRITON,)),
    )

    expected = {
        "layers": [
            {
                "name": "server",
                "metadata": {
                    "schema": LAYER_SCHEMA,
                    "server": "s1",
                    "python": "/usr/bin/python3.12",
                    "bytecode": "for 3.12",
                },
            },
        ],
        "processes": [{"type": "web", "command": ["python", "-m", "x", "--a"], "default": True}],
        "accelerator": {
            "cuda": "12.8",
            "asked": False,
            "evidence": ["torch 2.9.1"],
            "packages": ["triton==3.5.1"],
            "size_bytes": 7,
        },
        "slices": [],
        "packages": packages,
    }
    assert expected == json.loads(json.dumps(plan.to_json()))

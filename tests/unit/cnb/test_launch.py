"""launch.toml as the lifecycle reads it."""

from __future__ import annotations

import tomli

from ml_buildpack.cnb.launch import Label, LaunchToml, Process, Slice


def test_an_image_that_launches_nothing_has_an_empty_file() -> None:
    """No table is written that says nothing."""
    assert "" == LaunchToml().to_toml()


def test_processes_labels_and_slices_are_written_in_their_order() -> None:
    """The first slice that matches a file wins, so order is meaning."""
    launch = LaunchToml(
        processes=(
            Process(type="web", command=("python", "-m", "x"), args=("--port", "80"), default=True),
            Process(type="worker", command=("python", "-c", 'print("hi")')),
        ),
        labels=(Label(key="org.opencontainers.image.title", value="Iris ✿"),),
        slices=(Slice(paths=("models/*",)), Slice(paths=("static", "data"))),
    )

    assert {
        "processes": [
            {"type": "web", "command": ["python", "-m", "x"], "args": ["--port", "80"], "default": True},
            {"type": "worker", "command": ["python", "-c", 'print("hi")'], "args": [], "default": False},
        ],
        "labels": [{"key": "org.opencontainers.image.title", "value": "Iris ✿"}],
        "slices": [{"paths": ["models/*"]}, {"paths": ["static", "data"]}],
    } == tomli.loads(launch.to_toml())


def test_a_command_is_a_list_and_direct_is_not_written() -> None:
    """Both other forms are refused since API 0.9."""
    text = LaunchToml(processes=(Process(type="web", command=("python",)),)).to_toml()

    (process,) = tomli.loads(text)["processes"]
    assert ["python"] == process["command"]
    assert "direct" not in process

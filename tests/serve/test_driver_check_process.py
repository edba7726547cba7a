"""The check of the driver as the launcher runs it: a script by its shebang, on the files of a machine in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.running_server import SOURCE

# The two forms that NVIDIA's modules write.
PROPRIETARY = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  {}  Wed Oct 25 04:25:30 UTC 2023\nGCC version: 12\n"
OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {}  Release Build  (dvs-builder@U22)\nGCC version: 12\n"
)
NEEDS = {"cuda": "12.6", "driver": "525.60.13", "toolkit": "560.28.03", "asked": "yes"}
LIBRARIES = "usr/lib/x86_64-linux-gnu"
TOO_OLD = (
    "which needs 525.60.13 or newer: update the driver of the machine, or build the image for an older CUDA with "
    "BP_ACCELERATOR"
)
OLDER = "which CUDA 12.6 came with: this image runs on it, except for code that the driver itself has to compile (PTX)"
GIVEN_NONE = "the machine has the NVIDIA driver 560.28.03, but the container was given none of it"
ON_CPU = "the model runs on the CPU, or not at all"
HOW = "docker run --gpus all, or in Kubernetes the limit nvidia.com/gpu: 1"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A layer with the check, and the files that it looks at."""

    layer: Path
    root: Path

    def needs(self, **needs: str) -> None:
        """What the image needs."""
        text = "".join(f"{name} {value}\n" for name, value in {**NEEDS, **needs}.items())
        (self.layer / "needs.txt").write_text(text)

    def driver(self, version: str, form: str = PROPRIETARY) -> None:
        """The kernel's module."""
        path = self.root / "proc/driver/nvidia/version"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(form.format(version))

    def library(self, version: str, folder: str = LIBRARIES) -> None:
        """The driver's library, as the container's runtime puts it."""
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / folder / f"libcuda.so.{version}").touch()
        (self.root / folder / "libcuda.so.1").symlink_to(f"libcuda.so.{version}")

    def check(self, env: Mapping[str, str] | None = None) -> str:
        """What the check says; it gives no variables, and never fails."""
        read_end, write_end = os.pipe()

        def give_descriptor() -> None:
            os.dup2(write_end, 3)

        process = subprocess.Popen(
            (str(self.layer / "exec.d" / "check-driver"), str(self.root)),
            env={"PATH": "/nowhere", **(env or {})},
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(3,),
            preexec_fn=give_descriptor,  # noqa: PLW1509 (there are no threads here)
        )
        os.close(write_end)
        with os.fdopen(read_end, encoding="utf-8") as pipe:
            variables = pipe.read()
        _, stderr = process.communicate(timeout=30)
        assert (0, "") == (process.returncode, variables)
        return stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An image that needs CUDA 12.6, on a machine without a GPU."""
    script = tmp_path / "layer" / "exec.d" / "check-driver"
    script.parent.mkdir(parents=True)
    source = (SOURCE / "model_server" / "driver_check.py").read_text()
    script.write_text(f"#!{Path(sys.executable).resolve()} -ISB\n{source}")
    script.chmod(0o755)
    machine = Machine(layer=tmp_path / "layer", root=tmp_path / "machine")
    machine.needs()
    return machine


@pytest.mark.parametrize("form", [PROPRIETARY, OPEN], ids=["proprietary", "open"])
@pytest.mark.parametrize(
    ("driver", "says"),
    [
        (
            "470.82.01",
            f"model_server: the NVIDIA driver 470.82.01 is too old for this image's CUDA 12.6, {TOO_OLD}\n",
        ),
        (
            "535.129.03",
            f"model_server: the NVIDIA driver 535.129.03 is older than 560.28.03, {OLDER}\n",
        ),
        ("560.28.03", ""),
        ("580.65.06", ""),
    ],
)
def test_driver_is_compared_with_what_the_wheels_need(machine: Machine, driver: str, form: str, says: str) -> None:
    """One line before a stack trace; none where everything fits."""
    machine.driver(driver, form)
    machine.library(driver)

    assert says == machine.check()


def test_newer_library_on_an_older_kernel_counts_by_itself(machine: Machine) -> None:
    """NVIDIA's forward compatibility, found as the dynamic linker finds it."""
    machine.driver("470.82.01")
    machine.library("470.82.01")
    machine.library("560.35.05", "usr/local/cuda/compat")

    assert "" == machine.check({"LD_LIBRARY_PATH": "/nowhere:/usr/local/cuda/compat"})
    assert "too old" in machine.check()


def test_only_a_major_version_is_compared_with_its_first_driver(machine: Machine) -> None:
    """No more is known of `cupy-cuda12x`."""
    (machine.layer / "needs.txt").write_text("cuda 12\ndriver 525.60.13\nasked yes\n")
    machine.driver("525.60.13")
    machine.library("525.60.13")

    assert "" == machine.check()


@pytest.mark.parametrize(
    ("driver", "env", "why"),
    [
        (None, {}, f"there is no NVIDIA driver here ({HOW})"),
        ("560.28.03", {}, f"{GIVEN_NONE} ({HOW})"),
        ("560.28.03", {"NVIDIA_VISIBLE_DEVICES": "void"}, "NVIDIA_VISIBLE_DEVICES=void hides every GPU"),
        (
            "560.28.03",
            {"NVIDIA_VISIBLE_DEVICES": "all", "NVIDIA_DRIVER_CAPABILITIES": "utility,video"},
            "NVIDIA_DRIVER_CAPABILITIES=utility,video leaves compute out",
        ),
    ],
)  # fmt: skip
def test_missing_driver_is_told_where_a_gpu_was_asked_for(
    machine: Machine, driver: str | None, env: dict[str, str], why: str
) -> None:
    """With the reason, as far as it can be seen from inside; where nobody asked, a CPU is what is meant."""
    if driver is not None:
        machine.driver(driver)
    asked = machine.check(env)
    machine.needs(asked="no")

    assert f"model_server: this image is built for CUDA 12.6, and {why}: {ON_CPU}\n" == asked
    assert "" == machine.check(env)


@pytest.mark.parametrize("devices", ["", "-1"])
def test_who_hides_the_devices_wants_a_cpu(machine: Machine, devices: str) -> None:
    """CUDA's own variable is set on purpose."""
    assert "" == machine.check({"CUDA_VISIBLE_DEVICES": devices})


def test_library_that_names_no_version_is_believed(machine: Machine) -> None:
    """On WSL 2 there is no kernel module, and the library is no link."""
    folder = machine.root / "usr/lib/wsl/lib"
    folder.mkdir(parents=True)
    (folder / "libcuda.so.1").touch()

    assert "" == machine.check()


@pytest.mark.parametrize("broken", ["", "cuda\n", "no pairs at all"])
def test_check_that_cannot_work_stops_nothing(machine: Machine, broken: str) -> None:
    """The launcher would stop the container."""
    (machine.layer / "needs.txt").write_text(broken)
    machine.driver("garbage")

    assert machine.check().count("\n") <= 1


def test_check_is_quick(machine: Machine) -> None:
    """It runs before every process: 50 ms at most, the interpreter's own start included."""
    machine.driver("535.129.03")
    machine.library("535.129.03")
    times = []
    for _ in range(9):
        began_s = time.perf_counter()
        machine.check()
        times.append(time.perf_counter() - began_s)

    assert min(times) < 0.05

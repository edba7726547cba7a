"""Says in one line that the machine's NVIDIA driver does not fit what this image was built with, before a stack trace.

Installed by the buildpack as `exec.d/check-driver` of a layer that only images with CUDA have, a plain script whose
first line is `#!<the app's base Python> -ISB`; what the image needs stands in the layer's `needs.txt`, as lines of a
name and a value. The lifecycle's launcher runs it before every process and stops the container when it fails, so it
never does: it gives no variables, imports nothing that costs, and ends with exit code 0 whatever happens. It loads no
library of NVIDIA's: what is asked is in files.

Source: Buildpack API 0.10, "Exec.d"; NVIDIA, "CUDA Compatibility"; the environment variables of NVIDIA's container
toolkit.
"""

from __future__ import annotations

import os
import sys

TOML_FD = 3
STDERR_FD = 2
KERNEL_DRIVER = "/proc/driver/nvidia/version"
LIBRARY = "libcuda.so.1"
# Where container runtimes put the driver's library: NVIDIA's toolkit on Debian and on Red Hat, GKE, and WSL 2.
LIBRARY_DIRECTORIES = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/usr/lib/wsl/lib",
)
HOW_TO_GIVE_ONE = "docker run --gpus all, or in Kubernetes the limit nvidia.com/gpu: 1"


def main() -> None:
    """Say what does not fit, if anything. Never returns; the exit code is 0, whatever happens."""
    try:
        close_variables()
        root = sys.argv[1] if len(sys.argv) > 1 else ""
        layer = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))  # noqa: PTH100, PTH120
        needs = parse_needs(read_text(layer + "/needs.txt"))
        sentence = find_trouble(needs, dict(os.environ), root)
        if sentence:
            say("model_server: " + sentence)
    except Exception as error:  # noqa: BLE001 (a failing helper is a container that never starts)
        say(f"model_server: the driver was not checked: {type(error).__name__}: {error}")
    # Not sys.exit: flushing a closed stderr at exit would turn the exit code into 120.
    os._exit(0)


def parse_needs(text: str) -> dict[str, str]:
    """Names and values, one pair on each line."""
    pairs = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return {name: value.strip() for name, _, value in pairs}


def find_trouble(needs: dict[str, str], environ: dict[str, str], root: str = "") -> str | None:
    """One sentence on what does not fit; None where nothing is wrong, or the user wants no GPU.

    `needs`: `cuda` is the image's version, `driver` the oldest on which it runs at all, `toolkit` the one from which on
    all of it does, `asked` is `yes` where somebody wants a GPU. `root` is put in front of every path.
    """
    if environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1"}:
        return None
    cuda = "CUDA " + needs["cuda"]
    kernel = parse_driver(read_text(root + KERNEL_DRIVER))
    library = find_library(environ, root)
    if library is None:
        return explain_missing(cuda, kernel, environ) if needs.get("asked") == "yes" else None
    # NVIDIA's forward compatibility: a newer library, made for it, on an older driver of the kernel.
    versions = [version for version in (kernel, version_of_library(library)) if version]
    driver = max(versions, key=numbers_of, default="")
    if not driver:
        return None
    oldest, whole = needs.get("driver", ""), needs.get("toolkit", "")
    if oldest and numbers_of(driver) < numbers_of(oldest):
        return (
            f"the NVIDIA driver {driver} is too old for this image's {cuda}, which needs {oldest} or newer: update the "
            "driver of the machine, or build the image for an older CUDA with BP_ACCELERATOR"
        )
    if whole and numbers_of(driver) < numbers_of(whole):
        return (
            f"the NVIDIA driver {driver} is older than {whole}, which {cuda} came with: this image runs on it, except "
            "for code that the driver itself has to compile (PTX)"
        )
    return None


def explain_missing(cuda: str, kernel: str, environ: dict[str, str]) -> str:
    """Why the driver's library may not be there, as far as it can be seen from inside."""
    devices = environ.get("NVIDIA_VISIBLE_DEVICES")
    capabilities = environ.get("NVIDIA_DRIVER_CAPABILITIES", "")
    if devices is not None and devices.strip() in {"", "none", "void"}:
        why = f"NVIDIA_VISIBLE_DEVICES={devices} hides every GPU"
    elif capabilities and not {"all", "compute"} & set(capabilities.replace(" ", "").split(",")):
        why = f"NVIDIA_DRIVER_CAPABILITIES={capabilities} leaves compute out"
    elif kernel:
        why = f"the machine has the NVIDIA driver {kernel}, but the container was given none of it ({HOW_TO_GIVE_ONE})"
    else:
        why = f"there is no NVIDIA driver here ({HOW_TO_GIVE_ONE})"
    return f"this image is built for {cuda}, and {why}: the model runs on the CPU, or not at all"


def parse_driver(text: str) -> str:
    """`535.129.03` of what the kernel's module says; empty for anything else."""
    first = text.partition("\n")[0].replace("  ", " ").split()
    return next((word for word in first if is_version(word)), "")


def find_library(environ: dict[str, str], root: str) -> str | None:
    """Where the driver's library lies, as the dynamic linker would find it, links followed."""
    listed = [path for path in environ.get("LD_LIBRARY_PATH", "").split(":") if path]
    for directory in (*listed, *LIBRARY_DIRECTORIES):
        path = f"{root}{directory}/{LIBRARY}"
        if os.path.exists(path):  # noqa: PTH110 (pathlib costs 5 ms)
            return os.path.realpath(path)
    return None


def version_of_library(path: str) -> str:
    """`580.65.06` of `…/libcuda.so.580.65.06`; empty where the name does not say it."""
    version = path.rpartition("libcuda.so.")[2]
    return version if is_version(version) else ""


def is_version(word: str) -> bool:
    """Whether this is a driver's version: two or three numbers."""
    parts = word.split(".")
    return len(parts) in {2, 3} and all(part.isascii() and part.isdigit() for part in parts) and len(parts[0]) > 1


def numbers_of(version: str) -> list[int]:
    """The version for comparison."""
    return [int(part) for part in version.split(".")]


def read_text(path: str) -> str:
    """The beginning of a small file; empty if it cannot be read."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 (pathlib costs 5 ms)
            return file.read(4096)
    except OSError:
        return ""


def close_variables() -> None:
    """No variables: the launcher waits for the end of that file."""
    try:  # noqa: SIM105 (contextlib costs 6 ms)
        os.close(TOML_FD)
    except OSError:
        pass


def say(line: str) -> None:
    """One line on stderr, which may be closed."""
    try:  # noqa: SIM105 (contextlib costs 6 ms)
        os.write(STDERR_FD, (line.replace("\n", " ") + "\n").encode("utf-8", "replace"))
    except OSError:
        pass


if __name__ == "__main__":
    main()

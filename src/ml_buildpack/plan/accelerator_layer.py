"""The layer that only an image with CUDA has: the check of the driver, and where CUDA's libraries are looked for. Pure.

The driver itself is never packaged: the container's runtime brings the machine's own.
"""

from __future__ import annotations

from ml_buildpack.cnb.layer import Absent, EnvAction, EnvEntry, LayerName, RestoredLayer
from ml_buildpack.plan import cuda_table
from ml_buildpack.plan.accelerator import CUDA_KEY, Accelerator
from ml_buildpack.plan.interpreter import Interpreter
from ml_buildpack.plan.layers import ACCELERATOR, LAYER_SCHEMA, AcceleratorContent, LayerPlan, PackageGroup

LIBRARIES_KEY = "libraries"


def plan_accelerator_layer(
    accelerator: Accelerator,
    interpreter: Interpreter,
    *,
    groups: tuple[PackageGroup, ...],
    restored: RestoredLayer,
    check_digest: str,
    layers_dir: str,
) -> LayerPlan | None:
    """The layer; None for an image that computes on a CPU. `check_digest` identifies our own program.

    `groups` are the packages of each layer. `restored` says where libraries are looked for while the lock is not known.
    """
    if accelerator.cuda is None:
        return None
    if all(group.lock is not None for group in groups):
        folders = library_folders(groups)
        libraries = ":".join(
            f"{layers_dir}/{layer}/lib/python{interpreter.minor}/site-packages/{folder}" for layer, folder in folders
        )
    else:
        libraries = "" if isinstance(restored, Absent) else restored.metadata.get(LIBRARIES_KEY, "")
    needs = _needs(accelerator)
    entry = EnvEntry(name="LD_LIBRARY_PATH", value=libraries, action=EnvAction.PREPEND, delimiter=":")
    return LayerPlan(
        name=ACCELERATOR,
        content=AcceleratorContent(interpreter_path=interpreter.launch_path, needs=needs),
        metadata={
            "schema": LAYER_SCHEMA,
            CUDA_KEY: accelerator.cuda,
            "asked": "yes" if accelerator.is_asked else "no",
            "needs": " ".join(f"{name}={value}" for name, value in needs),
            "check": check_digest,
            "python": interpreter.launch_path,
            LIBRARIES_KEY: libraries,
        },
        env=(entry,) if libraries else (),
    )


def library_folders(groups: tuple[PackageGroup, ...]) -> tuple[tuple[LayerName, str], ...]:
    """The folders that the dynamic linker has to be told of, within the packages of a layer.

    None where every wheel finds them.

    A search path counts for everything that a process loads, so there is one only where it cannot do without.
    """
    packages = [(group.layer, package) for group in groups if group.lock for package in group.lock.packages]
    if not any(cuda_table.needs_library_path(package.name, package.version or "0") for _, package in packages):
        return ()
    folders = ((layer, cuda_table.library_folder(package.name)) for layer, package in packages)
    return tuple(sorted({(layer, folder) for layer, folder in folders if folder is not None}))


def _needs(accelerator: Accelerator) -> tuple[tuple[str, str], ...]:
    """What the check compares with, by name."""
    cuda = accelerator.cuda or ""
    found = {
        "cuda": cuda,
        "driver": cuda_table.required_driver(cuda),
        "toolkit": cuda_table.toolkit_driver(cuda),
        "asked": "yes" if accelerator.is_asked else "no",
    }
    return tuple((name, value) for name, value in found.items() if value)

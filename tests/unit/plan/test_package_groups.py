"""Which packages go into which layer: by their own wheels, never apart where Python needs them together."""

from __future__ import annotations

import hashlib

import pytest

from ml_buildpack.cnb.layer import LayerName
from ml_buildpack.lock import FileKind, Lock, LockedDirectory, LockedFile, LockedPackage, LockedSource
from ml_buildpack.plan.layers import CUDA, HEAVY, VENV, PackageGroup
from ml_buildpack.plan.package_groups import HEAVY_WHEEL_MIN_BYTES, LAYER_MIN_BYTES, plan_groups
from ml_buildpack.plan.wheel_facts import KnownWheels, WheelFacts, wheel_key
from support.build_values import lock_of, locked, wheel_of

MB = 1_000_000


def package(name: str, version: str = "1.0") -> LockedPackage:
    """A package from a wheel of its own."""
    digest = hashlib.sha256(f"{name} {version}".encode()).hexdigest()
    return locked(name, version, wheel_of(name, version, digest))


def divided(*packages: LockedPackage, known: KnownWheels) -> dict[LayerName, list[str]]:
    """The names in each layer."""
    groups = plan_groups(lock_of(*packages), known)
    return {group.layer: [one.name for one in group.lock.packages] for group in groups if group.lock is not None}


def holding(one: LockedPackage, size: int, *packages: str, **more: object) -> tuple[str, WheelFacts]:
    """What is known of the package's wheel: its size in megabytes, and the names that it installs."""
    assert isinstance(one.source, LockedFile)
    folders = tuple(map(str, more.get("folders", ())))  # type: ignore[call-overload]  # names, or nothing
    facts = WheelFacts(
        size_bytes=size * MB,
        packages=packages or (one.name,),
        folders=folders,
        is_movable=bool(more.get("is_movable", True)),
    )
    return wheel_key(one.source), facts


TORCH, FLASK, CUBLAS, NUMPY = package("torch"), package("flask"), package("nvidia-cublas-cu12"), package("numpy")
KNOWN = dict(
    (
        holding(TORCH, 540, "torch", "functorch"),
        holding(FLASK, 0),
        holding(CUBLAS, 600, folders=("nvidia",)),
        holding(NUMPY, 17, folders=("numpy.libs",)),
    )
)


def test_packages_are_divided_by_their_wheels() -> None:
    """In the order of making; each group has its own lock and that lock's digest."""
    packages = (FLASK, NUMPY, CUBLAS, TORCH)

    expected = tuple(
        PackageGroup(layer=layer, digest=part.digest, lock=part)
        for layer, part in ((CUDA, lock_of(CUBLAS)), (HEAVY, lock_of(NUMPY, TORCH)), (VENV, lock_of(FLASK)))
    )
    assert expected == plan_groups(lock_of(*packages), KNOWN)


def test_environment_is_there_without_packages() -> None:
    """Something has to start the application."""
    assert (PackageGroup(layer=VENV, digest=Lock(packages=()).digest, lock=Lock(packages=())),) == plan_groups(
        Lock(packages=()), {}
    )


def test_a_little_is_not_worth_a_layer() -> None:
    """A numpy alone stays with what needs it; so does a small package of NVIDIA's."""
    management = package("nvidia-ml-py")
    known = {**KNOWN, **dict([holding(management, 1)])}

    assert {VENV: ["flask", "numpy", "nvidia-ml-py"]} == divided(FLASK, NUMPY, management, known=known)


@pytest.mark.parametrize(("size", "layer"), [(HEAVY_WHEEL_MIN_BYTES - 1, VENV), (HEAVY_WHEEL_MIN_BYTES, HEAVY)])
def test_each_wheel_is_judged_by_itself(size: int, layer: LayerName) -> None:
    """Whatever changes beside it, it stays where it is."""
    one = package("one")
    assert isinstance(one.source, LockedFile)
    known = {**KNOWN, wheel_key(one.source): WheelFacts(size_bytes=size, packages=("one",))}

    assert "one" in divided(one, TORCH, known=known).get(layer, [])


@pytest.mark.parametrize(("size", "expected"), [(LAYER_MIN_BYTES - 1, [VENV]), (LAYER_MIN_BYTES, [HEAVY, VENV])])
def test_layer_is_made_from_a_size_on(size: int, expected: list[LayerName]) -> None:
    """The wheels together count."""
    one = package("one")
    assert isinstance(one.source, LockedFile)
    known = {**KNOWN, wheel_key(one.source): WheelFacts(size_bytes=size, packages=("one",))}

    assert expected == list(divided(one, FLASK, known=known))


@pytest.mark.parametrize(
    "source",
    [
        LockedDirectory(path="pkg", editable=False),
        LockedFile(filename="own-1.0.tar.gz", kind=FileKind.SDIST, sha256="b" * 64, url="https://index.test/own"),
        LockedFile(filename="own-1.0-py3-none-any.whl", kind=FileKind.WHEEL, sha256="b" * 64, path="near/own.whl"),
    ],
)
def test_what_is_built_here_or_lies_in_the_project_is_light(source: LockedSource) -> None:
    """It is what its makers change."""
    own = locked("own", "1.0", source)

    assert {HEAVY: ["torch"], VENV: ["own"]} == divided(own, TORCH, known=KNOWN)


def test_files_of_the_environment_stay_with_it() -> None:
    """Programs look for them below `sys.prefix`."""
    mkl = package("mkl")
    known = {**KNOWN, **dict([holding(mkl, 200, is_movable=False)])}

    assert {HEAVY: ["torch"], VENV: ["mkl"]} == divided(mkl, TORCH, known=known)


# --- what must be together -------------------------------------------------------------------------------------------


def test_parts_of_one_package_are_together() -> None:
    """mlflow: three wheels install into one package; Python would find the parts of one folder alone."""
    full, skinny, tracing = package("mlflow"), package("mlflow-skinny"), package("mlflow-tracing")
    parts = (holding(full, 12, "mlflow"), holding(skinny, 4, "mlflow"), holding(tracing, 2, folders=("mlflow",)))
    known = {**KNOWN, **dict(parts), **dict([holding(tracing, 2, "other", folders=("mlflow",))])}

    assert {HEAVY: ["mlflow", "mlflow-skinny", "mlflow-tracing", "torch"], VENV: ["flask"]} == divided(
        FLASK, full, skinny, tracing, TORCH, known=known
    )


def test_parts_of_what_cannot_be_moved_stay_with_it() -> None:
    """Also the parts of those parts."""
    one, two, three = package("one"), package("two"), package("three")
    known = {
        **KNOWN,
        **dict((holding(one, 1, "a", is_movable=False), holding(two, 30, "a", "b"), holding(three, 40, "b"))),
    }

    assert {HEAVY: ["torch"], VENV: ["one", "three", "two"]} == divided(one, three, two, TORCH, known=known)


def test_parts_of_the_cuda_libraries_and_others_are_heavy() -> None:
    """The framework's layer is the one that both can be in."""
    light = package("light")
    known = {**KNOWN, **dict([holding(CUBLAS, 600, "nvidia"), holding(light, 1, folders=("nvidia",))])}

    assert {HEAVY: ["light", "nvidia-cublas-cu12"], VENV: ["flask"]} == divided(FLASK, light, CUBLAS, known=known)


def test_namespaces_may_be_in_several_folders() -> None:
    """Python puts them together."""
    heavy, light = package("google-heavy"), package("google-light")
    parts = (holding(heavy, 30, "x", folders=("google",)), holding(light, 1, "y", folders=("google",)))

    assert {HEAVY: ["google-heavy"], VENV: ["google-light"]} == divided(heavy, light, known=dict(parts))


def test_stray_test_suites_keep_nothing_together() -> None:
    """Many wheels install a package `tests` by mistake."""
    light = package("light")
    known = {**KNOWN, **dict([holding(TORCH, 540, "torch", "tests"), holding(light, 1, "light", "tests")])}

    assert {HEAVY: ["torch"], VENV: ["light"]} == divided(light, TORCH, known=known)

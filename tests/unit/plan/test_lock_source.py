"""Where the lock of a build comes from: kept, known by its digest, or resolved now, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.cnb.layer import LayerName, MetadataOnly, Present, RestoredLayer
from ml_buildpack.plan.layers import CUDA, HEAVY, LOCK, VENV, PackageGroup, finished, plan_package_layer
from ml_buildpack.plan.lock_source import Resolve, UseInstalledPackages, UseKeptLock, choose_lock_source
from ml_buildpack.plan.resolution import ResolutionPlan
from ml_buildpack.plan.server import ServerPlan
from support.build_values import PYTHON_3_12, plan_project

A, B = "a" * 64, "b" * 64
LAYERS = "/layers/ml-buildpack_python"
FINISH = "bytecode imports, slim auto"
GUNICORN = ServerPlan(entry=None, commands=(), needs=("gunicorn",))

BASE = {"requirements.txt": f"flask==3.1 --hash=sha256:{A}\n./pkg\n", "pkg/setup.py": "", "pkg/pkg.py": "a = 1\n"}


def installed(plan: ResolutionPlan, *names: LayerName) -> dict[LayerName, RestoredLayer]:
    """The layers of packages of an image that was made from those inputs, restored."""
    layers = [
        plan_package_layer(
            PackageGroup(layer=name, digest=f"digest of {name}", lock=None),
            plan.interpreter,
            layers=names,
            trees=plan.inputs["trees"],
            layers_dir=LAYERS,
            target=plan.target,
        )
        for name in names
    ]
    metadata = {layer.name: {**finished(layer, FINISH).metadata, "inputs": plan.fingerprint} for layer in layers}
    return {name: MetadataOnly(metadata=each) for name, each in metadata.items()}


def another_hash(root: Path) -> ResolutionPlan:
    """The project with another pinned file."""
    return plan_project(root, {**BASE, "requirements.txt": BASE["requirements.txt"].replace(A, B)})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(
            lambda root: plan_project(root, {**BASE, "requirements.txt": BASE["requirements.txt"] + "six\n"}),
            "the requirements changed",
            id="requirements",
        ),
        pytest.param(lambda root: plan_project(root, BASE, server=GUNICORN), "the requirements changed", id="server"),
        pytest.param(
            lambda root: plan_project(root, {**BASE, "pkg/pkg.py": "a = 2\n"}), "a local package changed", id="tree"
        ),
        pytest.param(another_hash, "the pinned hashes changed", id="hashes"),
        pytest.param(
            lambda root: plan_project(root, BASE, env={"BP_RESOLVER": "pip-tools"}),
            "the resolver changed from uv to pip-tools",
            id="resolver",
        ),
        pytest.param(
            lambda root: plan_project(root, BASE, interpreter=replace(PYTHON_3_12, version="3.12.5")),
            "the Python changed from 3.12.4 /usr/bin/python3.12 to 3.12.5 /usr/bin/python3.12",
            id="python",
        ),
        pytest.param(
            lambda root: plan_project(root, BASE, indexes=("b.test#2",)), "the package indexes changed", id="indexes"
        ),
    ],
)
def test_each_changed_input_gives_its_sentence(
    tmp_path: Path, change: Callable[[Path], ResolutionPlan], sentence: str
) -> None:
    """One reason and no other; the log prints it."""
    before = plan_project(tmp_path / "before", BASE)
    after = change(tmp_path / "after")
    kept = Present(metadata=dict(before.inputs), path=tmp_path)

    source = choose_lock_source(after, {LOCK: kept}, layers_dir=LAYERS, finish=FINISH)

    assert Resolve(reasons=(sentence,)) == source
    assert before.fingerprint != after.fingerprint


def test_changed_platform_and_release_give_their_sentences(tmp_path: Path) -> None:
    """All reasons at once; a kept lock without an input that is known now is of another release."""
    plan = plan_project(tmp_path, BASE)
    old = {**plan.inputs, "target": "linux/arm64", "schema": "0"}
    del old["resolver"]
    kept = Present(metadata=old, path=tmp_path)

    expected = Resolve(
        reasons=(
            "this release of ml-buildpack resolves differently",
            "the resolver changed from unknown to uv",
            "the platform changed from linux/arm64 to linux/amd64 debian 13",
        )
    )
    assert expected == choose_lock_source(plan, {LOCK: kept}, layers_dir=LAYERS, finish=FINISH)


def test_every_input_has_a_sentence(tmp_path: Path) -> None:
    """An input without one would change the lock and never resolve it again."""
    plan = plan_project(tmp_path, BASE)

    for name in plan.inputs:
        kept = Present(metadata={**plan.inputs, name: "different"}, path=tmp_path)
        source = choose_lock_source(plan, {LOCK: kept}, layers_dir=LAYERS, finish=FINISH)
        assert isinstance(source, Resolve), name
        assert 1 == len(source.reasons)


def test_lock_is_kept_where_nothing_changed(tmp_path: Path) -> None:
    """A rebuild never drifts; comments and blank lines change nothing."""
    before = plan_project(tmp_path / "a", BASE)
    after = plan_project(tmp_path / "b", {**BASE, "requirements.txt": "# a comment\n\n" + BASE["requirements.txt"]})
    kept = Present(metadata=dict(before.inputs), path=tmp_path)

    assert UseKeptLock() == choose_lock_source(after, {LOCK: kept}, layers_dir=LAYERS, finish=FINISH)


def test_upgrade_resolves_whatever_is_kept(tmp_path: Path) -> None:
    """BP_UPGRADE is the user's word for it."""
    plan = plan_project(tmp_path, BASE, env={"BP_UPGRADE": "true"})
    kept = Present(metadata=dict(plan.inputs), path=tmp_path)

    expected = Resolve(reasons=("BP_UPGRADE asks for it",))
    assert expected == choose_lock_source(plan, {LOCK: kept}, layers_dir=LAYERS, finish=FINISH)


def test_first_build_resolves(tmp_path: Path) -> None:
    """Nothing came back at all."""
    plan = plan_project(tmp_path, BASE)

    expected = Resolve(reasons=("there is no lock yet",))
    assert expected == choose_lock_source(plan, {}, layers_dir=LAYERS, finish=FINISH)


@pytest.mark.parametrize("lock_gone", [True, False])
@pytest.mark.parametrize("names", [(VENV,), (HEAVY, VENV), (CUDA, HEAVY, VENV)])
def test_packages_of_the_image_stand_for_a_lost_lock(
    tmp_path: Path, names: tuple[LayerName, ...], *, lock_gone: bool
) -> None:
    """Where the cache is lost, the image itself still says what it was made from: every layer of packages."""
    plan = plan_project(tmp_path, BASE)
    lock = {} if lock_gone else {LOCK: MetadataOnly(metadata=dict(plan.inputs))}

    source = choose_lock_source(plan, {**lock, **installed(plan, *names)}, layers_dir=LAYERS, finish=FINISH)

    groups = tuple(PackageGroup(layer=name, digest=f"digest of {name}", lock=None) for name in names)
    assert UseInstalledPackages(groups=groups) == source


@pytest.mark.parametrize("name", [HEAVY, VENV])
@pytest.mark.parametrize("changed", ["schema", "target", "python", "layers_dir", "beside", "lock", "finish", "inputs"])
def test_packages_that_must_be_made_again_need_a_lock(tmp_path: Path, name: LayerName, changed: str) -> None:
    """Without its lock a layer can only be kept as it is; one that cannot makes the lock of all necessary."""
    plan = plan_project(tmp_path, BASE)
    restored = installed(plan, HEAVY, VENV)
    layer = restored[name]
    assert isinstance(layer, MetadataOnly)
    metadata = dict(layer.metadata)
    if changed == "lock":
        del metadata["lock"]
    else:
        metadata[changed] = "different"

    source = choose_lock_source(
        plan, {**restored, name: MetadataOnly(metadata=metadata)}, layers_dir=LAYERS, finish=FINISH
    )

    assert Resolve(reasons=("the kept lock is gone",)) == source


def test_layer_that_did_not_come_back_needs_a_lock(tmp_path: Path) -> None:
    """The one that is there says which others belong to it."""
    plan = plan_project(tmp_path, BASE)
    restored = installed(plan, CUDA, HEAVY, VENV)
    del restored[CUDA]

    assert Resolve(reasons=("the kept lock is gone",)) == choose_lock_source(
        plan, restored, layers_dir=LAYERS, finish=FINISH
    )

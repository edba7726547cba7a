"""Layers, kept or made: what lies there afterwards, and what was said."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ml_buildpack.apply.build_requirements import DIRECTORY
from ml_buildpack.apply.layer_maker import LayerMaker
from ml_buildpack.apply.layer_store import LayerStore
from ml_buildpack.apply.wheel_layer import WheelLayer
from ml_buildpack.cnb.layer import Absent, LayerTypes, Present, RestoredLayer
from ml_buildpack.console import StreamConsole
from ml_buildpack.plan.layers import (
    LOCK,
    PYTHON,
    VENV,
    WHEELS,
    LayerPlan,
    PackageGroup,
    plan_package_layer,
    plan_python_layer,
    plan_server_layer,
)
from ml_buildpack.plan.reuse import Keep, Rebuild
from support.build_runs import ROOT
from support.build_values import TARGET
from support.finishing import make_finisher
from support.workplace import Workplace, files_below, find_uv, real_interpreter

REASONS = ("the locked packages changed", "a local package changed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """A maker, and what it says."""

    maker: LayerMaker
    out: io.StringIO

    @property
    def layers(self) -> Path:
        """The layers directory."""
        return self.maker.store.layers_dir

    def with_wheels(self, restored: RestoredLayer) -> Making:
        """The same, after another restore."""
        wheels = replace(self.maker.wheels, restored=restored)
        wheels = replace(wheels, wheels=replace(wheels.wheels, verified={}, dropped=set()))
        wheels.open()
        return replace(self, maker=replace(self.maker, wheels=wheels))


@pytest.fixture
def making(place: Workplace) -> Making:
    """A build of whose layers nothing came back."""
    layers = place.root / "layers"
    layers.mkdir()
    out = io.StringIO()
    place.scratch.mkdir()
    store, console = LayerStore(layers_dir=layers), StreamConsole(out=out)
    pins = replace(place.build_requirements(), directory=layers / LOCK / DIRECTORY)
    wheel_store = replace(place.wheel_store(layers / WHEELS), build_requirements=pins)
    wheels = WheelLayer(store=store, wheels=wheel_store, restored=Absent(), console=console)
    maker = LayerMaker(
        store=store,
        console=console,
        uv=find_uv(),
        env=place.environment(),
        app_dir=place.app_dir,
        scratch=place.scratch,
        server_sources=ROOT / "src" / "model_server",
        wheels=wheels,
        finisher=make_finisher(place, layers, console),
    )
    return Making(maker=maker, out=out)


def venv_layer(place: Workplace, making: Making, lines: str) -> LayerPlan:
    """The venv layer of a project of those lines."""
    lock = place.lock({"requirements.txt": lines})
    layer = plan_package_layer(
        PackageGroup(layer=VENV, digest=lock.digest, lock=lock),
        real_interpreter(),
        layers=(VENV,),
        trees="",
        layers_dir=str(making.layers),
        target=TARGET,
    )
    return replace(layer, notes=(("inputs", "i1"),))


def test_environment_is_made_with_all_that_belongs_to_it(place: Workplace, making: Making) -> None:
    """Contents, variables, document, metadata with the notes; and the wheels, in the cache alone."""
    layer = venv_layer(place, making, "needs-plain\nfrom-source\n")

    making.maker.carry_out(Rebuild(layer=layer, reasons=REASONS))

    assert ["lock", "venv", "venv.sbom.cdx.json", "venv.toml", "wheels", "wheels.toml"] == sorted(
        path.name for path in making.layers.iterdir()
    )
    assert ["build-requirements"] == [path.name for path in (making.layers / "lock").iterdir()]
    assert "[types]\nlaunch = true\nbuild = false\ncache = false\n" in (making.layers / "venv.toml").read_text()
    assert 'inputs = "i1"' in (making.layers / "venv.toml").read_text()
    assert "[types]\nlaunch = false\nbuild = false\ncache = true\n" in (making.layers / "wheels.toml").read_text()
    variables = {path.name: path.read_text() for path in (making.layers / "venv" / "env.launch").iterdir()}
    assert {
        "LC_ALL.default": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE.default": "1",
        "PYTHONUNBUFFERED.default": "1",
        "VIRTUAL_ENV.override": str(making.layers / "venv"),
    } == variables
    document = json.loads((making.layers / "venv.sbom.cdx.json").read_text())
    assert ["python", "from-source", "needs-plain", "plain"] == [one["name"] for one in document["components"]]
    lines = making.out.getvalue().splitlines()
    assert "  Making 'venv': the locked packages changed, a local package changed" == lines[0]
    assert lines[1].startswith("    3 wheels: 0 kept, 3 fetched (")
    assert "    built from-source 1.0 from source" == lines[2]


def test_restored_wheels_are_used_and_damaged_ones_are_named(place: Workplace, making: Making) -> None:
    """A cache that damages files is worth a warning."""
    layer = venv_layer(place, making, "many<2\nplain\n")
    making.maker.carry_out(Rebuild(layer=layer, reasons=REASONS))
    (making.layers / "wheels" / "plain-1.0-py3-none-any.whl").write_bytes(b"damaged")
    restored = Present(metadata={}, path=making.layers / "wheels")

    making.with_wheels(restored).maker.carry_out(Rebuild(layer=layer, reasons=REASONS))

    said = making.out.getvalue()
    assert "    2 wheels: 1 kept, 1 fetched (" in said
    assert "  Warning: the cached plain-1.0-py3-none-any.whl was damaged; it was made again\n" in said


def test_wheels_that_were_not_restored_are_not_trusted(place: Workplace, making: Making) -> None:
    """A directory that the lifecycle did not announce is a leftover."""
    layer = venv_layer(place, making, "plain\n")
    (making.layers / "wheels").mkdir()
    (making.layers / "wheels" / "stray").write_text("")

    making.with_wheels(Absent()).maker.carry_out(Rebuild(layer=layer, reasons=REASONS))

    assert ["plain-1.0-py3-none-any.whl"] == files_below(making.layers / "wheels")


@pytest.mark.parametrize(
    ("is_restored", "expected"), [(True, ["venv.toml", "wheels", "wheels.toml"]), (False, ["venv.toml"])]
)
def test_wheels_are_kept_beside_a_kept_environment(
    place: Workplace, making: Making, expected: list[str], *, is_restored: bool
) -> None:
    """For the day on which it changes. Nothing is made for the cache where nothing came back."""
    layer = venv_layer(place, making, "plain\n")
    (making.layers / "venv").mkdir()
    if is_restored:
        (making.layers / "wheels").mkdir()
    restored = Present(metadata={}, path=making.layers / "wheels") if is_restored else Absent()

    making.with_wheels(restored).maker.carry_out(Keep(layer=layer))

    assert expected == sorted(path.name for path in making.layers.iterdir())
    assert 'inputs = "i1"' in (making.layers / "venv.toml").read_text()
    assert "  Keeping 'venv'\n" == making.out.getvalue()


def test_build_that_fails_leaves_no_layer(place: Workplace, making: Making) -> None:
    """A directory without metadata is never exported, and no metadata of the layer before is left."""
    layer = venv_layer(place, making, "plain\n")
    making.maker.store.write_metadata(VENV, LayerTypes(launch=True), {})
    broken = replace(making.maker, uv=Path("/nowhere/uv"))

    with pytest.raises(Exception, match="ML-INT-002"):
        broken.carry_out(Rebuild(layer=layer, reasons=REASONS))

    assert [] == list(making.layers.glob("venv.*"))
    assert WHEELS not in {path.stem for path in making.layers.glob("*.toml")}


def test_server_layer_has_our_package_and_its_helper(making: Making) -> None:
    """The very sources of this release."""
    layer = plan_server_layer(real_interpreter(), sources_digest="s1")

    making.maker.carry_out(Rebuild(layer=layer, reasons=("the previous image has none",)))

    assert (making.layers / "server" / "site" / "model_server" / "__main__.py").is_file()
    assert (making.layers / "server" / "exec.d" / "size-to-container").is_file()
    assert 'server = "s1"' in (making.layers / "server.toml").read_text()


def test_python_layer_is_a_readable_copy(making: Making, tmp_path: Path) -> None:
    """The image runs as another user than the one that unpacked the buildpack."""
    source = tmp_path / "packaged"
    (source / "bin").mkdir(parents=True)
    (source / "bin" / "python3").write_text("#!/bin/sh\n")
    (source / "bin" / "python3").chmod(0o700)
    layer = plan_python_layer(real_interpreter(), source=str(source), identity="build 1", target=TARGET)

    making.maker.carry_out(Rebuild(layer=layer, reasons=("the previous image has none",)))

    copied = making.maker.store.path(PYTHON) / "bin" / "python3"
    assert 0o755 == copied.stat().st_mode & 0o777

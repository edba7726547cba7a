"""Which channels are asked for what, and when a kept solution is still the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.cnb.context import Target
from ml_buildpack.cnb.layer import Absent, MetadataOnly, Present, RestoredLayer
from ml_buildpack.facts.conda.conda_wish import CondaSpec, CondaWish
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.settings import Settings
from ml_buildpack.plan.conda_bill import package_url
from ml_buildpack.plan.conda_environment import (
    CondaPlan,
    UseInstalledEnvironment,
    choose_conda_source,
    plan_conda,
    plan_conda_layer,
    with_logins,
    without_secrets,
)
from ml_buildpack.plan.conda_lock import (
    CondaLock,
    CondaLockUnreadable,
    CondaPackage,
    KnownConda,
    describe_changes,
    make_lock,
    parse_conda_lock,
)
from ml_buildpack.plan.lock_source import Resolve, UseKeptLock
from ml_buildpack.plan.python_wish import PythonWish

TARGET = Target(os="linux", arch="amd64", distro_name="debian", distro_version="13")
LAYERS = "/layers/own"
OWN_PYTHON = PythonRequest(spec="==3.11.*", origin="environment.yml", line=3, text="python=3.11")


def wish(*specs: CondaSpec, channels: tuple[str, ...] = ("conda-forge",)) -> CondaWish:
    """An environment file."""
    return CondaWish(path="environment.yml", specs=specs, channels=channels)


def spec(text: str, line: int = 4, channel: str | None = None) -> CondaSpec:
    """A line of it."""
    return CondaSpec(text=text, name=text.partition("=")[0], line=line, channel=channel)


def planned(
    file: CondaWish,
    settings: Settings | None = None,
    python: PythonWish | None = None,
    env: Mapping[str, str] | None = None,
) -> CondaPlan:
    """The plan of it."""
    found = plan_conda(file, settings or Settings(), python or PythonWish(), target=TARGET, env=env or {})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("named", "mirror", "asked"),
    [
        (("conda-forge",), None, ("https://conda.anaconda.org/conda-forge",)),
        (("conda-forge", "nodefaults"), "https://c.example.com/", ("https://c.example.com/conda-forge",)),
        (("defaults",), None, ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")),
        (("defaults",), "https://c.example.com", ("https://c.example.com/pkgs/main", "https://c.example.com/pkgs/r")),
        (("https://x.example.com/team/",), "https://c.example.com", ("https://x.example.com/team",)),
        (("/mnt/channel",), None, ("file:///mnt/channel",)),
        ((), None, ("https://conda.anaconda.org/conda-forge",)),
    ],
)
def test_names_stand_for_addresses(named: tuple[str, ...], mirror: str | None, asked: tuple[str, ...]) -> None:
    """A mirror stands in for the host of names; addresses are themselves; no name at all is conda-forge."""
    plan = planned(wish(channels=named), Settings(conda_mirror=mirror))

    assert asked == tuple(channel.shown for channel in plan.channels)
    assert plan.is_default_channel is (named == ())


def test_setting_stands_for_the_files_channels() -> None:
    """But for a channel that is named for one package, which is asked behind the others."""
    file = wish(spec("samtools", channel="bioconda"), channels=("other",))
    plan = planned(file, Settings(conda_channels=("team",), conda_mirror="https://c.example.com"))

    assert ["https://c.example.com/team", "https://c.example.com/bioconda"] == [one.shown for one in plan.channels]
    assert ("python", "https://c.example.com/bioconda::samtools") == plan.specs


@pytest.mark.parametrize(
    ("python", "specs"),
    [
        pytest.param(PythonWish(), ("python",), id="nobody asks: whichever fits"),
        pytest.param(PythonWish(requests=(OWN_PYTHON,)), ("python=3.11",), id="the file's own words"),
        pytest.param(
            PythonWish(
                requests=(OWN_PYTHON, PythonRequest(spec="<3.13", origin="pyproject.toml", line=1, text="<3.13"))
            ),
            ("python=3.11", "python <3.13"),
            id="and another file's",
        ),
        pytest.param(
            PythonWish(
                requests=(PythonRequest(spec="==3.12.*", origin="BP", line=None, text="3.12", from_setting=True),),
                overruled=(OWN_PYTHON,),
            ),
            ("python ==3.12.*",),
            id="overruled by a setting",
        ),
    ],
)
def test_python_is_what_all_ask_for(python: PythonWish, specs: tuple[str, ...]) -> None:
    """In the solver's words."""
    own = () if not (python.requests or python.overruled) else (spec("python=3.11", line=3),)

    assert specs == planned(wish(*own), python=python).specs


def test_logins_are_asked_with_and_never_shown() -> None:
    """A password, and a token in the path; from a variable."""
    plan = planned(
        wish(channels=("https://me:${PASS}@c.example.com/a", "https://c.example.com/t/tk-1/b")), env={"PASS": "s3"}
    )
    urls = [f"{channel.address}/noarch/x-1-0.conda" for channel in plan.channels]
    shown = ["https://c.example.com/a/noarch/x-1-0.conda", "https://c.example.com/b/noarch/x-1-0.conda"]

    assert ["https://c.example.com/a", "https://c.example.com/b"] == [channel.shown for channel in plan.channels]
    assert [("s3",), ("tk-1",)] == [channel.secrets for channel in plan.channels]
    assert shown == [without_secrets(url, plan.channels) for url in urls]
    assert urls == [with_logins(url, plan.channels) for url in shown]
    assert "s3" not in repr(plan)
    assert "tk-1" not in repr(plan)


PLAN = planned(wish(spec("numpy=1.26")))
KEPT = KnownConda(digest="d1", python_version="3.11.9", lock=None)
LAYER = plan_conda_layer(KEPT, PLAN, layers_dir=LAYERS)
MADE = MetadataOnly(metadata={**LAYER.metadata, **dict(LAYER.notes)})
LOCK = Present(metadata=dict(PLAN.inputs), path=Path("/nowhere"))


@pytest.mark.parametrize(
    ("plan", "lock", "layer", "source"),
    [
        pytest.param(PLAN, LOCK, MADE, UseKeptLock(), id="all is there"),
        pytest.param(PLAN, Absent(), MADE, UseInstalledEnvironment(found=KEPT), id="the image alone"),
        pytest.param(PLAN, Absent(), Absent(), Resolve(reasons=("there is no solution yet",)), id="nothing"),
        pytest.param(
            replace(PLAN, upgrade=True), LOCK, MADE, Resolve(reasons=("BP_UPGRADE asks for it",)), id="an upgrade"
        ),
        pytest.param(
            planned(wish(spec("numpy=2"))),
            LOCK,
            MADE,
            Resolve(reasons=("the packages that conda is asked for changed",)),
            id="other specs",
        ),
        pytest.param(
            planned(wish(spec("numpy=2"))),
            Absent(),
            MADE,
            Resolve(reasons=("the kept solution is gone",)),
            id="other specs, and no cache",
        ),
    ],
)
def test_solution_is_kept_as_long_as_it_answers(
    plan: CondaPlan, lock: RestoredLayer, layer: RestoredLayer, source: object
) -> None:
    """A rebuild never drifts."""
    assert source == choose_conda_source(plan, lock_layer=lock, conda_layer=layer, layers_dir=LAYERS)


def package(name: str, version: str = "1.0", sha256: str = "a" * 64) -> CondaPackage:
    """A package of conda-forge."""
    channel = "https://conda.anaconda.org/conda-forge"
    return CondaPackage(
        name=name,
        version=version,
        build="py311_0",
        subdir="linux-64",
        channel=channel,
        url=f"{channel}/linux-64/{name}-{version}-py311_0.conda",
        sha256=sha256,
        size_bytes=10,
    )


def test_lock_is_read_as_it_was_written() -> None:
    """Sorted, whatever order the solver has."""
    lock = make_lock([package("python", "3.11.9"), package("numpy", "1.26.4")])

    assert lock == parse_conda_lock(lock.to_json())
    assert ["numpy", "python"] == [one.name for one in lock.packages]
    assert ("3.11.9", 20) == (lock.python_version, lock.size_bytes)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 0, "packages": []}', '{"schema": 1, "packages": []}'])
def test_other_texts_are_no_lock(text: str) -> None:
    """The environment is solved again then."""
    with pytest.raises(CondaLockUnreadable):
        parse_conda_lock(text)


def test_changes_are_named() -> None:
    """One entry for each package that differs; another build of one version is said too."""
    old = CondaLock(packages=(package("a"), package("b"), package("c"), package("python")))
    new = CondaLock(packages=(package("b", "2.0"), package("c", sha256="b" * 64), package("d"), package("python")))

    assert ("- a 1.0", "b 1.0 -> 2.0", "~ c 1.0", "+ d 1.0") == describe_changes(old, new)


def test_package_urls_are_condas() -> None:
    """With build, channel and platform, as vulnerability scanners look them up."""
    expected = "pkg:conda/numpy@1.26.4?build=py311_0&channel=conda-forge&subdir=linux-64&type=conda"

    assert expected == package_url(package("numpy", "1.26.4"))

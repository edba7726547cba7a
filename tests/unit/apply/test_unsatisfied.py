"""Requirements without an answer, each for one reason, provoked with the real resolvers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.errors import (
    BuildpackError,
    GitNotFound,
    HeldByAnotherIndex,
    LocalVersionNotFound,
    Mistake,
    NeedsAnotherPython,
    NoFileForThisPlatform,
    ReleaseYanked,
    ResolutionConflict,
    WheelhouseIncomplete,
)
from ml_buildpack.facts.project_files import find_project_files
from ml_buildpack.facts.settings import Settings
from ml_buildpack.facts.wheelhouse import find_wheelhouse
from support.distributions import Distribution
from support.local_index import LocalIndex, serve_index
from support.workplace import Workplace, real_interpreter

pytestmark = pytest.mark.slow

RESOLVERS = ("uv", "pip-tools")
DISTRIBUTIONS = (
    Distribution(name="torch", version="2.5.1"),
    Distribution(name="withdrawn", yanked="it deletes files"),
    Distribution(name="newer-python", requires_python=">=3.99"),
    Distribution(name="needs-newer", requires=("newer-python",)),
    Distribution(name="arm-only", tag="cp311-cp311-manylinux_2_17_aarch64"),
    Distribution(name="old-abi", tag="cp38-cp38-manylinux_2_17_x86_64"),
    Distribution(name="private", version="1.0"),
    Distribution(name="plain"),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalIndex]:
    """One index for all; nothing changes it."""
    with serve_index(*DISTRIBUTIONS) as running:
        yield running


def failure(place: Workplace, requirements: str, resolver: str = "uv") -> BuildpackError:
    """How the resolution of these requirements fails."""
    plan = place.plan({"requirements.txt": requirements}, BP_RESOLVER=resolver)
    with pytest.raises(BuildpackError) as raised:
        place.resolve(plan)
    return raised.value


def asks(line: int, text: str, name: str) -> tuple[Mistake, ...]:
    """The line that asks for a package."""
    return (Mistake(where="requirements.txt", line=line, text=text, detail=f"asks for {name}"),)


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_package_for_another_python_says_which(tmp_path: Path, shared: LocalIndex, resolver: str) -> None:
    """With the line that asks for it."""
    error = failure(
        Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url}), "plain\nnewer-python\n", resolver
    )

    assert isinstance(error, NeedsAnotherPython)
    expected = ("newer-python", ">=3.99", real_interpreter().version, asks(2, "newer-python", "newer-python"))
    assert expected == (error.package, error.needs, error.python, error.requirement_at)


def test_package_for_another_python_that_another_needs_has_no_line(tmp_path: Path, shared: LocalIndex) -> None:
    """The explanation says who needs it."""
    error = failure(Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url}), "needs-newer\n")

    assert isinstance(error, NeedsAnotherPython)
    assert ("newer-python", ()) == (error.package, error.requirement_at)
    assert "all versions of needs-newer depend on newer-python" in error.explanation


def test_several_requirements_may_contradict_each_other_instead(tmp_path: Path, shared: LocalIndex) -> None:
    """Then the whole explanation is shown, and nobody is told that Python alone is at fault."""
    error = failure(Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url}), "needs-newer\nnewer-python<1\n")

    assert isinstance(error, ResolutionConflict)


@pytest.mark.parametrize("resolver", RESOLVERS)
@pytest.mark.parametrize("name", ["arm-only", "old-abi"])
def test_wheels_for_other_machines_are_said(tmp_path: Path, shared: LocalIndex, name: str, resolver: str) -> None:
    """With what there is instead."""
    error = failure(Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url}), f"{name}\n", resolver)

    assert isinstance(error, NoFileForThisPlatform)
    version = real_interpreter().version
    assert ((f"{name}==1.0",), version) == (error.packages, error.python)
    assert {"arm-only": "manylinux_2_17_aarch64", "old-abi": "cp38"}[name] in error.explanation


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_withdrawn_release_is_said_with_the_reason(tmp_path: Path, shared: LocalIndex, resolver: str) -> None:
    """Where a range leaves no other."""
    error = failure(Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url}), "withdrawn>=1,<2\n", resolver)

    assert isinstance(error, ReleaseYanked)
    expected = ("withdrawn==1.0", "it deletes files", asks(1, "withdrawn>=1,<2", "withdrawn"))
    assert expected == (error.release, error.reason, error.requirement_at)


def test_withdrawn_release_that_is_pinned_is_installed(tmp_path: Path, shared: LocalIndex) -> None:
    """As the advice says."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url})

    assert ["withdrawn"] == [package.name for package in place.lock({"requirements.txt": "withdrawn==1.0\n"}).packages]


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_variant_without_its_index_is_said(tmp_path: Path, shared: LocalIndex, resolver: str) -> None:
    """PyPI has the release, but not what stands behind the plus."""
    error = failure(Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url}), "torch==2.5.1+cpu\n", resolver)

    assert isinstance(error, LocalVersionNotFound)
    expected = ("torch", "2.5.1+cpu", asks(1, "torch==2.5.1+cpu", "torch"))
    assert expected == (error.package, error.version, error.requirement_at)


@pytest.mark.parametrize("resolver", RESOLVERS)
@pytest.mark.parametrize("requirement", ["private==9.0", "private>=2"])
def test_name_on_two_indexes_comes_from_the_first_or_not_at_all(
    tmp_path: Path, shared: LocalIndex, requirement: str, resolver: str
) -> None:
    """The attack: somebody uploads a newer release of a private package's name to the open index.

    pip-tools takes it, because it compares all versions; its files are then looked up by uv, which refuses.
    """
    with serve_index(Distribution(name="private", version="9.0")) as opened:
        variables = {
            "PIP_INDEX_URL": opened.url, "PIP_EXTRA_INDEX_URL": shared.url, "UV_INDEX_STRATEGY": "first-index",
        }  # fmt: skip
        error = failure(Workplace(root=tmp_path, variables=variables), f"{requirement}\n", resolver)

    assert isinstance(error, HeldByAnotherIndex)
    expected = ("private", shared.url, asks(1, requirement, "private"))
    assert expected == (error.package, error.index, error.requirement_at)
    assert (opened.url if resolver == "uv" else "") == error.next_index


def test_wheelhouse_without_a_package_says_everything_that_is_missing(tmp_path: Path) -> None:
    """Not only what the resolver met first; with what the server needs apart, and without what no line applies for."""
    place = Workplace(
        root=tmp_path, variables={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "app" / "vendor")}
    )
    plan = place.plan(
        {
            "requirements.txt": "near\nabsent>1\nfor-windows ; sys_platform == 'win32'\n./own-1.0-py3-none-any.whl\n",
            "own-1.0-py3-none-any.whl": Distribution(name="own").wheel(),
            "vendor/near-1.0-py3-none-any.whl": Distribution(name="near").wheel(),
        }
    )
    wheelhouse = find_wheelhouse(find_project_files(place.app_dir), Settings())

    with pytest.raises(WheelhouseIncomplete) as raised:
        place.resolve(replace(plan, wheelhouse=wheelhouse, added=("gunicorn",)))

    error = raised.value
    expected = ("vendor", ("absent", "gunicorn"), ("gunicorn",), ("requirements.txt",))
    assert expected == (error.wheelhouse, error.missing, error.added, error.inputs)


def test_wheelhouse_with_another_release_says_which_is_missing(tmp_path: Path) -> None:
    """The package is there, so its name alone would puzzle."""
    place = Workplace(
        root=tmp_path, variables={"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "app" / "vendor")}
    )
    wheel = {"vendor/near-1.0-py3-none-any.whl": Distribution(name="near").wheel()}
    plan = place.plan({"requirements.txt": "near==2.0\n", **wheel})
    wheelhouse = find_wheelhouse(find_project_files(place.app_dir), Settings())

    with pytest.raises(WheelhouseIncomplete) as raised:
        place.resolve(replace(plan, wheelhouse=wheelhouse))

    assert ("near==2.0",) == raised.value.missing


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_builder_without_git_is_told_apart(tmp_path: Path, shared: LocalIndex, resolver: str) -> None:
    """With the lines that need it, and without what they hold."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared.url}, path="/nowhere")

    error = failure(place, "plain\nown @ git+https://t0ken@git.test/own.git\n", resolver)

    assert isinstance(error, GitNotFound)
    text, detail = "own @ git+https://***@git.test/own.git", "lies in a git repository"
    assert (Mistake(where="requirements.txt", line=2, text=text, detail=detail),) == error.requirement_at

"""The lock of a build: kept or resolved, kept for the next build, and what is said about it."""

from __future__ import annotations

import hashlib
import io
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ml_buildpack.apply.build_requirements import read_pins, write_pins
from ml_buildpack.apply.layer_store import LayerStore
from ml_buildpack.apply.locks import LockKeeper
from ml_buildpack.apply.resolver import ResolverTools
from ml_buildpack.cnb.context import read_restored_layers
from ml_buildpack.cnb.layer import Absent, LayerTypes
from ml_buildpack.console import StreamConsole
from ml_buildpack.errors import BuildpackError
from ml_buildpack.lock import Lock
from ml_buildpack.plan.layers import LOCK
from ml_buildpack.plan.lock_source import Resolve, UseInstalledPackages, UseKeptLock
from ml_buildpack.plan.resolution import ResolutionPlan
from support.distributions import Distribution
from support.local_index import Faults, LocalIndex
from support.workplace import Workplace, find_uv, real_interpreter

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, kw_only=True, slots=True)
class Builds:
    """Builds of one project, one after the other, on one layers directory."""

    place: Workplace
    store: LayerStore

    def obtain(
        self, plan: ResolutionPlan, source: UseKeptLock | UseInstalledPackages | Resolve
    ) -> tuple[Lock | None, str]:
        """The lock of a build, and what it said."""
        out = io.StringIO()
        env = self.place.environment()
        keeper = LockKeeper(
            store=self.store,
            tools=ResolverTools(uv=find_uv(), env=env, app_dir=self.place.app_dir, scratch=self.place.scratch),
            restored=read_restored_layers(self.store.layers_dir).get(LOCK, Absent()),
            console=StreamConsole(out=out),
        )
        return keeper.obtain(plan, source), out.getvalue()

    @property
    def text_path(self) -> Path:
        """The kept lock."""
        return self.store.path(LOCK) / "pylock.toml"


@pytest.fixture
def builds(place: Workplace) -> Builds:
    """No build so far."""
    (place.root / "layers").mkdir()
    return Builds(place=place, store=LayerStore(layers_dir=place.root / "layers"))


FIRST = Resolve(reasons=("there is no lock yet",))


def test_resolved_lock_is_kept_with_its_inputs(builds: Builds) -> None:
    """In the cache alone: an image has no use for it."""
    plan = builds.place.plan({"requirements.txt": "needs-plain\n"})

    lock, said = builds.obtain(plan, FIRST)

    document = tomllib.loads((builds.store.layers_dir / "lock.toml").read_text())
    expected = {"types": {"launch": False, "build": False, "cache": True}, "metadata": dict(plan.inputs)}
    assert expected == document
    assert lock is not None
    assert ["needs-plain", "plain"] == sorted(lock.names)
    assert "  Resolving with uv (the default): there is no lock yet\n    2 packages, " in said


def test_kept_lock_asks_nobody(builds: Builds, index: LocalIndex) -> None:
    """The index could even be gone. The metadata is written again, because the lifecycle took its types out."""
    plan = builds.place.plan({"requirements.txt": "needs-plain\n"})
    first, _ = builds.obtain(plan, FIRST)
    (builds.store.layers_dir / "lock.toml").write_text("[metadata]\n")
    index.requested.clear()

    second, said = builds.obtain(plan, UseKeptLock())

    assert (first, []) == (second, index.requested)
    assert "  Keeping the lock: 2 packages, nothing to resolve\n" == said
    assert "cache = true" in (builds.store.layers_dir / "lock.toml").read_text()


def test_pins_of_builds_stay_through_a_new_lock_but_not_through_an_upgrade(builds: Builds) -> None:
    """They belong to sources by their digest; only who asks for newer packages asks for newer tools."""
    plan = builds.place.plan({"requirements.txt": "needs-plain\n"})
    builds.obtain(plan, FIRST)
    pins = {"0123-3.11.txt": "setuptools==80.0 --hash=sha256:00\n"}
    write_pins(builds.store.path(LOCK), pins)

    builds.obtain(plan, Resolve(reasons=("the requirements changed",)))
    after_change = read_pins(builds.store.path(LOCK))
    builds.obtain(replace(plan, upgrade=True), Resolve(reasons=("BP_UPGRADE asks for it",)))

    assert (pins, {}) == (after_change, read_pins(builds.store.path(LOCK)))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(b"[[packages", id="not TOML"),
        pytest.param(b'lock-version = "1.0"\n[[packages]]\nname = "a"\n', id="no source"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(None, id="gone"),
    ],
)
def test_kept_lock_that_cannot_be_read_is_made_again(builds: Builds, damage: bytes | None) -> None:
    """A cache is no reason to fail."""
    plan = builds.place.plan({"requirements.txt": "plain\n"})
    first, _ = builds.obtain(plan, FIRST)
    if damage is None:
        builds.text_path.unlink()
    else:
        builds.text_path.write_bytes(damage)

    second, said = builds.obtain(plan, UseKeptLock())

    assert first == second
    assert "the kept lock cannot be read" in said


def test_changes_are_told(builds: Builds) -> None:
    """One line for each package; the reason stands before them."""
    builds.obtain(builds.place.plan({"requirements.txt": "many<2\nplain\n"}), FIRST)
    plan = builds.place.plan({"requirements.txt": "many\nfrom-source\n"})

    _, said = builds.obtain(plan, Resolve(reasons=("the requirements changed",)))

    lines = said.splitlines()
    assert "  Resolving with uv (the default): the requirements changed" == lines[0]
    assert ["    + from-source 1.0", "    many 1.0 -> 2.0", "    - plain 1.0"] == lines[2:]


def test_upgrade_that_finds_nothing_new_says_so(builds: Builds) -> None:
    """So that nobody looks for the difference."""
    plan = builds.place.plan({"requirements.txt": "plain\n"}, BP_UPGRADE="true")
    builds.obtain(plan, FIRST)

    _, said = builds.obtain(plan, Resolve(reasons=("BP_UPGRADE asks for it",)))

    assert said.endswith("    the same packages as before\n")


def test_many_changes_are_counted(builds: Builds) -> None:
    """More than a dozen differences are a different project."""
    wheels = {f"wheels/p{n}-1.0-py3-none-any.whl": Distribution(name=f"p{n}").wheel() for n in range(15)}
    builds.obtain(builds.place.plan({"requirements.txt": "plain\n"}), FIRST)
    names = "".join(f"p{n}\n" for n in range(15))
    plan = builds.place.plan({"requirements.txt": f"-f wheels\n{names}", **wheels})

    _, said = builds.obtain(plan, Resolve(reasons=("the requirements changed",)))

    assert (12, "    and 4 more") == (
        sum(line.startswith(("    + ", "    - ")) for line in said.splitlines()),
        said.splitlines()[-1],
    )


def test_pinned_hash_may_change(builds: Builds, index: LocalIndex) -> None:
    """The kept lock has the file that was pinned before; that is no mistake in the new line."""
    many = (distribution for distribution in index.distributions if distribution.name == "many")
    one, two = (hashlib.sha256(distribution.wheel()).hexdigest() for distribution in many)
    builds.obtain(builds.place.plan({"requirements.txt": f"many==1.0 --hash=sha256:{one}\n"}), FIRST)
    plan = builds.place.plan({"requirements.txt": f"many==2.0 --hash=sha256:{two}\n"})

    lock, _ = builds.obtain(plan, Resolve(reasons=("the requirements changed",)))

    assert lock is not None
    assert [two] == [file.sha256 for file in lock.files]


def test_python_may_change(builds: Builds) -> None:
    """The kept lock has no file for the new one, or says that it is for a newer one; it is only compared with."""
    plan = builds.place.plan({"requirements.txt": "plain\n"})
    builds.obtain(plan, FIRST)
    text = builds.text_path.read_text()
    builds.text_path.write_text('requires-python = ">=3.99"\n' + text.replace("requires-python", "x-requires-python"))

    lock, said = builds.obtain(plan, Resolve(reasons=("the Python changed",)))

    assert lock is not None
    assert "the Python changed" in said


def test_packages_of_the_image_need_no_lock(builds: Builds, index: LocalIndex) -> None:
    """What is left of a lock layer is removed: it would be exported to the cache half empty."""
    plan = builds.place.plan({"requirements.txt": "plain\n"})
    builds.store.write_metadata(LOCK, LayerTypes(cache=True), {})

    lock, said = builds.obtain(plan, UseInstalledPackages(groups=()))

    assert (None, []) == (lock, index.requested)
    assert "Keeping the packages of the previous image" in said
    assert [] == list(builds.store.layers_dir.iterdir())


def test_failed_resolution_keeps_the_lock_before(builds: Builds, index: LocalIndex) -> None:
    """The next build can still compare with it."""
    plan = builds.place.plan({"requirements.txt": "plain\n"})
    builds.obtain(plan, FIRST)
    before = builds.text_path.read_text()
    index.faults = Faults(status=403)
    other = replace(builds.place, root=builds.place.root / "other")

    with pytest.raises(BuildpackError):
        replace(builds, place=other).obtain(other.plan({"requirements.txt": "many\n"}), FIRST)

    assert before == builds.text_path.read_text()


def test_credentials_reach_no_layer(builds: Builds, index: LocalIndex) -> None:
    """Neither the lock nor its metadata, which goes into the image."""
    index.faults = Faults(credentials="user:secret")
    plan = builds.place.plan({"requirements.txt": f"-i {index.url_with('user:secret')}\nplain\n"})

    builds.obtain(plan, FIRST)

    texts = [path.read_text() for path in builds.store.layers_dir.rglob("*") if path.is_file()]
    assert 2 == len(texts)
    assert not any("secret" in text for text in texts)
    assert real_interpreter().version in texts[0] + texts[1]

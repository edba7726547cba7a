"""What packages are built with: resolved once, with hashes, and the same ever after. With the real uv and an index."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_buildpack.apply.build_requirements import digest_of_tree, read_pins, unpack_source, write_pins
from ml_buildpack.errors import SourceBuildFailed
from ml_buildpack.lock import FileKind, Lock, LockedDirectory, LockedFile
from support.build_values import lock_of, locked
from support.distributions import Distribution
from support.local_index import LocalIndex, serve_index
from support.workplace import Workplace, real_interpreter

TOOL, NEWER_TOOL = Distribution(name="tool"), Distribution(name="tool", version="2.0")
EXTRA, NEWER_EXTRA = Distribution(name="extra"), Distribution(name="extra", version="2.0")
NEEDS = Distribution(name="needs", sdist_only=True, build_requires=("tool",), build_asks_for=("extra",))


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """An index of its own for each test."""
    with serve_index(TOOL, EXTRA, NEEDS) as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, index: LocalIndex) -> Workplace:
    """A place whose tools ask that index."""
    made = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": index.url})
    made.app_dir.mkdir()
    made.scratch.mkdir()
    return made


def lock_with(one: Distribution, index: LocalIndex) -> Lock:
    """The lock of a source distribution."""
    digest = hashlib.sha256(one.sdist()).hexdigest()
    url = index.file_url(one.sdist_name)
    return lock_of(
        locked(one.name, one.version, LockedFile(filename=one.sdist_name, kind=FileKind.SDIST, sha256=digest, url=url))
    )


def pins(place: Workplace) -> list[str]:
    """The requirements in the one file of pins, and the first of each's hashes."""
    (text,) = read_pins(place.root / "lock").values()
    return [line.strip().rstrip(" \\") for line in text.splitlines()]


def pinned(*distributions: Distribution) -> list[str]:
    """How they are pinned."""
    return [
        line
        for one in distributions
        for line in (f"{one.name}=={one.version}", f"--hash=sha256:{hashlib.sha256(one.wheel()).hexdigest()}")
    ]


def test_build_requirements_are_pinned_with_what_the_backend_asks_for(
    place: Workplace, index: LocalIndex, tmp_path: Path
) -> None:
    """Both with their hashes, under the digest of the source and the Python that it is built for."""
    place.wheel_store(tmp_path / "wheels").prepare(lock_with(NEEDS, index))

    digest = hashlib.sha256(NEEDS.sdist()).hexdigest()
    assert [f"{digest[:32]}-{real_interpreter().minor}.txt"] == list(read_pins(place.root / "lock"))
    assert pinned(EXTRA, TOOL) == pins(place)


@pytest.mark.slow
def test_later_build_uses_the_same_although_there_is_something_newer(
    place: Workplace, index: LocalIndex, tmp_path: Path
) -> None:
    """With another directory of wheels, as after a damaged cache; nothing newer is even fetched."""
    place.wheel_store(tmp_path / "wheels").prepare(lock_with(NEEDS, index))
    index.offer(TOOL, NEWER_TOOL, EXTRA, NEWER_EXTRA, NEEDS)
    index.requested.clear()

    later = Workplace(root=tmp_path / "later", variables=place.variables)
    later.scratch.mkdir(parents=True)
    later.app_dir.mkdir()
    (later.root / "lock").mkdir()
    write_pins(later.root / "lock", read_pins(place.root / "lock"))
    report = later.wheel_store(tmp_path / "other-wheels").prepare(lock_with(NEEDS, index))

    assert ("needs 1.0",) == report.built
    assert [EXTRA.wheel_name, NEEDS.sdist_name, TOOL.wheel_name] == index.files_fetched
    assert pinned(EXTRA, TOOL) == pins(later)


def test_changed_file_of_a_build_requirement_is_refused(place: Workplace, index: LocalIndex, tmp_path: Path) -> None:
    """Whoever put other bytes under the same name."""
    (place.root / "lock").mkdir()
    digest = hashlib.sha256(NEEDS.sdist()).hexdigest()
    wrong = "".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in ("extra", "tool"))
    write_pins(place.root / "lock", {f"{digest[:32]}-{real_interpreter().minor}.txt": wrong})

    with pytest.raises(SourceBuildFailed) as raised:
        place.wheel_store(tmp_path / "wheels").prepare(lock_with(NEEDS, index))

    assert "Hash mismatch for `tool==1.0`" in raised.value.log_tail


def test_constraints_of_the_user_hold_for_builds(place: Workplace, index: LocalIndex, tmp_path: Path) -> None:
    """By the variable of either tool, relative to the project."""
    index.offer(TOOL, NEWER_TOOL, EXTRA, NEEDS)
    (place.app_dir / "build.txt").write_text("tool<2\n")
    variables = {**place.variables, "PIP_BUILD_CONSTRAINT": "build.txt"}
    constrained = Workplace(root=place.root, variables=variables)

    constrained.wheel_store(tmp_path / "wheels").prepare(lock_with(NEEDS, index))

    assert pinned(EXTRA, TOOL) == pins(place)


def test_dropped_source_takes_its_pins_along(place: Workplace, index: LocalIndex, tmp_path: Path) -> None:
    """The cache does not grow with every lock."""
    place.wheel_store(tmp_path / "wheels").prepare(lock_with(NEEDS, index))
    place.wheel_store(tmp_path / "wheels").prune(lock_of())

    assert {} == read_pins(place.root / "lock")


@pytest.mark.slow
def test_tree_of_the_project_keeps_its_pins_while_its_build_stays(
    place: Workplace, index: LocalIndex, tmp_path: Path
) -> None:
    """Its code changes all the time, and is no reason for another build tool."""
    with tarfile.open(fileobj=io.BytesIO(NEEDS.sdist())) as archive:
        archive.extractall(place.app_dir, filter="data")
    tree = place.app_dir / "needs-1.0"
    lock = lock_of(locked("needs", None, LockedDirectory(path="needs-1.0", editable=False)))
    place.wheel_store(tmp_path / "wheels").prepare(lock)
    before = digest_of_tree(tree)
    index.offer(TOOL, NEWER_TOOL, EXTRA)
    (tree / "module.py").write_text("ANSWER = 42\n")
    later = Workplace(root=tmp_path, variables=place.variables)
    for leftover in place.scratch.iterdir():
        leftover.rename(tmp_path / f"old-{leftover.name}")

    later.wheel_store(tmp_path / "wheels").prepare(lock)

    assert pinned(EXTRA, TOOL) == pins(place)
    (tree / "setup.cfg").write_text("[metadata]\n")
    assert before != digest_of_tree(tree)


def test_archives_of_every_form_are_unpacked(tmp_path: Path) -> None:
    """Old releases are zip files; what is no archive is left to the build, which explains it."""
    (tmp_path / "a.tar.gz").write_bytes(NEEDS.sdist())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("old-1.0/setup.py", "")
    (tmp_path / "broken.tar.gz").write_bytes(NEEDS.sdist()[:40])

    unpacked = [unpack_source(tmp_path / name, tmp_path / f"to-{name}") for name in ("a.tar.gz", "a.zip")]

    assert [tmp_path / "to-a.tar.gz" / "needs-1.0", tmp_path / "to-a.zip" / "old-1.0"] == unpacked
    assert unpack_source(tmp_path / "broken.tar.gz", tmp_path / "to-broken") is None

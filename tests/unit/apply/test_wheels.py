"""Wheels: kept, fetched or built, verified, and pruned to the lock."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.apply.wheels import ReadyWheel, WheelReport
from ml_buildpack.errors import (
    DigestMismatch,
    DownloadFailed,
    IndexUnauthorised,
    NoWheelAndNoCompiler,
    SourceBuildFailed,
)
from ml_buildpack.lock import FileKind, Lock, LockedDirectory, LockedFile, LockedPackage, LockedRevision
from support.build_values import lock_of, locked
from support.distributions import Distribution
from support.file_server import FileServer, serve_repository
from support.local_index import Faults, LocalIndex, serve_index
from support.workplace import TREE, Workplace, files_below, real_interpreter, tree_at

PLAIN, MANY = Distribution(name="plain"), Distribution(name="many")
SDIST = Distribution(name="from-source", sdist_only=True)
NEEDS_BACKEND = Distribution(name="needs-backend", sdist_only=True)
MINOR = real_interpreter().minor


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """An index of its own for each test."""
    with serve_index(PLAIN, MANY, SDIST) as running:
        yield running


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """Where the wheels are kept between builds."""
    return tmp_path / "wheels"


def package(one: Distribution, index: LocalIndex) -> LockedPackage:
    """The distribution as a lock of that index has it."""
    content = one.sdist() if one.sdist_only else one.wheel()
    filename = one.sdist_name if one.sdist_only else one.wheel_name
    file = LockedFile(
        filename=filename,
        kind=FileKind.SDIST if one.sdist_only else FileKind.WHEEL,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        url=index.file_url(filename),
    )
    return locked(one.name, one.version, file)


def in_project(one: Distribution, path: str) -> LockedPackage:
    """The distribution's wheel as a lock has it that found it in the project."""
    digest = hashlib.sha256(one.wheel()).hexdigest()
    return locked(one.name, "1.0", LockedFile(filename=one.wheel_name, kind=FileKind.WHEEL, sha256=digest, path=path))


def counts(report: WheelReport) -> tuple[int, int, tuple[str, ...], tuple[str, ...]]:
    """Kept, fetched, built and dropped."""
    return report.kept, report.fetched, report.built, report.dropped


def prepare(place: Workplace, wheels: Path, lock: Lock) -> WheelReport:
    """The wheels of the lock, made present; each time in another scratch directory, as in another build."""
    fresh = replace(place, root=place.root / f"build-{len(list(place.root.glob('build-*')))}")
    if place.app_dir.is_dir():
        fresh.root.mkdir()
        fresh.app_dir.symlink_to(place.app_dir)
    store = fresh.wheel_store(wheels)
    report = store.prepare(lock)
    store.prune(lock)
    return report


def test_first_build_fetches_and_the_second_keeps(place: Workplace, index: LocalIndex, wheels: Path) -> None:
    """With the digests that the installer checks; the second build asks the index for nothing."""
    lock = lock_of(package(MANY, index), package(PLAIN, index))

    first = prepare(place, wheels, lock)
    asked = len(index.requested)
    second = prepare(place, wheels, lock)

    expected = tuple(
        ReadyWheel(name=one.name, path=wheels / one.source.filename, sha256=one.source.sha256)
        for one in lock.packages
        if isinstance(one.source, LockedFile)
    )
    assert (0, 2, (), ()) == counts(first)
    assert len(MANY.wheel()) + len(PLAIN.wheel()) == first.fetched_bytes
    assert (2, 0, (), ()) == counts(second)
    assert (expected, expected) == (first.wheels, second.wheels)
    assert (2, 2) == (asked, len(index.requested))


def test_directory_holds_what_the_lock_holds(place: Workplace, index: LocalIndex, wheels: Path) -> None:
    """What was dropped from the lock is gone, and so is what an earlier build left half written."""
    prepare(place, wheels, lock_of(package(MANY, index), package(PLAIN, index), package(SDIST, index)))
    (wheels / f".{MANY.wheel_name}.part").write_bytes(b"half")
    (wheels / "built" / "0-3.9").mkdir()

    report = prepare(place, wheels, lock_of(package(PLAIN, index)))

    assert (1, 0, (), ()) == counts(report)
    assert ["built", PLAIN.wheel_name] == files_below(wheels)


@pytest.mark.parametrize("damage", [b"", b"not a wheel", PLAIN.wheel()[:-1]])
def test_damaged_wheel_is_fetched_again(place: Workplace, index: LocalIndex, wheels: Path, damage: bytes) -> None:
    """And named, because somebody should know that their cache does that."""
    lock = lock_of(package(PLAIN, index))
    prepare(place, wheels, lock)
    (wheels / PLAIN.wheel_name).write_bytes(damage)

    report = prepare(place, wheels, lock)

    assert (0, 1, (), (PLAIN.wheel_name,)) == counts(report)
    assert PLAIN.wheel() == (wheels / PLAIN.wheel_name).read_bytes()


def test_other_file_than_the_locked_one_is_not_kept(place: Workplace, index: LocalIndex, wheels: Path) -> None:
    """The server has another file than the lock says: nothing of it is left."""
    index.faults = Faults(wrong_bytes=frozenset({PLAIN.wheel_name}))

    with pytest.raises(DigestMismatch) as raised:
        prepare(place, wheels, lock_of(package(PLAIN, index)))

    digest = hashlib.sha256(PLAIN.wheel()).hexdigest()
    assert (PLAIN.wheel_name, (digest,), "the lock") == (
        raised.value.file,
        raised.value.expected,
        raised.value.pinned_at,
    )
    assert [] == files_below(wheels)


def test_refused_credentials_end_the_fetching(place: Workplace, index: LocalIndex, wheels: Path) -> None:
    """Whoever has hundreds of wheels to fetch is not refused hundreds of times."""
    index.faults = Faults(file_status=403)
    file = package(PLAIN, index).source
    assert isinstance(file, LockedFile)
    lock = lock_of(*(locked(f"p{n}", "1.0", replace(file, filename=f"p{n}-1.0-py3-none-any.whl")) for n in range(60)))

    with pytest.raises(IndexUnauthorised):
        prepare(place, wheels, lock)

    assert len(index.requested) < 50


@pytest.mark.parametrize(
    ("limit", "kept", "named"),
    [
        (None, ["built", "large", "plain"], ()),
        (10**6, ["built", "large", "plain"], ()),
        (10_000, ["built", "plain"], ("large",)),
        (1_100, ["built"], ("large", "plain")),
        (0, [], ("from-source", "large", "plain")),
    ],
)
def test_as_many_wheels_are_kept_as_fit(
    place: Workplace, index: LocalIndex, wheels: Path, limit: int | None, kept: list[str], named: tuple[str, ...]
) -> None:
    """What was built here first, because it costs most, then the small ones; the others are named for the log."""
    large = Distribution(name="large", modules={"large.bin": bytes(50_000)})
    index.offer(*index.distributions, large)
    lock = lock_of(package(SDIST, index), package(large, index), package(PLAIN, index))
    store = place.wheel_store(wheels)
    store.prepare(lock)

    assert named == store.prune(lock, limit)
    left = {path.relative_to(wheels).parts[0].partition("-")[0] for path in wheels.rglob("*.whl")}
    assert kept == sorted(left)


# --- from source -----------------------------------------------------------------------------------------------------


def test_source_is_built_once(place: Workplace, index: LocalIndex, wheels: Path) -> None:
    """For this version of Python; the second build neither fetches nor builds it."""
    lock = lock_of(package(SDIST, index))
    digest = hashlib.sha256(SDIST.sdist()).hexdigest()

    first = prepare(place, wheels, lock)
    second = prepare(place, wheels, lock)

    assert (0, 1, ("from-source 1.0",), ()) == counts(first)
    assert (1, 0, (), ()) == counts(second)
    directory = f"built/{digest[:32]}-{MINOR}"
    assert ["built", directory, f"{directory}/{SDIST.wheel_name}", f"{directory}/sha256"] == files_below(wheels)
    assert (wheels / directory / SDIST.wheel_name, first.wheels) == (second.wheels[0].path, second.wheels)


@pytest.mark.parametrize("damaged", ["*.whl", "sha256"])
def test_damaged_wheel_from_source_is_built_again(
    place: Workplace, index: LocalIndex, wheels: Path, damaged: str
) -> None:
    """No lock has its digest, so it is kept beside the wheel."""
    lock = lock_of(package(SDIST, index))
    first = prepare(place, wheels, lock)
    (file,) = wheels.glob(f"built/*/{damaged}")
    file.write_bytes(b"damaged")

    report = prepare(place, wheels, lock)

    assert (0, 1, ("from-source 1.0",), (SDIST.wheel_name,)) == counts(report)
    assert first.wheels == report.wheels
    assert first.wheels[0].sha256 == hashlib.sha256(report.wheels[0].path.read_bytes()).hexdigest()


def test_half_built_wheel_never_counts(place: Workplace, index: LocalIndex, wheels: Path) -> None:
    """A build that died leaves a directory under another name."""
    lock = lock_of(package(SDIST, index))
    digest = hashlib.sha256(SDIST.sdist()).hexdigest()
    half = wheels / "built" / f"{digest[:32]}-{MINOR}.part"
    half.mkdir(parents=True)
    (half / SDIST.wheel_name).write_bytes(b"half")

    report = prepare(place, wheels, lock)

    assert ("from-source 1.0",) == report.built
    assert SDIST.wheel() == report.wheels[0].path.read_bytes()
    assert not half.exists()


@pytest.mark.parametrize(
    ("guard", "expected"),
    [
        ("raise RuntimeError('its own fault')", SourceBuildFailed),
        ("__import__('subprocess').run(['gcc'], check=True)", NoWheelAndNoCompiler),
    ],
)
def test_failed_build_names_the_package(
    place: Workplace, wheels: Path, guard: str, expected: type[SourceBuildFailed | NoWheelAndNoCompiler]
) -> None:
    """With the Python that it was built for; nothing is kept that could count as built."""
    bad = Distribution(name="bad", version="2.0", sdist_only=True, build_guard=guard)
    with serve_index(bad) as index, pytest.raises(expected) as raised:
        prepare(replace(place, path="/nowhere"), wheels, lock_of(package(bad, index)))

    error = raised.value
    assert isinstance(error, SourceBuildFailed | NoWheelAndNoCompiler)
    assert ("bad==2.0", MINOR) == (error.package, error.python)
    assert not list(wheels.rglob("*.whl"))


def test_wheel_of_the_project_is_verified_and_copied(place: Workplace, wheels: Path) -> None:
    """Nothing is fetched for it."""
    place.plan({"requirements.txt": f"./near/{PLAIN.wheel_name}\n", f"near/{PLAIN.wheel_name}": PLAIN.wheel()})

    report = prepare(place, wheels, lock_of(in_project(PLAIN, f"near/{PLAIN.wheel_name}")))

    assert (0, 0, (), ()) == counts(report)
    assert PLAIN.wheel() == (wheels / PLAIN.wheel_name).read_bytes()


def test_wheel_of_the_project_that_changed_is_refused(place: Workplace, wheels: Path) -> None:
    """Between the resolution and the installation."""
    place.plan({"requirements.txt": f"./near/{PLAIN.wheel_name}\n", f"near/{PLAIN.wheel_name}": MANY.wheel()})

    with pytest.raises(DigestMismatch) as raised:
        prepare(place, wheels, lock_of(in_project(PLAIN, f"near/{PLAIN.wheel_name}")))

    assert f"near/{PLAIN.wheel_name}" == raised.value.file


def test_tree_of_the_project_is_built_in_a_copy(place: Workplace, wheels: Path) -> None:
    """Each time, because it may change without its version; and nothing appears in the project."""
    place.plan({"requirements.txt": "./pkg\n", **tree_at("pkg")})
    before = files_below(place.app_dir)
    lock = lock_of(locked("own-tree", None, LockedDirectory(path="pkg", editable=False)))

    for _ in range(2):
        report = prepare(place, wheels, lock)
        assert (0, 0, ("own-tree",), ()) == counts(report)
        assert "own_tree-1.2-py3-none-any.whl" == report.wheels[0].path.name

    assert before == files_below(place.app_dir)
    assert [] == files_below(wheels)


def test_editable_tree_needs_no_wheel(place: Workplace, wheels: Path) -> None:
    """It is installed from where it lies."""
    lock = lock_of(locked("own-tree", None, LockedDirectory(path="pkg", editable=True)))

    assert () == prepare(place, wheels, lock).wheels


def test_what_a_build_needs_comes_from_the_same_index(place: Workplace, wheels: Path) -> None:
    """A private index is often the only one that can be reached."""
    backend = Distribution(name="own-backend", modules={"own_backend.py": TREE["backend.py"]})
    pyproject = TREE["pyproject.toml"].replace("requires = []", 'requires = ["own-backend"]')
    pyproject = pyproject.replace('"backend"', '"own_backend"').replace('backend-path = ["."]\n', "")
    place.plan({"requirements.txt": "./pkg\n", **tree_at("pkg"), "pkg/pyproject.toml": pyproject})
    lock = lock_of(locked("own-tree", None, LockedDirectory(path="pkg", editable=False)))

    with serve_index(backend) as index:
        report = prepare(replace(place, variables={"PIP_INDEX_URL": index.url}), wheels, lock)

        assert [backend.wheel_name] == sorted(set(index.files_fetched))
    assert ("own-tree",) == report.built


# --- git -------------------------------------------------------------------------------------------------------------


def revision(files: FileServer, commit: str, subdirectory: str | None = None) -> Lock:
    """A lock of the repository at that commit."""
    source = LockedRevision(url=files.url("/repo/.git"), commit=commit, subdirectory=subdirectory)
    return lock_of(locked("own-tree", None, source))


@pytest.mark.parametrize("subdirectory", [None, "python"])
def test_commit_is_built_once_with_the_credentials_of_its_host(
    place: Workplace, files: FileServer, wheels: Path, subdirectory: str | None
) -> None:
    """The lock holds no credentials, so that git gets them with each request."""
    content: Mapping[str, str] = TREE if subdirectory is None else tree_at(subdirectory)
    commit = serve_repository(place.root / "repo", files, content)
    private = replace(place, variables={"PIP_EXTRA_INDEX_URL": files.url("/simple/", "me:secret")})
    lock = revision(files, commit, subdirectory)

    first = prepare(private, wheels, lock)
    asked = len(files.asked)
    second = prepare(private, wheels, lock)

    assert (("own-tree",), ()) == (first.built, second.built)
    assert asked == len(files.asked)
    for_me = "Basic " + base64.b64encode(b"me:secret").decode()
    assert {for_me} == {one.authorization for one in files.asked}
    assert not any(b"secret" in path.read_bytes() for path in wheels.rglob("*") if path.is_file())


def test_users_own_git_settings_stay(place: Workplace, files: FileServer, wheels: Path) -> None:
    """Ours come behind them: here an address that only those settings lead to the server."""
    commit = serve_repository(place.root / "repo", files, TREE)
    variables = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{files.url('/')}.insteadOf",
        "GIT_CONFIG_VALUE_0": "http://git.invalid/",
        "PIP_EXTRA_INDEX_URL": "http://me:secret@git.invalid/simple",
    }
    source = LockedRevision(url="http://git.invalid/repo/.git", commit=commit)

    report = prepare(replace(place, variables=variables), wheels, lock_of(locked("own-tree", None, source)))

    assert ("own-tree",) == report.built


def test_repository_that_is_gone_is_named(place: Workplace, files: FileServer, wheels: Path) -> None:
    """With git's own words."""
    with pytest.raises(DownloadFailed) as raised:
        prepare(place, wheels, revision(files, "0" * 40))

    assert files.url("/repo/.git") == raised.value.url
    assert "not found" in raised.value.detail

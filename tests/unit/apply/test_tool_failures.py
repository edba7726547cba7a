"""What the tools' failures mean, provoked with the real tools.

Each failure has the same type whichever resolver met it, because uv explains what pip-tools only reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ml_buildpack.apply.tool_failures import classify_resolution
from ml_buildpack.errors import (
    BuildpackError,
    DownloadFailed,
    IndexUnauthorised,
    IndexUnreachable,
    Mistake,
    NeedsAnotherPython,
    NoFileForThisPlatform,
    NoWheelAndNoCompiler,
    PackageNotFound,
    ResolutionConflict,
    ResolverFailed,
    SourceBuildFailed,
)
from support.distributions import Distribution
from support.local_index import UNREACHABLE_INDEX, Faults, LocalIndex, serve_index
from support.workplace import Workplace

pytestmark = pytest.mark.slow

RESOLVERS = ("uv", "pip-tools")


def building(name: str, guard: str) -> Distribution:
    """A source distribution that runs that line while it is built."""
    return Distribution(name=name, sdist_only=True, build_guard=guard)


def saying(name: str, message: str) -> Distribution:
    """A source distribution whose build ends with that message."""
    return building(name, f"raise SystemExit({message!r})")


DISTRIBUTIONS = (
    Distribution(name="plain"),
    Distribution(name="needs-plain", requires=("plain>=1",)),
    Distribution(name="needs-absent", requires=("absent",)),
    Distribution(name="windows-only", tag="cp311-cp311-win_amd64"),
    Distribution(name="newer-python", requires_python=">=3.99"),
    building("raises", "raise RuntimeError('its own fault')"),
    building("runs-gcc", "__import__('subprocess').run(['gcc', '-c', 'x.c'], check=True)"),
    saying("has-no-gcc", "error: command 'gcc' failed: No such file or directory"),
    saying("has-no-gcc-path", "error: command '/usr/bin/x86_64-linux-gnu-gcc' failed: No such file or directory"),
    saying("has-no-header", "x.c:1:10: fatal error: Python.h: No such file or directory"),
    saying("has-no-pg", "Error: pg_config executable not found."),
    saying("has-no-cmake", "CMake Error: cmake is not installed"),
    saying("has-no-meson-cc", "ERROR: Unknown compiler(s): [['cc'], ['gcc']]"),
    saying("has-no-rust", "error: can't find Rust compiler"),
    saying("says-secret", "could not reach https://user:secret@a.test/"),
)


@pytest.fixture(scope="module")
def shared_index() -> Iterator[LocalIndex]:
    """One index for all; nothing changes it."""
    with serve_index(*DISTRIBUTIONS) as running:
        yield running


def failure(place: Workplace, files: Mapping[str, str], resolver: str) -> BuildpackError:
    """How the resolution of that project fails."""
    plan = place.plan(files, BP_RESOLVER=resolver)
    with pytest.raises(BuildpackError) as raised:
        place.resolve(plan)
    return raised.value


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_unknown_package_names_the_line(tmp_path: Path, shared_index: LocalIndex, resolver: str) -> None:
    """The user sees where it was asked for."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    error = failure(place, {"requirements.txt": "plain\nAbsent_Thing>1\n"}, resolver)

    assert isinstance(error, PackageNotFound)
    mistake = Mistake(where="requirements.txt", line=2, text="Absent_Thing>1", detail="asks for absent-thing")
    assert ("absent-thing", (mistake,)) == (error.package, error.requirement_at)
    assert "absent-thing was not found in the package registry" in error.explanation


def test_unknown_version_names_the_line(tmp_path: Path, shared_index: LocalIndex) -> None:
    """A version that was never released is most often a slip of the finger."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    error = failure(place, {"requirements.txt": "plain==9\n"}, "uv")

    assert isinstance(error, PackageNotFound)
    mistake = Mistake(where="requirements.txt", line=1, text="plain==9", detail="asks for plain")
    assert ("plain", (mistake,)) == (error.package, error.requirement_at)


def test_unknown_package_that_another_needs_has_no_line(tmp_path: Path, shared_index: LocalIndex) -> None:
    """The explanation says who needs it."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    error = failure(place, {"requirements.txt": "needs-absent\n"}, "uv")

    assert isinstance(error, PackageNotFound)
    assert ("absent", ()) == (error.package, error.requirement_at)
    assert "all versions of needs-absent depend on absent" in error.explanation


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_conflict_is_explained_without_the_frame(tmp_path: Path, shared_index: LocalIndex, resolver: str) -> None:
    """Uv's sentences, whichever resolver was asked; the inputs are named."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    error = failure(place, {"requirements.txt": "needs-plain\n-c limits.txt\n", "limits.txt": "plain<1\n"}, resolver)

    assert isinstance(error, ResolutionConflict)
    assert (resolver, ("requirements.txt", "limits.txt")) == (error.resolver, error.inputs)
    assert "Because all versions of needs-plain depend on plain>=1" in error.explanation
    assert "No solution found" not in error.explanation
    assert not any(line.startswith(" ") for line in error.explanation.splitlines())


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("windows-only", NoFileForThisPlatform),
        ("newer-python", NeedsAnotherPython),
        ("plain>=5", ResolutionConflict),
    ],
)
def test_package_without_a_usable_release_is_said_as_such(
    tmp_path: Path, shared_index: LocalIndex, requirement: str, expected: type[BuildpackError]
) -> None:
    """It is there, but nothing of it fits: the platform, the Python or the version."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    assert expected is type(failure(place, {"requirements.txt": f"{requirement}\n"}, "uv"))


@pytest.mark.parametrize(
    ("resolver", "faults", "expected"),
    [
        ("uv", Faults(status=401), IndexUnauthorised),
        ("pip-tools", Faults(status=401), IndexUnauthorised),
        ("uv", Faults(status=403), IndexUnauthorised),
        ("uv", Faults(status=407), IndexUnauthorised),
        ("uv", Faults(status=500), IndexUnreachable),
        ("pip-tools", Faults(status=500), IndexUnreachable),
        ("uv", Faults(credentials="user:right"), IndexUnauthorised),
    ],
)
def test_index_that_refuses_is_named(
    place: Workplace, index: LocalIndex, resolver: str, faults: Faults, expected: type[BuildpackError]
) -> None:
    """With its status where it wants credentials; never with those that it was given."""
    index.faults = faults
    with_password = replace(place, variables={"PIP_INDEX_URL": index.url_with("user:secret")})

    error = failure(with_password, {"requirements.txt": "plain\n"}, resolver)

    assert expected is type(error)
    assert isinstance(error, IndexUnauthorised | IndexUnreachable)
    assert error.url.replace("***@", "").startswith(index.url)
    assert "secret" not in str(error)
    if isinstance(error, IndexUnauthorised):
        assert (faults.status or 401) == error.status
    else:
        assert "the server answered 500 Internal Server Error" == error.detail


@pytest.mark.parametrize("resolver", RESOLVERS)
def test_index_that_is_not_there_is_named(tmp_path: Path, resolver: str) -> None:
    """With the system's own word for it."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": UNREACHABLE_INDEX})

    error = failure(place, {"requirements.txt": "plain\n"}, resolver)

    assert isinstance(error, IndexUnreachable)
    assert f"{UNREACHABLE_INDEX}plain/" == error.url
    assert "Connection refused" in error.detail


def test_file_behind_a_wrong_address_is_named(place: Workplace, index: LocalIndex) -> None:
    """The server is there, the file is not."""
    error = failure(place, {"requirements.txt": f"gone @ {index.file_url('gone-1.0-py3-none-any.whl')}\n"}, "uv")

    assert isinstance(error, DownloadFailed)
    expected = (index.file_url("gone-1.0-py3-none-any.whl"), "the server answered 404 Not Found")
    assert expected == (error.url, error.detail)


def test_git_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Not the tool's cache directory, which git names as well."""
    place = Workplace(root=tmp_path)
    url = "http://127.0.0.1:9/repo.git"

    error = failure(place, {"requirements.txt": f"repo @ git+{url}\n"}, "uv")

    assert isinstance(error, DownloadFailed)
    assert url in error.url
    assert "127.0.0.1" in error.detail


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("runs-gcc", "gcc"),
        ("has-no-gcc", "gcc"),
        ("has-no-gcc-path", "/usr/bin/x86_64-linux-gnu-gcc"),
        ("has-no-header", "Python.h"),
        ("has-no-pg", "pg_config"),
        ("has-no-cmake", "cmake"),
        ("has-no-meson-cc", "cc"),
        ("has-no-rust", "Rust compiler"),
    ],
)
def test_program_that_a_build_lacks_is_named(tmp_path: Path, shared_index: LocalIndex, name: str, missing: str) -> None:
    """A builder without compilers is the usual one; the PATH here leads nowhere."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url}, path="/nowhere")

    error = failure(place, {"requirements.txt": f"{name}\n"}, "uv")

    assert isinstance(error, NoWheelAndNoCompiler)
    assert (f"{name}==1.0", missing) == (error.package, error.missing)
    assert f"Failed to build `{name}==1.0`" in error.log_tail


def test_build_that_fails_under_pip_tools_is_the_same_error(tmp_path: Path, shared_index: LocalIndex) -> None:
    """pip-tools ends in a traceback of its own; uv is asked for the reason."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url}, path="/nowhere")

    error = failure(place, {"requirements.txt": "has-no-gcc\n"}, "pip-tools")

    assert isinstance(error, NoWheelAndNoCompiler)
    assert ("has-no-gcc==1.0", "gcc") == (error.package, error.missing)


def test_build_that_fails_for_its_own_reason_shows_it(tmp_path: Path, shared_index: LocalIndex) -> None:
    """The end of what the build printed, with the exception."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    error = failure(place, {"requirements.txt": "raises\n"}, "uv")

    assert isinstance(error, SourceBuildFailed)
    assert "raises==1.0" == error.package
    assert "RuntimeError: its own fault" in error.log_tail


def test_credentials_that_a_build_prints_are_not_shown(tmp_path: Path, shared_index: LocalIndex) -> None:
    """Somebody else's program may print anything."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": shared_index.url})

    error = failure(place, {"requirements.txt": "says-secret\n"}, "uv")

    assert isinstance(error, SourceBuildFailed)
    assert "https://***@a.test/" in error.log_tail
    assert "secret@" not in error.log_tail


def test_failure_that_nobody_knows_keeps_the_tools_words(tmp_path: Path) -> None:
    """The end of them."""
    plan = Workplace(root=tmp_path).plan({"requirements.txt": "plain\n"})
    output = "\n".join(f"line {number}" for number in range(50))

    error = classify_resolution(output, plan)

    assert isinstance(error, ResolverFailed)
    assert ("uv", output.partition("line 19\n")[2]) == (error.resolver, error.log_tail)

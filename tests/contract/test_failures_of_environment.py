"""Builds in an environment that is broken: the platform's promises, its disk, network and tools, and our own files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from support.build_user import python_path, run_as
from support.contract import ContractPlatform
from support.distributions import Distribution
from support.failing_builds import OURS, Case, build_case, check_text, shown
from support.flask_project import DISTRIBUTIONS, write_flask_app
from support.local_index import LocalIndex
from support.small_disk import small_disk

pytestmark = pytest.mark.slow

NO_HOST = "https://index.invalid/simple/"
LARGE = Distribution(name="large", modules={"large.py": "#" * (400 << 10)})
CASES = {
    "services that are no JSON": Case(env={"VCAP_SERVICES": "s3cret"}, says=(shown("ML-ENV-005"), "VCAP_SERVICES")),
    "a host that nobody knows": Case(
        env={"PIP_INDEX_URL": NO_HOST}, says=(shown("ML-NET-005"), "index.invalid")
    ),
    "a proxy that is not there": Case(
        env={"PIP_INDEX_URL": NO_HOST, "HTTPS_PROXY": "http://127.0.0.1:9"},
        says=(shown("ML-NET-006"), "index.invalid", "refused"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_environment_that_is_broken_is_explained(
    platform: ContractPlatform, index: LocalIndex, tmp_path: Path, case: Case
) -> None:
    """By what is at fault, not by what did not work because of it."""
    check_text(case, build_case(case, platform, index, tmp_path / "app"))


def test_builder_without_git_is_told_what_needs_it(
    platform: ContractPlatform, index: LocalIndex, tmp_path: Path, open_dir: Path
) -> None:
    """A PATH with everything that a build needs but git."""
    case = Case(
        requirements="flask\nown @ git+http://127.0.0.1:9/own.git\n",
        says=(shown("ML-ENV-006"), "requirements.txt:2", "own @ git+http://127.0.0.1:9/own.git"),
    )
    without_git = replace(platform, container_env={"PATH": str(_programs(open_dir / "bin", "sh", "python3"))})

    check_text(case, build_case(case, without_git, index, tmp_path / "app"))


@pytest.mark.parametrize("name", ["CNB_LAYERS_DIR", "CNB_PLATFORM_DIR"])
def test_platform_that_breaks_its_promise_is_told_which(platform: ContractPlatform, tmp_path: Path, name: str) -> None:
    """As when somebody starts bin/build by hand."""
    env = {"PATH": python_path(), "CNB_BUILDPACK_DIR": str(platform.buildpack_dir), "CNB_LAYERS_DIR": str(tmp_path),
           "CNB_PLATFORM_DIR": str(tmp_path)}  # fmt: skip
    app = write_flask_app(tmp_path / "app")

    done = _build_by_hand(platform, app, {key: value for key, value in env.items() if key != name})

    assert 1 == done[0]
    assert shown("ML-ENV-003") in done[1]
    assert name in done[1]


@pytest.mark.parametrize("requirements", ["flask\n", "flask\nlarge\n"], ids=["while installing", "while downloading"])
def test_full_disk_is_said_as_such(
    platform: ContractPlatform, index: LocalIndex, tmp_path: Path, open_dir: Path, requirements: str
) -> None:
    """Whoever met it first: uv in its own words, or the system in ours."""
    index.offer(*DISTRIBUTIONS, LARGE)
    app = write_flask_app(tmp_path / "app", requirements)
    with small_disk(open_dir / "small", size="260k") as disk:
        result = replace(platform, root=disk).build(app, env={"PIP_INDEX_URL": index.url})

    assert 1 == result.exit_code
    assert shown("ML-ENV-004") in result.output, result.output


@pytest.mark.parametrize(
    ("part", "says"),
    [
        pytest.param("vendor/bin/uv", shown("ML-INT-002"), id="a tool that cannot be started"),
        pytest.param("src/model_server/__main__.py", shown("ML-INT-001"), id="a file that cannot be read"),
    ],
)
def test_damage_of_our_own_asks_for_a_report(
    platform: ContractPlatform, index: LocalIndex, tmp_path: Path, open_dir: Path, part: str, says: str
) -> None:
    """Nothing that the user did is at fault, so nothing is advised to them."""
    damaged = Path(shutil.copytree(platform.buildpack_dir, open_dir / "damaged", symlinks=True))
    (damaged / part).chmod(0)
    app = write_flask_app(tmp_path / "app")

    result = replace(platform, buildpack_dir=damaged).build(app, env={"PIP_INDEX_URL": index.url})

    assert 1 == result.exit_code
    assert says in result.output, result.output
    assert OURS in result.output


def _programs(directory: Path, *names: str) -> Path:
    directory.mkdir()
    for name in names:
        found = shutil.which(name, path=python_path())
        assert found is not None
        (directory / name).symlink_to(Path(found).resolve())
    return directory


def _build_by_hand(platform: ContractPlatform, app: Path, env: Mapping[str, str]) -> tuple[int, str]:
    program = str(platform.buildpack_dir / "bin" / "build")
    done = run_as(platform.user, (program,), cwd=app, env=env, merged=True)
    return done.exit_code, done.stdout

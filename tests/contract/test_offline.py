"""Builds without a network: everything lies in the project, and nothing is asked for.

Every address is out of reach here, through a proxy that is not there, so whatever asks fails at once. That it works
with no network at all is shown where there are containers: tests/image/test_offline.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.contract import BuildResult, ContractPlatform
from support.distributions import Distribution
from support.failing_builds import shown
from support.flask_project import DISTRIBUTIONS, write_flask_app
from support.local_index import UNREACHABLE_INDEX

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"
OFFLINE = {
    "PIP_INDEX_URL": UNREACHABLE_INDEX, "HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "PIP_RETRIES": "0",
    "UV_HTTP_RETRIES": "0",
}  # fmt: skip
INSTALLED = ["flask-3.1.0", "gunicorn-23.0", "tiny_model-1.0", "werkzeug-3.0"]


def write_app(app: Path, directory: str, requirements: str, *left_out: str) -> Path:
    """A Flask app with its packages in a directory, but for those left out."""
    write_flask_app(app, requirements)
    (app / directory).mkdir()
    for one in DISTRIBUTIONS:
        name, content = (one.sdist_name, one.sdist()) if one.sdist_only else (one.wheel_name, one.wheel())
        if one.name not in left_out:
            (app / directory / name).write_bytes(content)
    return app


def installed(platform: ContractPlatform) -> list[str]:
    """The distributions in the environment of the last build."""
    return sorted(path.name.removesuffix(".dist-info") for path in platform.layers_dir.glob("venv/lib/*/*/*.dist-info"))


def succeed(result: BuildResult) -> BuildResult:
    """The result, which must be a success."""
    assert 0 == result.exit_code, result.output
    return result


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
@pytest.mark.parametrize("directory", ["wheelhouse", "vendor"])
def test_project_with_its_packages_builds_offline(
    platform: ContractPlatform, tmp_path: Path, directory: str, resolver: str
) -> None:
    """The first build and the second; the log says why no index was asked, and that the directory is shipped."""
    app = write_app(tmp_path / "app", directory, "flask\ntiny-model==1.0\n")
    env = {**OFFLINE, "BP_RESOLVER": resolver}

    first = succeed(platform.build(app, env=env))
    packages = installed(platform)
    second = succeed(platform.build(app, env=env, previous=first.image, cache=first.cache))

    assert INSTALLED == packages
    assert f"Packages from {directory} (6 files): no index is asked" in first.output
    assert "The directory is part of the image too." in first.output
    assert (True, True) == (second.layers["venv"].reused, "Keeping the lock" in second.output)


def test_directory_anywhere_is_named_by_a_setting(platform: ContractPlatform, tmp_path: Path) -> None:
    """A key in the project's own file does as well."""
    app = write_app(tmp_path / "app", "packages", "flask\ntiny-model==1.0\n")
    (app / "ml-buildpack.toml").write_text('wheelhouse = "packages"\n')

    succeed(platform.build(app, env=OFFLINE))

    assert INSTALLED == installed(platform)


def test_source_distribution_is_built_offline(platform: ContractPlatform, tmp_path: Path) -> None:
    """What its build needs has to be in the directory too; this one needs nothing."""
    app = write_app(tmp_path / "app", "wheelhouse", "flask\nfrom-source\n")

    succeed(platform.build(app, env=OFFLINE))

    assert "from_source-1.0" in installed(platform)


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
def test_index_lines_of_requirements_do_not_matter_then(
    platform: ContractPlatform, tmp_path: Path, resolver: str
) -> None:
    """The same file serves with a network and without one."""
    lines = f"--index-url {UNREACHABLE_INDEX}\n--extra-index-url https://download.pytorch.org/whl/cpu\n"
    app = write_app(tmp_path / "app", "wheelhouse", f"{lines}flask\ntiny-model==1.0\n")

    succeed(platform.build(app, env={**OFFLINE, "BP_RESOLVER": resolver}))

    assert INSTALLED == installed(platform)


@pytest.mark.parametrize("resolver", ["uv", "pip-tools"])
def test_missing_server_is_named(platform: ContractPlatform, tmp_path: Path, resolver: str) -> None:
    """Nobody thinks of it, because no requirement names it; the command brings it."""
    app = write_app(tmp_path / "app", "wheelhouse", "flask\ntiny-model==1.0\n", "gunicorn")

    result = platform.build(app, env={**OFFLINE, "BP_RESOLVER": resolver})

    assert 1 == result.exit_code
    assert shown("ML-LOCK-015") in result.output
    assert "\n    gunicorn\n" in result.output
    assert "-r requirements.txt gunicorn" in result.output


def test_everything_that_is_missing_is_named_at_once(platform: ContractPlatform, tmp_path: Path) -> None:
    """Each round may mean a walk to another network."""
    app = write_app(tmp_path / "app", "wheelhouse", "flask\ntiny-model==1.0\n", "gunicorn", "flask")

    result = platform.build(app, env=OFFLINE)

    assert 1 == result.exit_code
    assert "\n    flask\n    gunicorn\n" in result.output


def test_changed_directory_is_resolved_again(platform: ContractPlatform, tmp_path: Path) -> None:
    """A file that a kept lock names may be gone."""
    app = write_app(tmp_path / "app", "wheelhouse", "flask\ntiny-model\n")
    first = succeed(platform.build(app, env=OFFLINE))
    newer = Distribution(name="tiny-model", version="3.0")
    (app / "wheelhouse" / newer.wheel_name).write_bytes(newer.wheel())
    (app / "wheelhouse" / "tiny_model-2.0-py3-none-any.whl").unlink()

    second = succeed(platform.build(app, env=OFFLINE, previous=first.image, cache=first.cache))

    assert "tiny-model 2.0 -> 3.0" in second.output
    assert "the package indexes changed" in second.output


def test_one_vendored_wheel_does_not_switch_the_index_off(platform: ContractPlatform, tmp_path: Path) -> None:
    """The requirements name it by its path, so the directory is an ordinary one."""
    app = write_flask_app(tmp_path / "app", "flask\n./vendor/tiny_model-1.0-py3-none-any.whl\n")
    (app / "vendor").mkdir()
    (app / "vendor" / "tiny_model-1.0-py3-none-any.whl").write_bytes(Distribution(name="tiny-model").wheel())

    result = platform.build(app, env=OFFLINE)

    assert (1, True) == (result.exit_code, "no index is asked" not in result.output)
    assert "[Error ML-NET-00" in result.output

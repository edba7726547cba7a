"""A first build of a small application, as the lifecycle sees it: layers, launch, log, and requests to the index."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.contract import BuildResult, ContractPlatform
from support.contract_values import Types
from support.flask_project import FirstBuild
from support.local_index import Faults, LocalIndex

WriteApp = Callable[..., Path]
FETCHED = [
    "flask-3.1.0-py3-none-any.whl",
    "gunicorn-23.0-py3-none-any.whl",
    "tiny_model-1.0-py3-none-any.whl",
    "werkzeug-3.0-py3-none-any.whl",
]
INSTALLED = ["flask-3.1.0", "gunicorn-23.0", "tiny_model-1.0", "werkzeug-3.0"]


def site_packages(platform: ContractPlatform) -> Path:
    """Where the packages of the last build are."""
    (found,) = (platform.layers_dir / "venv" / "lib").glob("python3.*/site-packages")
    return found


def installed(platform: ContractPlatform) -> list[str]:
    """The distributions in the environment of the last build."""
    return sorted(path.name.removesuffix(".dist-info") for path in site_packages(platform).glob("*.dist-info"))


def succeed(result: BuildResult) -> BuildResult:
    """The result, which must be a success."""
    assert 0 == result.exit_code, result.output
    return result


def test_a_first_build_makes_every_layer(first_build: FirstBuild) -> None:
    """What is launched is not cached, what is cached is not launched; each wheel is fetched once."""
    assert {
        "lock": Types(cache=True),
        "server": Types(launch=True),
        "venv": Types(launch=True),
        "wheels": Types(cache=True),
    } == {name: layer.types for name, layer in first_build.result.layers.items()}
    assert FETCHED == list(first_build.fetched)
    assert INSTALLED == installed(first_build.platform)
    assert FETCHED == sorted(path.name for path in (first_build.platform.layers_dir / "wheels").iterdir())


def test_a_build_launches_a_web_process_by_default(first_build: FirstBuild) -> None:
    """Tekton, Shipwright and Cloud Foundry look for a process of that name."""
    (web,) = first_build.result.launch.processes

    assert ("web", True) == (web.type, web.default)
    assert "app:app" in (*web.command, *web.args)


def test_a_build_says_what_it_found_and_did(first_build: FirstBuild) -> None:
    """In the order in which it happened."""
    said = ["[Project]", "Requirements: requirements.txt", "Web: app.py:3 app (flask, wsgi)", "[Dependencies]",
            "Resolving with uv (the default): there is no lock yet", "4 packages", "[Layers]", "Making 'server'",
            "Making 'venv'", "4 wheels: 0 kept, 4 fetched"]  # fmt: skip
    places = [first_build.result.output.find(part) for part in said]

    assert -1 not in places, (said, first_build.result.output)
    assert sorted(places) == places


def test_the_python_of_the_layer_starts_from_bytecode_alone(first_build: FirstBuild) -> None:
    """What the application imports is compiled, by hash, and loaded from there; what it does not import is not."""
    packages = site_packages(first_build.platform)
    compiled = {path.relative_to(packages).as_posix().split(".")[0] for path in packages.rglob("*.pyc")}

    run = start(first_build.platform, "-v", "-c", "import app")

    assert {"flask/__pycache__/__init__", "flask/__pycache__/app"} <= compiled
    assert "flask/__pycache__/unused" not in compiled
    loaded = re.findall(r"^# code object from '?(/[^'\n]+?)'?$", run.stderr, re.MULTILINE)
    assert {"flask/__pycache__/__init__", "flask/__pycache__/app", "__pycache__/app"} == {
        Path(path)
        .relative_to(packages if packages in Path(path).parents else first_build.platform.app_dir)
        .as_posix()
        .split(".")[0]
        for path in loaded
        if Path(path).is_relative_to(first_build.platform.root)
    }


def start(platform: ContractPlatform, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The image's Python in the application's directory, writing no bytecode."""
    python = platform.layers_dir / "venv" / "bin" / "python"
    return subprocess.run(
        [python, "-B", *arguments], capture_output=True, text=True, check=True, env={}, cwd=platform.app_dir
    )


def test_an_edited_application_is_not_run_from_old_bytecode(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """A developer may mount sources over those of the image: its bytecode is checked against them."""
    succeed(platform.build(write_app(), env={"PIP_INDEX_URL": index.url}))
    source = platform.app_dir / "app.py"
    times = source.stat()
    source.write_text(source.read_text().replace("__name__", "'new app!'"))
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert "new app!\n" == start(platform, "-c", "import app; print(app.app.name)").stdout


def test_files_that_no_application_reads_are_left_out_and_listed(first_build: FirstBuild) -> None:
    """The record of the package agrees, and a list in the layer names each."""
    packages = site_packages(first_build.platform)

    assert ["__init__.py", "app.py", "unused.py"] == sorted(p.name for p in (packages / "flask").glob("*.*"))
    record = (packages / "flask-3.1.0.dist-info" / "RECORD").read_text()
    assert "flask/unused.py," in record
    assert "test" not in record
    assert ".pyi" not in record
    listed = (first_build.platform.layers_dir / "venv" / "left-out.txt").read_text()
    assert [
        "type stubs\t17\tflask\tflask/__init__.pyi",
        "test suites\t23\tflask\tflask/tests/test_flask.py",
    ] == listed.splitlines()
    assert "left out test suites: 23 B in 1 file of flask" in first_build.result.output


@pytest.mark.slow
def test_settings_turn_off_what_is_done_after_installing(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """Nothing is imported, compiled or left out; the layers are others, and the log says so."""
    env = {"PIP_INDEX_URL": index.url}
    first = succeed(platform.build(write_app(), env=env))
    off = {**env, "BP_BYTECODE": "none", "BP_SLIM": "off"}

    result = succeed(platform.build(write_app(), env=off, previous=first.image, cache=first.cache))

    packages = site_packages(platform)
    assert [] == [*platform.layers_dir.rglob("*.pyc"), *platform.app_dir.rglob("*.pyc")]
    assert (packages / "flask" / "tests" / "test_flask.py").is_file()
    assert "Importing" not in result.output
    reason = "what is done after installing changed from bytecode imports, slim auto to bytecode none, slim off"
    assert f"Making 'venv': {reason}" in result.output


def test_an_application_that_cannot_be_imported_is_built_with_a_warning(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """With the place and the reason; everything is compiled then."""
    app = write_app()
    (app / "app.py").write_text("from flask import Flask\nimport nowhere\napp = Flask(__name__)\n")

    result = succeed(platform.build(app, env={"PIP_INDEX_URL": index.url}))

    assert "a module is missing: ModuleNotFoundError: No module named 'nowhere' (app.py:2)" in result.output
    assert [*site_packages(platform).glob("flask/__pycache__/unused.*.pyc")]


def test_the_application_directory_gets_its_bytecode_and_nothing_else(first_build: FirstBuild) -> None:
    """Whatever is left there is exported with the application, on every build again."""
    names = sorted(path.name.split(".")[0] for path in first_build.platform.app_dir.rglob("*"))

    assert ["__pycache__", "app", "app", "requirements"] == names


def test_nothing_is_left_beside_the_layers(first_build: FirstBuild) -> None:
    """Scratch directories would stay for later buildpacks, and on Cloud Foundry they would be exported."""
    result = first_build.result
    known = {*result.layers, *(f"{name}.toml" for name in result.layers), "launch.toml"}

    assert set() == {name for name in result.written if ".sbom." not in name} - known


def test_the_bill_of_materials_lists_what_was_installed(first_build: FirstBuild) -> None:
    """Every distribution, with its version."""
    components = first_build.result.layers["venv"].sbom["cdx"]["components"]
    listed = sorted(
        f"{one['name'].replace('-', '_')}-{one['version']}" for one in components if one["type"] == "library"
    )

    assert INSTALLED == listed


@pytest.mark.slow
def test_two_builds_of_the_same_input_give_the_same_bytes(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """Without anything restored, so that everything is made twice."""
    first = succeed(platform.build(write_app("flask\nfrom-source\n"), env={"PIP_INDEX_URL": index.url}))
    second = succeed(platform.build(write_app("flask\nfrom-source\n"), env={"PIP_INDEX_URL": index.url}))

    assert first.layers == second.layers
    assert first.launch == second.launch


@pytest.mark.slow
def test_pip_tools_gives_the_same_pins(platform: ContractPlatform, index: LocalIndex, write_app: WriteApp) -> None:
    """The resolver decides pins; the files come from the index by one way for both."""
    env = {"PIP_INDEX_URL": index.url}
    uv = succeed(platform.build(write_app("flask\ntiny-model\n"), env=env))
    by_uv = installed(platform)
    pip_tools = succeed(platform.build(write_app("flask\ntiny-model\n"), env={**env, "BP_RESOLVER": "pip-tools"}))

    assert "tiny_model-2.0" in by_uv
    assert by_uv == installed(platform)
    assert uv.layers["venv"].digest == pip_tools.layers["venv"].digest
    assert "Resolving with pip-tools" in pip_tools.output


@pytest.mark.slow
def test_a_source_distribution_is_built_once(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """Its wheel is kept; the source is not needed again."""
    app = write_app("flask\nfrom-source\n")
    first = succeed(platform.build(app, env={"PIP_INDEX_URL": index.url}))
    index.requested.clear()
    second = succeed(platform.build(app, env={"PIP_INDEX_URL": index.url}, cache=first.cache))

    assert "built from-source 1.0 from source" in first.output
    assert "from_source-1.0" in installed(platform)
    assert "from source" not in second.output
    assert [] == index.files_fetched


@pytest.mark.slow
def test_credentials_of_an_index_work_and_are_seen_nowhere(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp
) -> None:
    """Not in the log, in no file of any layer, in no metadata."""
    index.faults = Faults(credentials="ci:s3cr3t-t0ken")
    result = succeed(platform.build(write_app(), env={"PIP_INDEX_URL": index.url_with("ci:s3cr3t-t0ken")}))

    assert FETCHED == index.files_fetched
    assert "s3cr3t" not in result.output
    assert [] == [path for path in platform.layers_dir.rglob("*") if path.is_file() and b"s3cr3t" in path.read_bytes()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"PATH": "/invalid"}, id="PATH"),
        pytest.param({"PYTHONPATH": "/workspace", "PYTHONOPTIMIZE": "2"}, id="PYTHONPATH"),
        pytest.param({"LD_LIBRARY_PATH": "/invalid", "CPATH": "/invalid"}, id="LD_LIBRARY_PATH"),
        pytest.param({"UV_CACHE_DIR": "/invalid", "XDG_CACHE_HOME": "/invalid", "TMPDIR": "/invalid"}, id="caches"),
        pytest.param({"PIP_REQUIRE_VIRTUALENV": "1", "PIP_NO_INDEX": "0", "UV_NO_PROGRESS": "x"}, id="tools"),
    ],
)
def test_hostile_variables_do_no_harm(
    platform: ContractPlatform, index: LocalIndex, write_app: WriteApp, env: dict[str, str]
) -> None:
    """Either they have no effect, or the build says that they cannot be used, and installs nothing."""
    result = platform.build(write_app(), env={"PIP_INDEX_URL": index.url, **env})

    if result.exit_code == 0:
        assert INSTALLED == installed(platform)
    else:
        assert re.search(r"\[Error ML-(ENV|SET)-\d{3}", result.output), result.output
        assert () == result.written

"""The effects of a build as one bundle: where they work, and that nothing temporary stays."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_buildpack.apply.commands import check
from ml_buildpack.apply.tools import Tools, make_tools
from ml_buildpack.cnb.launch import LaunchToml, Process
from ml_buildpack.console import StreamConsole
from ml_buildpack.plan.image_plan import ImagePlan
from ml_buildpack.plan.indexes import IndexPlan
from ml_buildpack.plan.interpreter import InterpreterOrigin
from ml_buildpack.plan.layers import plan_server_layer
from support.build_runs import BuildRuns
from support.workplace import find_uv, real_interpreter


@pytest.fixture
def runs(tmp_path: Path) -> BuildRuns:
    """A project without a build so far."""
    runs = BuildRuns(root=tmp_path)
    runs.write({"app.py": ""})
    return runs


@pytest.fixture
def tools(runs: BuildRuns) -> Iterator[Tools]:
    """The tools of its build."""
    with make_tools(runs.context(), StreamConsole(out=io.StringIO())) as made:
        yield made


def test_everything_temporary_is_gone_afterwards(runs: BuildRuns) -> None:
    """Also where the build fails."""
    scratch: list[Path] = []

    def fail() -> None:
        with make_tools(runs.context(), StreamConsole(out=io.StringIO())) as tools:
            scratch.append(tools.scratch)
            (tools.scratch / "file").write_text("")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert [False] == [directory.exists() for directory in scratch]


def test_environment_has_caches_and_home_in_the_scratch_directory(tools: Tools) -> None:
    """Nothing of a build is left in the builder's home directory or in /tmp."""
    env = tools.make_environment((), frozenset())

    places = {name: Path(env[name]) for name in ("HOME", "TMPDIR", "UV_CACHE_DIR")}
    expected = {"HOME": tools.scratch / "home", "TMPDIR": tools.scratch, "UV_CACHE_DIR": tools.scratch / "uv-cache"}
    assert expected == places


def test_variables_of_lines_and_certificates_of_bindings_reach_the_tools(tmp_path: Path) -> None:
    """One bundle under every name."""
    runs = BuildRuns(root=tmp_path, variables={"TOKEN": "secret", "SSL_CERT_FILE": str(tmp_path / "none.pem")})
    with make_tools(runs.context(), StreamConsole(out=io.StringIO())) as tools:
        env = tools.make_environment(("authority",), frozenset({"TOKEN"}))
        assert ("secret", "authority\n") == (env["TOKEN"], Path(env["PIP_CERT"]).read_text())


def test_uv_is_the_one_that_is_packaged_or_installed(tools: Tools) -> None:
    """Never one of PATH, which may be of any version."""
    assert find_uv() == tools.uv
    assert check((str(tools.uv), "--version"), env={}, cwd=tools.scratch).output.startswith("uv ")


def test_builders_promise_reaches_the_search_for_interpreters(tmp_path: Path) -> None:
    """A variable of the builder says which Python its run image has."""
    runs = BuildRuns(root=tmp_path, variables={"BP_RUN_IMAGE_PYTHON": real_interpreter().minor})
    with make_tools(runs.context(), StreamConsole(out=io.StringIO())) as tools:
        assert [InterpreterOrigin.RUN_IMAGE] == [one.origin for one in tools.find_interpreters()]


def test_finish_writes_the_launch_file_and_drops_what_nobody_makes(runs: BuildRuns, tools: Tools) -> None:
    """Layers of an older release go; caches stay; the application is readable for the image's user."""
    for name in ("server", "lock", "wheels", "heavy"):
        (runs.layers_dir / f"{name}.toml").write_text("")
    (runs.app_dir / "app.py").chmod(0o600)
    launch = LaunchToml(processes=(Process(type="web", command=("python", "a.py"), default=True),))
    layers = (plan_server_layer(real_interpreter(), sources_digest="s1"),)

    tools.finish(ImagePlan(layers=layers, launch=launch, lock=None))

    names = sorted(path.name for path in runs.layers_dir.iterdir())
    assert ["launch.toml", "lock.toml", "server.toml", "wheels.toml"] == names
    assert launch.to_toml() == (runs.layers_dir / "launch.toml").read_text()
    assert 0o644 == (runs.app_dir / "app.py").stat().st_mode & 0o777


def test_server_digest_is_that_of_this_release(tools: Tools) -> None:
    """It names every file of our in-image package."""
    assert 64 == len(tools.server_digest())


def test_logins_are_in_one_file_that_only_the_build_can_read(tools: Tools) -> None:
    """Where git's library looks, and under the variable that pip and uv read; variables of the plan win."""
    indexes = IndexPlan(
        variables={"PIP_INDEX_URL": "https://a.test", "UV_INDEX": ""},
        netrc="machine a.test login me password s3cret\n",
        secrets=frozenset(),
        wheelhouse=None,
        is_mixed=False,
        warnings=(),
    )

    env = tools.make_environment((), frozenset(), indexes)

    netrc = Path(env["HOME"]) / ".netrc"
    assert (str(netrc), indexes.netrc, 0o600) == (env["NETRC"], netrc.read_text(), netrc.stat().st_mode & 0o777)
    assert ("https://a.test", "https://a.test") == (env["PIP_INDEX_URL"], env["UV_DEFAULT_INDEX"])


def test_files_with_logins_are_removed_from_the_application(runs: BuildRuns) -> None:
    """And said. One that is gone already is no trouble."""
    runs.write({"netrc": "", "app.py": ""})
    out = io.StringIO()
    with make_tools(runs.context(), StreamConsole(out=out)) as tools:
        tools.leave_out(("netrc", "pip.conf"))

    assert "  Left out of the image: netrc, which holds logins\n" == out.getvalue()
    assert not (runs.app_dir / "netrc").exists()

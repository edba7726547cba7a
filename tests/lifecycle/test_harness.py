"""The real lifecycle on a scripted buildpack: its harness works, and the contract level's stand-in tells the truth.

What the fast tests believe about restores and broken outputs is compared here with the real binaries, so that a new
version of the lifecycle that behaves differently is noticed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.build_user import User
from support.contract import ContractPlatform
from support.layer_archive import LAYER_MTIME_S
from support.lifecycle import Lifecycle, PhaseFailed

pytestmark = pytest.mark.lifecycle

PROBE = Path(__file__).resolve().parent.parent / "support" / "probe_buildpack"
PASSING = 'printf \'[[provides]]\\nname = "probe"\\n[[requires]]\\nname = "probe"\\n\' > "$CNB_BUILD_PLAN_PATH"\n'
ALL_TYPES = ("launch", "launch cache", "launch build cache", "launch build", "cache", "build cache", "build")
# What lies in the layers directory when the build begins, contents of files included.
LOOK = 'for f in *; do echo "$f"; done; cat a.toml 2>/dev/null || true\n'
BEGIN, END = "BEGIN LOOK", "END LOOK"

ScriptedApp = Callable[[str], Path]


@pytest.fixture
def scripted(tmp_path: Path) -> ScriptedApp:
    """Writes an app whose build does what the script says, in the layers directory."""

    def write(build: str) -> Path:
        app = tmp_path / "app"
        app.mkdir(exist_ok=True)
        (app / "detect.sh").write_text(PASSING)
        (app / "build.sh").write_text(f'cd "$CNB_LAYERS_DIR"\necho "{BEGIN}"\n{build}\necho "{END}"\n')
        return app

    return write


@pytest.fixture
def probed(lifecycle_tools: Path, open_dir: Path, build_user: User) -> Lifecycle:
    """The lifecycle with the scripted buildpack."""
    root = open_dir / "real"
    root.mkdir()
    return Lifecycle(tools=lifecycle_tools, buildpack_dir=_copied_probe(open_dir), root=root, user=build_user)


@pytest.fixture
def platform(open_dir: Path, build_user: User) -> ContractPlatform:
    """The stand-in with the scripted buildpack."""
    root = open_dir / "stand-in"
    root.mkdir()
    return ContractPlatform(buildpack_dir=_copied_probe(open_dir), root=root, user=build_user)


def _copied_probe(open_dir: Path) -> Path:
    target = open_dir / "probe"
    if not target.exists():
        shutil.copytree(PROBE, target)
    return target


def layer(types: str) -> str:
    """A script that writes a layer with a file and a piece of metadata."""
    table = "".join(f"{kind} = true\\n" for kind in types.split())
    return f"mkdir a; echo one > a/file; printf '[types]\\n{table}[metadata]\\nkey = \"one\"\\n' > a.toml\n"


def looked(log: str) -> str:
    """What the build's script printed."""
    return log.partition(f"{BEGIN}\n")[2].partition(END)[0]


@pytest.mark.parametrize("remembered", ["both", "image", "cache"])
@pytest.mark.parametrize("types", ALL_TYPES)
def test_the_stand_in_restores_what_the_lifecycle_restores(
    probed: Lifecycle, platform: ContractPlatform, scripted: ScriptedApp, types: str, remembered: str
) -> None:
    """For every useful combination of types, with the previous image, the cache, or both."""
    app = scripted(layer(types))
    first = platform.build(app)
    probed.build(app)
    if remembered == "image":
        probed.forget_cache()
    elif remembered == "cache":
        probed.forget_image()

    again = scripted(LOOK)
    real = probed.build(again).log
    ours = platform.build(
        again,
        previous=None if remembered == "cache" else first.image,
        cache=None if remembered == "image" else first.cache,
    ).output

    # Go indents the keys of a table.
    assert looked(real).replace("  ", "") == looked(ours)


REFUSED = {
    "malformed file": "echo '[types' > a.toml",
    "types at the top": "mkdir a; echo 'launch = true' > a.toml",
    "cached without contents": "printf '[types]\\nlaunch = true\\ncache = true\\n' > a.toml",
    "reused without image": "printf '[types]\\nlaunch = true\\n' > a.toml",
    "direct": 'printf \'[[processes]]\\ntype = "web"\\ncommand = ["x"]\\ndirect = true\\n\' > launch.toml',
    "command as text": 'printf \'[[processes]]\\ntype = "web"\\ncommand = "x"\\n\' > launch.toml',
    "undeclared format": layer("launch") + "echo '{}' > a.sbom.spdx.json",
    "own ignored layer": "mkdir a a.ignore; touch a.ignore/x; printf '[metadata]\\n' > a.toml",
}


@pytest.mark.parametrize("script", REFUSED.values(), ids=REFUSED)
def test_the_lifecycle_refuses_what_the_stand_in_refuses(
    probed: Lifecycle, platform: ContractPlatform, scripted: ScriptedApp, script: str
) -> None:
    """Those of the rules that are the lifecycle's own; the others are ours."""
    app = scripted(script)

    with pytest.raises(AssertionError):
        platform.build(app)
    with pytest.raises(PhaseFailed) as failure:
        probed.build(app)

    assert failure.value.phase in {"builder", "exporter"}


def test_the_same_build_again_gives_the_same_image(probed: Lifecycle, scripted: ScriptedApp) -> None:
    """Every layer is reused and the manifest's digest does not change."""
    first = probed.build(scripted(layer("launch")))
    second = probed.build(scripted(layer("launch")))

    assert first.image.digest == second.image.digest
    assert frozenset({"probe/scripted:a", "buildpacksio/lifecycle:launcher", "buildpacksio/lifecycle:config"}) <= (
        first.added
    )
    assert {"probe/scripted:a", "buildpacksio/lifecycle:launcher"} <= second.reused
    assert first.image.buildpack_layers == second.image.buildpack_layers


def test_exported_files_are_timeless_and_belong_to_the_build_user(probed: Lifecycle, scripted: ScriptedApp) -> None:
    """1980 for every file, which makes ordinary bytecode stale."""
    image = probed.build(scripted(layer("launch"))).image

    entry = image.entries()[f"{probed.layers_root}/probe_scripted/a/file"]

    assert (LAYER_MTIME_S, probed.user.uid, probed.user.gid) == (entry.mtime, entry.uid, entry.gid)


def test_processes_and_commands_run_as_another_user(probed: Lifecycle, scripted: ScriptedApp) -> None:
    """The launcher applies the layers' variables and runs exec.d before a command."""
    script = (
        layer("launch")
        + "mkdir -p a/env.launch a/exec.d; printf 8080 > a/env.launch/ONE.default\n"
        + "printf '#!/bin/sh\\necho TWO=\\\\\"two\\\\\" >&3\\n' > a/exec.d/two; chmod 755 a/exec.d/two\n"
    )
    image = probed.build(scripted(script)).image

    output = probed.run_command(image, "sh", "-c", "echo $ONE $TWO $THREE; pwd; cat $PWD/../layers/*/a/file", THREE="3")

    assert f"8080 two 3\n{probed.app_dir}\none\n" == output


def test_a_web_process_answers(probed: Lifecycle, scripted: ScriptedApp) -> None:
    """Started by the real launcher on the unpacked image, stopped by SIGTERM."""
    serve = "exec python3 -m http.server --bind 127.0.0.1 $PORT"
    script = f'printf \'[[processes]]\\ntype = "web"\\ncommand = ["sh", "-c", "{serve}"]\\n\' > launch.toml'
    image = probed.build(scripted(script)).image

    with probed.start(image) as web:
        status, body = web.request("/detect.sh")
        exit_code = web.stop()

    assert (200, PASSING) == (status, body)
    assert -15 == exit_code

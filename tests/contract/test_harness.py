"""The contract harness itself: it runs phases as the lifecycle does, and it notices every kind of broken output.

A harness that accepts everything would make all the other contract tests worthless, so each rule is broken once here,
by a buildpack that does what the app's own scripts say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.build_user import BUILD_UID, GROUP_ID, OURSELVES, User
from support.contract import ContractPlatform, DetectionFailed, DetectResult
from support.contract_rules import ContractViolation, Rule
from support.contract_values import BuiltLayer, BuiltProcess, Cache, Image, Launch, Types
from support.restored_layers import round_trip

PROBE = Path(__file__).resolve().parent.parent / "support" / "probe_buildpack"
PASSING = 'printf \'[[provides]]\\nname = "probe"\\n[[requires]]\\nname = "probe"\\n\' > "$CNB_BUILD_PLAN_PATH"'
LAUNCH_LAYER = "mkdir a; printf '[types]\\nlaunch = true\\n' > a.toml\n"

ScriptedApp = Callable[..., Path]


@pytest.fixture
def platform(open_dir: Path, build_user: User) -> ContractPlatform:
    """A platform whose buildpack does what the app says."""
    return ContractPlatform(buildpack_dir=PROBE, root=open_dir, user=build_user)


@pytest.fixture
def scripted(tmp_path: Path) -> ScriptedApp:
    """Writes an app: what its build does in the layers directory, and what its detection does."""

    def write(build: str = "", *, detect: str = PASSING) -> Path:
        app = tmp_path / "app"
        app.mkdir(exist_ok=True)
        (app / "detect.sh").write_text(detect + "\n")
        (app / "build.sh").write_text(f'app=$PWD\ncd "$CNB_LAYERS_DIR"\n{build}\n')
        return app

    return write


def layer(types: str, *, name: str = "a", content: str = "one") -> str:
    """A script that writes a layer with one file and a piece of metadata."""
    table = "".join(f"{kind} = true\\n" for kind in types.split())
    return (
        f"mkdir -p {name}; printf %s '{content}' > {name}/file\n"
        f"printf '[types]\\n{table}[metadata]\\nkey = \"{content}\"\\n' > {name}.toml\n"
    )


# One script for each rule that bin/build can break, as the shell writes it in the layers directory.
BROKEN_BUILDS = {
    Rule.NO_PROCESS_LEFT: "sleep 20 &",
    Rule.TOML_READABLE: "echo '[types' > a.toml",
    Rule.LAYER_TABLES: "mkdir a; echo 'launch = true' > a.toml",
    Rule.LAYER_TYPES: "mkdir a; printf '[types]\\nlaunch = \"yes\"\\n' > a.toml",
    Rule.LAYER_METADATA: LAUNCH_LAYER + "printf '[metadata]\\nn = 7\\n' >> a.toml",
    Rule.LAYER_NAME: "mkdir py3.12; printf '[types]\\nlaunch = true\\n' > py3.12.toml",
    Rule.LAYER_SUFFIX: "mkdir a.ignore",
    Rule.LAYER_DIRECTORY: "ln -s /usr a; printf '[types]\\nlaunch = true\\n' > a.toml",
    Rule.LAYER_CONTENTS: "printf '[types]\\nlaunch = true\\ncache = true\\n' > a.toml",
    Rule.LAYER_REUSE: "printf '[types]\\nlaunch = true\\n' > a.toml",
    Rule.LAYER_FILES: LAUNCH_LAYER + "mkfifo a/pipe",
    Rule.LAYER_READABLE: LAUNCH_LAYER + "touch a/secret; chmod 600 a/secret",
    Rule.LAYER_HARDLINK: LAUNCH_LAYER + "touch a/one; ln a/one a/two",
    Rule.LAYER_BYTECODE: LAUNCH_LAYER + "printf '\\247\\r\\r\\n\\0\\0\\0\\0time' > a/m.pyc",
    Rule.LAYER_BUILDPACK_PATH: LAUNCH_LAYER + 'echo "home = $CNB_BUILDPACK_DIR/python" > a/pyvenv.cfg',
    Rule.ENV_NEWLINE: LAUNCH_LAYER + "mkdir a/env; echo 8080 > a/env/PORT.default",
    Rule.ENV_SUFFIX: LAUNCH_LAYER + "mkdir a/env; printf 8080 > a/env/PORT.defualt",
    Rule.ENV_DELIMITER: LAUNCH_LAYER + "mkdir a/env; printf /x > a/env/PYTHONPATH.prepend",
    Rule.ENV_FOLDER: LAUNCH_LAYER + "mkdir -p a/env/web; printf 1 > a/env/web/ONE",
    Rule.EXEC_D: LAUNCH_LAYER + "mkdir a/exec.d; echo hello > a/exec.d/README",
    Rule.LAUNCH_KEYS: 'printf \'[[processes]]\\ntype = "web"\\ncommand = ["x"]\\ndirect = true\\n\' > launch.toml',
    Rule.PROCESS_TYPE: 'printf \'[[processes]]\\ntype = "my web"\\ncommand = ["x"]\\n\' > launch.toml',
    Rule.PROCESS_COMMAND: 'printf \'[[processes]]\\ntype = "web"\\ncommand = "x"\\n\' > launch.toml',
    Rule.PROCESS_DEFAULT: (
        "for p in a b; do\n"
        "printf '[[processes]]\\ntype = \"'$p'\"\\ncommand = [\"x\"]\\ndefault = true\\n'\n"
        "done > launch.toml"
    ),
    Rule.PROCESS_WORKING_DIR: (
        'printf \'[[processes]]\\ntype = "web"\\ncommand = ["x"]\\nworking-dir = "src"\\n\' > launch.toml'
    ),
    Rule.LABEL: "printf '[[labels]]\\nkey = \"a\"\\n' > launch.toml",
    Rule.SLICE: "printf '[[slices]]\\npaths = [\"/workspace/models\"]\\n' > launch.toml",
    Rule.BUILD_TOML: "printf '[[unmet]]\\nname = \"other\"\\n' > build.toml",
    Rule.STORE_TOML: "printf 'key = \"value\"\\n' > store.toml",
    Rule.SBOM_FORMAT: LAUNCH_LAYER + "echo '{}' > a.sbom.spdx.json",
    Rule.SBOM_LAYER: "echo '{}' > gone.sbom.cdx.json",
    Rule.SBOM_SAME: LAUNCH_LAYER + 'echo \'{"serialNumber": "urn:uuid:1"}\' > a.sbom.cdx.json',
}
BROKEN_DETECTIONS = {
    Rule.DETECT_READS_ONLY: "touch new-file",
    Rule.DETECT_PLAN_KEYS: 'printf \'[[requires]]\\nname = "x"\\nversion = "1"\\n\' > "$CNB_BUILD_PLAN_PATH"',
    Rule.DETECT_STANDS_ALONE: 'printf \'[[requires]]\\nname = "cpython"\\n\' > "$CNB_BUILD_PLAN_PATH"',
}


@pytest.mark.parametrize("rule", BROKEN_BUILDS, ids=lambda rule: rule.name)
def test_a_build_that_breaks_a_rule_is_noticed(platform: ContractPlatform, scripted: ScriptedApp, rule: Rule) -> None:
    """Each rule by the smallest output that breaks it, and it alone."""
    with pytest.raises(ContractViolation) as violation:
        platform.build(scripted(BROKEN_BUILDS[rule]))

    assert rule == violation.value.rule


@pytest.mark.parametrize("rule", BROKEN_DETECTIONS, ids=lambda rule: rule.name)
def test_a_detection_that_breaks_a_rule_is_noticed(
    platform: ContractPlatform, scripted: ScriptedApp, rule: Rule
) -> None:
    """A plan that needs another buildpack is allowed to detect, and fails a build that has none."""
    with pytest.raises(ContractViolation) as violation:
        platform.build(scripted(detect=BROKEN_DETECTIONS[rule]))

    assert rule == violation.value.rule


def test_no_rule_is_untested() -> None:
    """A rule that nothing breaks here may as well not be checked."""
    assert set(Rule) == {*BROKEN_BUILDS, *BROKEN_DETECTIONS}


def test_detection_that_fails_has_its_exit_code_and_words(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """100 is the quiet no; what it wrote to the plan before is not read."""
    result = platform.detect(scripted(detect="echo 'not mine' >&2; echo '[' > \"$CNB_BUILD_PLAN_PATH\"; exit 100"))

    assert DetectResult(exit_code=100, stdout="", stderr="not mine\n", plan={}) == result


def test_a_build_without_a_passed_detection_is_refused(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """A lifecycle would not get that far."""
    with pytest.raises(DetectionFailed):
        platform.build(scripted(detect="exit 100"))


def test_phases_run_as_another_user_without_groups(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """Root could write everywhere, and would hide what fails on every platform."""
    user = platform.user
    output = platform.build(scripted("id -u; id -g; id -G; umask")).output

    assert f"{user.uid}\n{user.gid}\n" in output
    if user != OURSELVES:
        assert f"{BUILD_UID}\n{GROUP_ID}\n{GROUP_ID}\n0022\n" == output


def test_the_environment_is_an_allow_list_and_the_users_files(
    platform: ContractPlatform, scripted: ScriptedApp
) -> None:
    """Of the container's variables few arrive; the user's do, verbatim, search paths in front of the container's."""
    container = {
        "LANG": "de_DE.UTF-8",
        "PIP_INDEX_URL": "http://x",
        "TMPDIR": "/x",
        "no_proxy": "localhost",
        "PATH": "/bin",
    }
    app = scripted("env | LC_ALL=C sort | grep -v -e ^_= -e ^PWD= -e ^OLDPWD= -e ^SHLVL=")

    output = (
        replace(platform, container_env=container)
        .build(app, env={"BP_RESOLVER": "uv\n", "PATH": "/mine", "CNB_TARGET_OS": "plan9"})
        .output
    )

    root, layers = platform.root, platform.layers_dir
    assert [
        "",
        "BP_RESOLVER=uv",
        f"CNB_BP_PLAN_PATH={root}/plan/buildpack_plan.toml",
        f"CNB_BUILDPACK_DIR={PROBE}",
        f"CNB_LAYERS_DIR={layers}",
        f"CNB_PLATFORM_DIR={root}/platform",
        "CNB_TARGET_ARCH=amd64",
        "CNB_TARGET_DISTRO_NAME=debian",
        "CNB_TARGET_DISTRO_VERSION=13",
        "CNB_TARGET_OS=linux",
        f"HOME={root}/home",
        "PATH=/mine:/bin",
        "no_proxy=localhost",
    ] == sorted(output.splitlines())


def test_the_plan_file_is_private_and_arguments_are_given(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """The plan file exists, is empty and readable for nobody else; directory and plan come as arguments too."""
    look = 'stat -c "%a %s" "$CNB_BUILD_PLAN_PATH"; echo "$1 $2 $PWD"; exit 100'

    result = platform.detect(scripted(detect=look))

    root = platform.root
    assert f"600 0\n{root}/platform {root}/plan/plan.toml {root}/workspace\n" == result.stdout


def test_a_build_is_read_into_values(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """Everything that later tests compare: types, metadata, variables, exec.d, processes, labels, slices, SBOM."""
    script = (
        layer("launch cache")
        + "mkdir -p a/env.launch/web a/exec.d; printf 8080 > a/env.launch/web/PORT.default\n"
        + "printf '#!/bin/sh\\n' > a/exec.d/limits; chmod 755 a/exec.d/limits\n"
        + "echo '{\"components\": []}' > a.sbom.cdx.json\n"
        + 'printf \'[[processes]]\\ntype = "web"\\ncommand = ["python"]\\nargs = ["-m", "x"]\\ndefault = true\\n'
        + '[[labels]]\\nkey = "k"\\nvalue = "v"\\n[[slices]]\\npaths = ["models"]\\n\' > launch.toml\n'
    )

    result = platform.build(scripted(script))

    assert {
        "a": BuiltLayer(
            types=Types(launch=True, cache=True),
            metadata={"key": "one"},
            digest=result.layers["a"].digest,
            env={"env.launch/web/PORT.default": "8080"},
            exec_d=("limits",),
            sbom={"cdx": {"components": []}},
        )
    } == result.layers
    assert (
        Launch(
            processes=(BuiltProcess(type="web", command=("python",), args=("-m", "x"), default=True),),
            labels={"k": "v"},
            slices=(("models",),),
        )
        == result.launch
    )
    assert ("a", "a.sbom.cdx.json", "a.toml", "launch.toml") == result.written


def test_a_failed_build_exports_nothing(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """Its layers are not looked at: they may be half written."""
    result = platform.build(scripted("mkdir half; echo '[' > half.toml; echo 'went wrong' >&2; exit 7"))

    assert (7, "went wrong\n", ("half", "half.toml"), {}, None, None) == (
        result.exit_code,
        result.output,
        result.written,
        result.layers,
        result.image,
        result.cache,
    )


def test_digests_depend_on_names_modes_and_contents_only(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """Times and owners are made equal by the exporter."""
    first = platform.build(scripted(layer("launch")))
    touched = platform.build(scripted(layer("launch") + "touch -d 2001-01-01 a/file"))
    changed_mode = platform.build(scripted(layer("launch") + "chmod 755 a/file"))
    renamed = platform.build(scripted(layer("launch") + "mv a/file a/elif"))

    digests = [build.layers["a"].digest for build in (first, touched, changed_mode, renamed)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == len(digests) - 1


LOOK = 'for f in *; do echo "$f"; done; cat a.toml 2>/dev/null || true\n'
TOML, FILES = "a.toml", "a"
# types; what the platform still has, and its API; what is there again
RESTORE_TABLE = [
    ("launch", "image, cache", (0, 13), {TOML}),
    ("launch", "cache", (0, 14), set()),
    ("launch cache", "image, cache", (0, 13), {TOML, FILES}),
    ("launch cache", "cache", (0, 13), set()),
    ("launch cache", "cache", (0, 14), {TOML, FILES}),
    ("launch cache", "image", (0, 14), set()),
    ("launch build cache", "image, cache", (0, 13), {TOML, FILES}),
    ("launch build", "image, cache", (0, 13), set()),
    ("cache", "image, cache", (0, 13), {TOML, FILES}),
    ("cache", "cache", (0, 13), {TOML, FILES}),
    ("cache", "image", (0, 13), set()),
    ("build cache", "cache", (0, 13), {TOML, FILES}),
    ("build", "image, cache", (0, 13), set()),
]


@pytest.mark.parametrize(("types", "remembered", "api", "expected"), RESTORE_TABLE)
def test_layers_come_back_by_the_table(
    platform: ContractPlatform,
    scripted: ScriptedApp,
    types: str,
    remembered: str,
    api: tuple[int, int],
    expected: set[str],
) -> None:
    """The table of the specification, "Layer Types", with the lifecycle's reading of it."""
    platform = replace(platform, platform_api=api)
    first = platform.build(scripted(layer(types)))

    second = platform.build(
        scripted(LOOK),
        previous=first.image if "image" in remembered else None,
        cache=first.cache if "cache" in remembered else None,
    )

    assert expected == {TOML, FILES} & set(second.output.splitlines())


def test_types_are_not_restored(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """A buildpack that does not decide them again loses the layer, silently."""
    first = platform.build(scripted(layer("launch cache")))

    second = platform.build(scripted(LOOK), previous=first.image, cache=first.cache)

    assert 'a\na.toml\n[metadata]\nkey = "one"\n' == second.output
    assert {} == second.layers


@pytest.mark.parametrize("harm", [Cache.without_blob, Cache.with_corrupt_blob])
def test_a_harmed_cache_leaves_the_metadata_without_the_directory(
    platform: ContractPlatform, scripted: ScriptedApp, harm: Callable[[Cache, str], Cache]
) -> None:
    """The restorer only warns; a buildpack that trusts the file alone would fail."""
    first = platform.build(scripted(layer("cache")))
    assert first.cache

    second = platform.build(scripted(LOOK), cache=harm(first.cache, "a"))

    assert TOML in second.output.splitlines()
    assert FILES not in second.output.splitlines()
    assert ('Restoring metadata for "a" from cache', "Skipping restore for layer a") == second.restored


def test_a_cache_of_other_contents_than_the_image_restores_nothing(
    platform: ContractPlatform, scripted: ScriptedApp
) -> None:
    """An image was pushed and the cache not saved: layers that are in both do not belong together."""
    old = platform.build(scripted(layer("launch cache", content="old")))
    new = platform.build(scripted(layer("launch cache", content="new")))

    third = platform.build(scripted(LOOK), previous=new.image, cache=old.cache)

    assert ('Restoring metadata for "a" from app image', 'Removing "a", wrong sha') == third.restored
    assert ["*"] == third.output.splitlines()


def test_a_launch_layer_is_kept_by_its_file_alone(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """Nothing is written but the types; the contents stay those of the previous image."""
    first = platform.build(scripted(layer("launch")))

    keep = "printf '[types]\\nlaunch = true\\n[metadata]\\nkey = \"one\"\\n' > a.toml"
    second = platform.build(scripted(keep), previous=first.image)

    assert {"a": replace(first.layers["a"], reused=True)} == second.layers


def test_store_comes_back_from_the_image_only(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """store.toml is not in the cache, so nothing may depend on it."""
    first = platform.build(scripted("printf '[metadata]\\nkey = \"v\"\\n' > store.toml"))

    kept = platform.build(scripted("cat store.toml"), previous=first.image)
    lost = platform.build(scripted("ls"), cache=first.cache)

    assert '[metadata]\nkey = "v"\n' == kept.output
    assert "" == lost.output
    assert Image(layers={}, store={"key": "v"}) == first.image


def test_numbers_do_not_survive_the_round_trip() -> None:
    """Metadata is stored as JSON in a label, and decoded by Go."""
    assert {"n": 7.0, "s": "7", "t": {"m": [1.0]}} == round_trip({"n": 7, "s": "7", "t": {"m": [1]}})
    assert "7.0" == str(round_trip({"n": 7})["n"])


def test_a_changed_file_in_the_cache_is_restored_as_it_is(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """For tests of what a buildpack does with a cache that is whole and wrong."""
    first = platform.build(scripted(layer("cache")))
    assert first.cache

    second = platform.build(scripted("cat a/file"), cache=platform.change_cached_file(first.cache, "a", "f*", b"other"))

    assert "other" == second.output


def test_modes_come_back_and_times_do_not(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """After a restore every file is new, so nothing may be judged by its age."""
    first = platform.build(scripted(layer("cache") + "chmod 755 a/file; touch -d 2001-01-01 a/file; ln -s file a/link"))

    second = platform.build(
        scripted('stat -c %a a/file; readlink a/link; [ a/file -nt "$app/build.sh" ] && echo new'), cache=first.cache
    )

    assert "755\nfile\nnew\n" == second.output


def test_files_of_the_build_belong_to_its_user(platform: ContractPlatform, scripted: ScriptedApp) -> None:
    """The app and the restored layers can be written; the buildpack's directory cannot, by another user."""
    first = platform.build(scripted(layer("cache")))
    write = 'echo x >> a/file; touch new "$app/new"; test -w "$CNB_BUILDPACK_DIR" && echo writable || true'

    second = platform.build(scripted(write), cache=first.cache)

    assert (0, "" if platform.user != OURSELVES else second.output) == (second.exit_code, second.output)

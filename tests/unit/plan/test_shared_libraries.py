"""Which missing libraries break a package, which are optional, and which are none of the image's business."""

from __future__ import annotations

import pytest

from ml_buildpack.errors import MissingLibrary
from ml_buildpack.plan.shared_libraries import (
    ElfFile,
    ImageLibraries,
    InstalledFiles,
    LibraryReport,
    find_missing_libraries,
    list_image_needs,
)

SITE = "/site"
IMAGE = ImageLibraries(certain=frozenset({"libc.so.6"}), possible=frozenset({"libgomp.so.1"}), is_listed=False)
SUFFIX = ".cpython-312-x86_64-linux-gnu.so"


def file(path: str, package: str, *needed: str, soname: str = "", search: tuple[str, ...] = ()) -> ElfFile:
    """An ELF file of the folder of packages; every one needs libc."""
    folders = tuple(f"{SITE}/{folder}" for folder in search)
    return ElfFile(path=f"{SITE}/{path}", package=package, needed=("libc.so.6", *needed), soname=soname, search=folders)


def report(*files: ElfFile, requires: dict[str, frozenset[str]] | None = None, kept: str = "") -> LibraryReport:
    """What is missing for those files."""
    installed = InstalledFiles(
        folders=(SITE,), files=files, requires=requires or {}, kept=frozenset({kept} if kept else ())
    )
    return find_missing_libraries(installed, IMAGE)


def missed(found: tuple[MissingLibrary, ...]) -> list[tuple[str, str, str, str]]:
    """Package, file, library, and the file between them."""
    return [(one.package, one.file, one.library, one.through) for one in found]


NOTHING = LibraryReport(broken=(), optional=(), uncertain=())
MODULE = f"cv2/cv2{SUFFIX}"
QT = file("cv.libs/libQt-1a2b.so.5", "cv", "libGL.so.1", soname="libQt-1a2b.so.5")


def test_a_library_is_followed_to_what_it_needs_itself() -> None:
    """OpenCV's module needs Qt, which is there, and Qt needs OpenGL, which is not."""
    module = file(MODULE, "cv", "libQt-1a2b.so.5", search=("cv.libs",))

    assert [("cv", MODULE, "libGL.so.1", "cv.libs/libQt-1a2b.so.5")] == missed(report(module, QT).broken)


def test_a_message_has_the_remedies() -> None:
    """The Debian package of the library, and the requirement that does without it."""
    (missing,) = report(file("cv2/cv2.abi3.so", "opencv-python", "libGL.so.1")).broken

    assert ("libgl1", "opencv-python-headless") == (missing.debian, missing.instead)


@pytest.mark.parametrize(
    "library", ["libcuda.so.1", "libnvidia-ml.so.1", "libnvcuvid.so.1", "libpython3.12.so.1.0", "libc.so.6"]
)
def test_what_others_bring_is_never_missed(library: str) -> None:
    """The host brings the driver, the interpreter itself, the image the C library."""
    assert NOTHING == report(file(MODULE, "cv", library))


def test_libraries_of_required_packages_are_loaded_by_their_own_code() -> None:
    """Torch loads CUDA before its module, whatever the folders say; it requires it by way of another package."""
    cuda = file("nvidia/cu13/lib/libgomp.so.1", "nvidia-runtime", soname="libgomp.so.1")
    requires = {"torch": frozenset({"cuda-toolkit"}), "cuda-toolkit": frozenset({"nvidia-runtime"})}

    assert NOTHING == report(file("torch/_C.abi3.so", "torch", "libgomp.so.1"), cuda, requires=requires)


def test_libraries_that_are_no_systems_may_be_of_any_package() -> None:
    """Torchaudio needs torch's without requiring it."""
    torch = file("torch/lib/libtorch.so", "torch", soname="libtorch.so")

    assert NOTHING == report(torch, file("torchaudio/_a.abi3.so", "torchaudio", "libtorch.so"))


def test_a_copy_of_a_systems_library_in_another_package_is_not_counted_on() -> None:
    """It is there only if the other package happens to be imported first."""
    torch = file("torch/lib/libgomp.so.1", "torch", soname="libgomp.so.1")
    lightgbm = file("lightgbm/lib/lib_lightgbm.so", "lightgbm", "libgomp.so.1")

    assert [("lightgbm", "lightgbm/lib/lib_lightgbm.so", "libgomp.so.1", "")] == missed(
        report(torch, lightgbm).uncertain
    )


def test_what_only_the_build_image_has_is_uncertain() -> None:
    """It is no error, because run images often have it, and no silence."""
    found = report(file("lightgbm/lib/lib_lightgbm.so", "lightgbm", "libgomp.so.1"))

    assert ((), ()) == (found.broken, found.optional)
    assert [("lightgbm", "lightgbm/lib/lib_lightgbm.so", "libgomp.so.1", "")] == missed(found.uncertain)


def test_a_part_that_cannot_be_loaded_is_optional() -> None:
    """Numba has pools of threads for libraries that hardly anybody has, and does without."""
    files = [file(f"numba/{name}{SUFFIX}", "numba") for name in ("a", "b")]

    found = report(*files, file(f"numba/tbb{SUFFIX}", "numba", "libtbb.so.12"))

    assert ((), ()) == (found.broken, found.uncertain)
    assert [("numba", f"numba/tbb{SUFFIX}", "libtbb.so.12", "")] == missed(found.optional)


def test_half_of_the_modules_is_not_optional_any_more() -> None:
    """The same library is said once for a package."""
    broken = [file(f"vtk/{name}{SUFFIX}", "vtk", "libGL.so.1") for name in ("a", "b")]
    fine = [file(f"vtk/{name}{SUFFIX}", "vtk") for name in ("c", "d")]

    assert [("vtk", f"vtk/a{SUFFIX}", "libGL.so.1", "")] == missed(report(*broken, *fine).broken)


def test_plugins_beside_modules_are_not_looked_at() -> None:
    """Qt's plugin for X11 is loaded where there is an X11."""
    assert NOTHING == report(file(MODULE, "cv"), file("cv2/qt/plugins/libqxcb.so", "cv", "libX11.so.6"))


def test_libraries_for_the_modules_of_another_package_are_followed_from_there() -> None:
    """PyQt5-Qt5 is libraries and plugins, PyQt5 the modules."""
    module, plugin = file("PyQt5/QtCore.abi3.so", "pyqt5"), file("PyQt5/Qt5/libqxcb.so", "pyqt5-qt5", "libX11.so.6")

    assert NOTHING == report(module, plugin, requires={"pyqt5": frozenset({"pyqt5-qt5"})})


def test_a_kept_layer_brings_its_libraries() -> None:
    """It is not here, and its names are remembered."""
    assert NOTHING == report(file(MODULE, "cv", "libtorch.so"), kept="libtorch.so")


def test_libraries_that_need_each_other_are_no_endless_loop() -> None:
    """Both name the other, as parts of large projects do."""
    first = file("a/liba.so", "a", "libb.so", soname="liba.so")
    second = file("a/libb.so", "a", "liba.so", soname="libb.so")

    assert NOTHING == report(file(f"a/m{SUFFIX}", "a", "liba.so"), first, second)


def test_what_a_folder_takes_from_the_image_is_remembered() -> None:
    """By folder, because each is a layer that may be kept later; what is missing or always there is not in it."""
    installed = InstalledFiles(
        folders=("/site", "/heavy"),
        files=(
            file("sound/m.abi3.so", "sound", "libsndfile.so.1", "libnowhere.so.1"),
            ElfFile(path="/heavy/lgb/lib.so", package="lgb", needed=("libgomp.so.1", "libc.so.6")),
        ),
    )
    image = ImageLibraries(certain=frozenset({"libsndfile.so.1", "libgomp.so.1"}), is_listed=True)

    assert {"/site": (("libsndfile.so.1", "sound"),), "/heavy": (("libgomp.so.1", "lgb"),)} == list_image_needs(
        installed, image
    )

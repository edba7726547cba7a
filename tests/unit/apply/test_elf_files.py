"""Headers of real extension modules: those of the numpy that trains the fixtures' models."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ml_buildpack.apply.elf_files import read_elf_file, read_installed_files
from ml_buildpack.plan.library_check import describe_unknown_image
from ml_buildpack.plan.shared_libraries import LibraryReport, find_missing_libraries

SITE_PACKAGES = Path(np.__file__).parent.parent
MODULE = next((SITE_PACKAGES / "numpy" / "_core").glob("_multiarray_umath.*.so"))


def test_a_module_says_what_it_needs_and_where_that_lies() -> None:
    """The folder is relative to the file in its header, and absolute here."""
    file = read_elf_file(MODULE, "numpy")

    assert file is not None
    assert ("numpy", True) == (file.package, file.is_extension_module)
    assert (str(SITE_PACKAGES / "numpy.libs"),) == file.search
    assert "libc.so.6" in file.needed
    (openblas,) = (library for library in file.needed if "openblas" in library)
    assert (SITE_PACKAGES / "numpy.libs" / openblas).is_file()


def test_files_belong_to_the_package_whose_installer_recorded_them(tmp_path: Path) -> None:
    """Whatever folder they lie in; else to the module that they are."""
    for name in ("cv2/cv2.abi3.so", "own.libs/libx.so.1", "own/m.abi3.so", "single.abi3.so"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(MODULE, tmp_path / name)
    dist_info = tmp_path / "opencv_python-5.0.dist-info"
    dist_info.mkdir()
    (dist_info / "RECORD").write_text("cv2/cv2.abi3.so,sha256=x,1\nown.libs/libx.so.1,,\ncv2/__init__.py,,\n")
    (dist_info / "METADATA").write_text(
        'Name: OpenCV.Python\nRequires-Dist: NumPy>=2; python_version >= "3.9"\n\nRequires-Dist: prose\n'
    )

    installed = read_installed_files((tmp_path,))

    assert {
        "cv2/cv2.abi3.so": "opencv-python",
        "own.libs/libx.so.1": "opencv-python",
        "own/m.abi3.so": "own",
        "single.abi3.so": "single",
    } == {Path(file.path).relative_to(tmp_path).as_posix(): file.package for file in installed.files}
    assert {"opencv-python": frozenset({"numpy"})} == installed.requires


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"INPUT(libx.so.1)", MODULE.read_bytes()[:200]], ids=["empty", "short", "text", "cut"]
)
def test_what_is_no_library_is_passed_over(tmp_path: Path, content: bytes) -> None:
    """Linker scripts and damaged files have such names too."""
    path = tmp_path / "libx.so"
    path.write_bytes(content)

    assert read_elf_file(path) is None


@pytest.mark.slow
def test_numpy_and_scikit_learn_lack_nothing() -> None:
    """A false alarm here would be one in most builds."""
    report = find_missing_libraries(read_installed_files((SITE_PACKAGES,)), describe_unknown_image(frozenset()))

    assert LibraryReport(broken=(), optional=(), uncertain=()) == report

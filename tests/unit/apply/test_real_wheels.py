"""Wheels of PyPI that are known to need the system, and wheels that are known not to.

The images that people have trouble with are made of these. Asks a package index.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ml_buildpack.apply.elf_files import read_installed_files
from ml_buildpack.plan.library_check import describe_unknown_image
from ml_buildpack.plan.shared_libraries import find_missing_libraries
from support.workplace import find_uv

pytestmark = [pytest.mark.slow, pytest.mark.network]

# Release, and what is missing where an image has the libraries of C and C++ alone.
BROKEN = {
    "opencv-python==4.12.0.88": {"libGL.so.1", "libglib-2.0.so.0", "libgthread-2.0.so.0"},
    "lightgbm==4.6.0": {"libgomp.so.1"},
    "pyodbc==5.3.0": {"libodbc.so.2"},
}
OPTIONAL = {"numba==0.62.1": {"libgomp.so.1.0.0", "libtbb.so.12"}}
WHOLE = (
    "opencv-python-headless==4.12.0.88", "scikit-learn==1.7.2", "scipy==1.16.2", "pandas==2.3.3", "pillow==12.0.0",
    "psycopg2-binary==2.9.11", "xgboost-cpu==3.0.5", "pyarrow==22.0.0", "onnxruntime==1.23.2", "lxml==6.0.2",
)  # fmt: skip
CASES: list[tuple[str, set[str], set[str]]] = [(name, libraries, set()) for name, libraries in BROKEN.items()]
CASES += [(name, set(), libraries) for name, libraries in OPTIONAL.items()]
CASES += [(name, set(), set()) for name in WHOLE]


@pytest.mark.parametrize(("requirement", "broken", "optional"), CASES, ids=[case[0] for case in CASES])
def test_wheels_lack_what_they_are_known_to_lack(
    tmp_path: Path, requirement: str, broken: set[str], optional: set[str]
) -> None:
    """No more, which would be a false alarm, and no less, which would be an image that dies at its first import."""
    install = (
        str(find_uv()), "pip", "install", "--quiet", "--no-deps", "--no-config", "--only-binary", ":all:",
        "--python-version", "3.12", "--target", str(tmp_path / "site"), requirement,
    )  # fmt: skip
    subprocess.run(install, check=True, env=dict(os.environ))

    report = find_missing_libraries(read_installed_files((tmp_path / "site",)), describe_unknown_image(frozenset()))

    assert (broken, optional) == (
        {one.library for one in report.broken},
        {one.library for one in report.optional},
    )

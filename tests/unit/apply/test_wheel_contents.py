"""What a wheel installs, and where: read off real archives."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.apply.wheel_contents import read_wheel
from ml_buildpack.plan.wheel_facts import WheelFacts
from support.distributions import Distribution


@pytest.mark.parametrize(
    ("files", "packages", "folders"),
    [
        pytest.param({"plain/__init__.py": "", "plain/deep/__init__.py": ""}, ("plain",), (), id="package"),
        pytest.param(
            {"plain.py": "", "_plain.cpython-311-x86_64-linux-gnu.so": ""}, ("_plain", "plain"), (), id="modules"
        ),
        pytest.param({"nvidia/cublas/__init__.py": "", "nvidia/cublas/lib/x": ""}, (), ("nvidia",), id="namespace"),
        pytest.param(
            {"np/__init__.pyi": "", "np/core.so": "", "np.libs/x.so": ""}, ("np",), ("np.libs",), id="libraries"
        ),
        pytest.param({"plain.py": "", "plain-nspkg.pth": ""}, ("plain", "plain-nspkg.pth"), (), id="path file"),
        pytest.param(
            {"x-1.0.data/purelib/x/__init__.py": "", "x-1.0.data/platlib/y.py": ""}, ("x", "y"), (), id="data"
        ),
    ],
)
def test_names_are_those_that_are_installed(
    tmp_path: Path, files: dict[str, str | bytes], packages: tuple[str, ...], folders: tuple[str, ...]
) -> None:
    """Whole ones, and folders that several wheels may share."""
    path = tmp_path / "x-1.0-py3-none-any.whl"
    path.write_bytes(Distribution(name="x", modules=files).wheel())

    expected = WheelFacts(size_bytes=path.stat().st_size, packages=packages, folders=folders)
    assert expected == read_wheel(path)


@pytest.mark.parametrize(
    ("name", "is_movable"),
    [
        ("x-1.0.data/scripts/run", True),
        ("x-1.0.data/data/share/man/man1/x.1", True),
        ("x-1.0.data/data/share/jupyter/kernel.json", False),
        ("x-1.0.data/data/lib/libmkl_rt.so.2", False),
        ("x-1.0.data/headers/x.h", False),
    ],
)
def test_files_below_the_environment_itself_cannot_be_moved(tmp_path: Path, name: str, *, is_movable: bool) -> None:
    """Programs look for them by `sys.prefix`; scripts are on PATH wherever they are, and nobody misses a manual."""
    path = tmp_path / "x-1.0-py3-none-any.whl"
    path.write_bytes(Distribution(name="x", modules={"x.py": "", name: ""}).wheel())

    assert is_movable == read_wheel(path).is_movable

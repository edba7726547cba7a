"""The table of names: complete where it is needed, free of entries that say nothing."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ml_buildpack.facts.conda.package_names import PYPI_NAMES, WITH_FOURTH_NUMBER, pypi_requirement
from ml_buildpack.facts.conda.system_packages import advice_without_wheel, is_accelerator, is_left_out


@pytest.mark.parametrize(
    ("conda", "pypi"),
    [
        ("pytorch", "torch"),
        ("pytorch-gpu", "torch"),
        ("opencv", "opencv-python-headless"),
        ("py-opencv", "opencv-python-headless"),
        ("py-xgboost", "xgboost"),
        ("py-xgboost-gpu", "xgboost"),
        ("tensorflow-gpu", "tensorflow"),
        ("matplotlib-base", "matplotlib"),
        ("msgpack-python", "msgpack"),
        ("python-flatbuffers", "flatbuffers"),
        ("pytables", "tables"),
        ("pytorch_geometric", "torch-geometric"),
        ("ray-serve", "ray[serve]"),
        ("dask", "dask[complete]"),
        ("dask-core", "dask"),
        ("uvicorn-standard", "uvicorn[standard]"),
        ("scikit-learn", "scikit-learn"),
        ("pillow", "pillow"),
        ("lightgbm", "lightgbm"),
        ("faiss-cpu", "faiss-cpu"),
        ("sentencepiece", "sentencepiece"),
        ("protobuf", "protobuf"),
    ],
)
def test_names(conda: str, pypi: str) -> None:
    """Those that everybody meets, with their spellings; and those that are the same on both sides."""
    assert pypi == pypi_requirement(conda)


def test_every_entry_is_a_requirement_and_differs() -> None:
    """An entry that only changes dashes would say nothing."""
    same = {conda: pypi for conda, pypi in PYPI_NAMES.items() if canonicalize_name(conda) == canonicalize_name(pypi)}

    assert {} == same
    assert sorted(PYPI_NAMES) == sorted({name.lower() for name in PYPI_NAMES})
    assert list(PYPI_NAMES.values()) == [str(Requirement(pypi)) for pypi in PYPI_NAMES.values()]
    assert set(PYPI_NAMES.values()) >= WITH_FOURTH_NUMBER


def test_no_entry_is_left_out_or_refused() -> None:
    """The tables of system packages are asked first, and would hide it."""
    hidden = [
        name
        for name in PYPI_NAMES
        if is_accelerator(name)
        or is_left_out(name, is_export=True)
        or advice_without_wheel(name, is_export=False) is not None
    ]

    assert [] == hidden

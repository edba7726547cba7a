"""Which folders must be found beside a library that are in another layer."""

from __future__ import annotations

import pytest

from ml_buildpack.plan.layers import CUDA, HEAVY, VENV
from ml_buildpack.plan.library_links import plan_links

FOLDER = "/layers/x/heavy/site-packages"
NEIGHBOURS = {"nvidia": CUDA, "torch": HEAVY, "flask": VENV}


@pytest.mark.parametrize(
    ("searched", "own", "expected"),
    [
        pytest.param([f"{FOLDER}/nvidia/cublas/lib", f"{FOLDER}/nvidia/none"], {"torch"}, {"nvidia": CUDA}, id="other"),
        pytest.param([f"{FOLDER}/torch/lib", f"{FOLDER}/np.libs"], {"torch", "np.libs"}, {}, id="own"),
        pytest.param([f"{FOLDER}/unknown/lib", "/usr/lib", f"{FOLDER}2/nvidia", FOLDER], set(), {}, id="nobody's"),
        pytest.param([f"{FOLDER}/torch/lib"], {"audio"}, {"nvidia": CUDA, "torch": HEAVY}, id="what the other needs"),
        pytest.param([f"{FOLDER}/torch/lib"], {"audio", "nvidia"}, {"torch": HEAVY}, id="which is there"),
        pytest.param([], {"flask"}, {}, id="none"),
    ],
)
def test_links_are_what_libraries_look_for(searched: list[str], own: set[str], expected: dict[str, str]) -> None:
    """And what is in no other layer stays missing, as in one folder."""
    assert expected == plan_links(searched, FOLDER, frozenset(own), NEIGHBOURS)

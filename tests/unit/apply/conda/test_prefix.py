"""What an installed prefix tells: the variables of its activation, the distributions that pip must leave alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

from ml_buildpack.apply.conda.prefix import find_link_scripts, read_variables
from ml_buildpack.apply.conda.provided import read_provided, write_provided

SITE = "lib/python3.11/site-packages"
METADATA = """\
Metadata-Version: 2.1
Name: Big_Thing
Version: 1.2.post1
Provides-Extra: fast
Requires-Dist: small>=1
Requires-Dist: quick ; extra == "fast"

A description with Name: nothing
"""


def write(prefix: Path, files: dict[str, str]) -> Path:
    """A prefix with these files."""
    for name, text in files.items():
        path = prefix / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return prefix


def test_variables_of_well_known_packages_are_set_without_a_shell(tmp_path: Path) -> None:
    """Where the place is there; other scripts are named, so that nobody wonders."""
    prefix = write(
        tmp_path,
        {
            "etc/conda/activate.d/gdal-activate.sh": "",
            "etc/conda/activate.d/proj4-activate.sh": "",
            "etc/conda/activate.d/libxml2_activate.sh": "",
            "etc/conda/env_vars.d/own.json": '{"MODEL": "a", "not a name": "b"}',
            "share/gdal/x": "",
            "share/proj/x": "",
            "bin/.thing-post-link.sh": "",
        },
    )

    variables = (("GDAL_DATA", f"{prefix}/share/gdal"), ("MODEL", "a"), ("PROJ_DATA", f"{prefix}/share/proj"))
    assert (variables, ("libxml2_activate.sh",)) == read_variables(prefix)
    assert ("thing",) == find_link_scripts(prefix)


def test_plain_prefix_has_none(tmp_path: Path) -> None:
    """Most have no activation at all."""
    assert ((), ()) == read_variables(tmp_path)


def test_distributions_become_empty_wheels_that_constraints_name(tmp_path: Path) -> None:
    """With their extras, and without their own needs, which conda has seen to; two formats of one name count once."""
    prefix = write(
        tmp_path / "prefix",
        {
            f"{SITE}/Big_Thing-1.2.post1.dist-info/METADATA": METADATA,
            f"{SITE}/old-3.0.egg-info/PKG-INFO": "Name: old\nVersion: 3.0\n",
            f"{SITE}/older-2.egg-info": "Name: older\nVersion: 2\n",
            f"{SITE}/old-3.0.dist-info/METADATA": "Name: old\nVersion: 3.0\n",
            f"{SITE}/broken-1.dist-info/METADATA": "nothing\n",
        },
    )
    constraints = write_provided(prefix, tmp_path / "provided")
    wheel = tmp_path / "provided" / "big_thing-1.2.post1-py3-none-any.whl"

    assert {"big-thing": "1.2.post1", "old": "3.0", "older": "2"} == read_provided(constraints)
    assert f"big-thing @ {wheel.as_uri()}\n" in constraints.read_text()
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("big_thing-1.2.post1.dist-info/METADATA").decode()
    assert 'Requires-Dist: quick ; extra == "fast"' in metadata
    assert "small" not in metadata

"""Fetching Debian packages: what needs no mirror. The rest is shown where the lifecycle runs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ml_buildpack.apply.apt import AptBuild, make_apt_layer, read_status
from ml_buildpack.cnb.context import Target
from ml_buildpack.console import StreamConsole
from ml_buildpack.errors import AptNotUsable
from ml_buildpack.plan.apt import AptContent
from ml_buildpack.plan.library_check import RUN_IMAGE_DIR

STANZA = "Package: libodbc2\nStatus: install ok installed\nVersion: 2.3\n"


def test_a_build_image_without_apt_is_said(tmp_path: Path) -> None:
    """Red Hat's and Alpine's, for instance; before anything is fetched."""
    build = AptBuild(
        directory=tmp_path,
        archives=tmp_path,
        scratch=tmp_path,
        status="",
        env={"PATH": str(tmp_path)},
        console=StreamConsole(out=io.StringIO()),
    )

    with pytest.raises(AptNotUsable) as error:
        make_apt_layer(build, AptContent(packages=("libgl1",), target=Target(os="linux", arch="amd64")))

    expected = "The build image has no apt-get and no dpkg-deb: it is no Debian and no Ubuntu."
    assert (("libgl1",), expected) == (error.value.packages, error.value.detail)


def test_the_list_of_the_builder_says_what_is_installed(tmp_path: Path) -> None:
    """Everything in it counts, not only what every image has."""
    (tmp_path / "dpkg-status").write_text(STANZA)

    assert STANZA == read_status({RUN_IMAGE_DIR: str(tmp_path)})


def test_without_a_list_nothing_special_counts_as_installed(tmp_path: Path) -> None:
    """The machine that runs the tests may have anything."""
    assert "Package: apt\n" not in read_status({RUN_IMAGE_DIR: str(tmp_path / "nowhere")})

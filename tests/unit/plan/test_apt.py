"""The layer of Debian packages, as decided."""

from __future__ import annotations

import pytest

from ml_buildpack.cnb.context import Target
from ml_buildpack.cnb.layer import Absent, EnvAction, EnvEntry, MetadataOnly
from ml_buildpack.plan.apt import (
    APT,
    AptContent,
    DebianPackage,
    apt_environment,
    apt_metadata,
    describe_debian_packages,
    installed_status,
    kept_libraries,
    missed_action,
    refused_action,
)

TRIXIE = Target(os="linux", arch="amd64", distro_name="debian", distro_version="13")
STATUS = """\
Package: libc6
Status: install ok installed
Version: 2.41-12
Depends: libgcc-s1,
 libcrypt1
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7

Package: debconf
Status: install ok installed
Pre-Depends: perl-base (>= 5.20.1-3~)
Version: 1.5.91
"""


def test_the_same_packages_in_another_order_are_the_same_layer() -> None:
    """Settings are written by hand."""
    first, second = (AptContent(packages=names, target=TRIXIE) for names in (("b", "a"), ("a", "b")))

    expected = {"schema": "1", "target": "linux/amd64 debian 13", "apt": "a b", "run_image": "d1"}
    assert expected == apt_metadata(first, run_image="d1") == apt_metadata(second, run_image="d1")


def test_libraries_and_programs_are_found() -> None:
    """Libraries first, because they are there on purpose; programs last, because some only came along."""
    folder = "/layers/x/apt/usr/lib"
    triplet = f"{folder}/x86_64-linux-gnu"
    libraries = f"{triplet}:{folder}:{triplet}/pulseaudio:{triplet}/blas"

    assert (
        EnvEntry(name="LD_LIBRARY_PATH", value=libraries, action=EnvAction.PREPEND, delimiter=":"),
        EnvEntry(name="PATH", value="/layers/x/apt/usr/bin", action=EnvAction.APPEND, delimiter=":"),
    ) == apt_environment("/layers/x", APT, TRIXIE)


def test_a_listed_run_image_counts_as_it_is_without_what_its_packages_need() -> None:
    """Images leave packages out on purpose, which apt would want to repair first."""
    status = installed_status(STATUS, is_run_image=True)

    assert "libgcc-s1" not in status
    assert "libcrypt1" not in status
    assert "perl-base" not in status
    for kept in ("Package: libc6\n", "Version: 2.41-12\nConffiles:\n /etc/ld", "Package: debconf\n", "1.5.91"):
        assert kept in status


def test_of_a_build_image_only_what_every_image_has_counts() -> None:
    """What else it has, the run image need not have."""
    status = installed_status(STATUS, is_run_image=False)

    assert ("Package: libc6\n" in status, "debconf" in status) == (True, False)


@pytest.mark.parametrize(
    ("script", "refused", "missed"),
    [
        ("", None, None),
        ("#!/bin/sh\nset -e\nldconfig\n", None, None),
        ("adduser --system redis\n", "it adds users", None),
        ("deb-systemd-helper enable x\n", None, "it starts a service"),
        ("# adduser is not called here\n", None, None),
        ("update-alternatives --install a b c 1\n", None, "it chooses among alternatives"),
    ],
)
def test_maintainer_scripts_are_judged_by_what_they_call(script: str, refused: str | None, missed: str | None) -> None:
    """Most do nothing, or refresh a cache that a layer has not."""
    assert (refused, missed) == (refused_action(script), missed_action(script))


def test_the_libraries_of_a_kept_layer_are_in_its_metadata() -> None:
    """Its contents are not there to be listed."""
    assert ("", "libGL.so.1") == (
        kept_libraries(Absent()),
        kept_libraries(MetadataOnly(metadata={"libraries": "libGL.so.1"})),
    )


def test_the_bill_of_materials_names_the_archives() -> None:
    """By package URLs that scanners look up, sorted."""
    packages = tuple(
        DebianPackage(name=name, version="1:2.3+b1", architecture="amd64", sha256="0a") for name in ("libb", "liba")
    )
    purls = [f"pkg:deb/debian/{name}@1%3A2.3%2Bb1?arch=amd64&distro=debian-13" for name in ("liba", "libb")]

    bill = describe_debian_packages(packages, TRIXIE)

    assert [
        {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": "1:2.3+b1",
            "purl": purl,
            "hashes": [{"alg": "SHA-256", "content": "0a"}],
        }
        for name, purl in zip(("liba", "libb"), purls, strict=True)
    ] == bill["components"]

"""Which Debian package has a shared library, and which requirement does without it. Data and lookups.

Source: the packages' file lists of Debian 13 (packages.debian.org, "Search the contents of packages"); the names are
those of Ubuntu 24.04 too, except where a `t64` stands behind them there. apt knows both, because `t64` packages
provide the old names.
"""

from __future__ import annotations

import re

_DEBIAN_PACKAGES = {
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libGLU.so.1": "libglu1-mesa",
    "libOSMesa.so.8": "libosmesa6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libgfortran.so.5": "libgfortran5",
    "libquadmath.so.0": "libquadmath0",
    "libatomic.so.1": "libatomic1",
    "libsndfile.so.1": "libsndfile1",
    "libportaudio.so.2": "libportaudio2",
    "libasound.so.2": "libasound2",
    "libpulse.so.0": "libpulse0",
    "libpq.so.5": "libpq5",
    "libmariadb.so.3": "libmariadb3",
    "libmysqlclient.so.21": "libmysqlclient21",
    "libodbc.so.2": "libodbc2",
    "libsybdb.so.5": "libsybdb5",
    "libxml2.so.2": "libxml2",
    "libxslt.so.1": "libxslt1.1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libXi.so.6": "libxi6",
    "libXt.so.6": "libxt6",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libcairo.so.2": "libcairo2",
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangocairo-1.0.so.0": "libpangocairo-1.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libusb-1.0.so.0": "libusb-1.0-0",
    "libmagic.so.1": "libmagic1",
    "libgeos_c.so.1": "libgeos-c1v5",
    "libspatialindex_c.so.6": "libspatialindex-c6",
    "libproj.so.25": "libproj25",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "libcurl.so.4": "libcurl4",
    "libffi.so.8": "libffi8",
    "libz.so.1": "zlib1g",
    "liblzma.so.5": "liblzma5",
    "libbz2.so.1.0": "libbz2-1.0",
    "libexpat.so.1": "libexpat1",
    "libsqlite3.so.0": "libsqlite3-0",
    "libopenblas.so.0": "libopenblas0-pthread",
    "libblas.so.3": "libblas3",
    "liblapack.so.3": "liblapack3",
    "libtbb.so.12": "libtbb12",
    "libnuma.so.1": "libnuma1",
    "libopenmpi.so.40": "libopenmpi40",
    "libmpi.so.40": "libopenmpi40",
    "libhdf5_serial.so.310": "libhdf5-310",
    "libjpeg.so.62": "libjpeg62-turbo",
    "libpng16.so.16": "libpng16-16",
    "libtiff.so.6": "libtiff6",
    "libwebp.so.7": "libwebp7",
    "libzbar.so.0": "libzbar0",
    "libre2.so.11": "libre2-11",
    "libstdc++.so.6": "libstdc++6",
    "libgcc_s.so.1": "libgcc-s1",
    "libkrb5.so.3": "libkrb5-3",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libldap.so.2": "libldap2",
    "libldap-2.5.so.0": "libldap-2.5-0",
}

# Requirements that do the same and bring what they need; what needs a display has a variant without.
_WITHOUT = {
    "opencv-python": "opencv-python-headless",
    "opencv-contrib-python": "opencv-contrib-python-headless",
    "psycopg2": "psycopg2-binary",
    "psycopg-c": "psycopg[binary]",
    "psycopg": "psycopg[binary]",
    "mysqlclient": "PyMySQL",
    "python-ldap": "ldap3",
}
_MODULES_OF_OPENCV = re.compile(r"opencv(-contrib)?-python")


def debian_package(library: str) -> str:
    """The package of Debian with that soname; empty where none is known."""
    return _DEBIAN_PACKAGES.get(library, "")


def requirement_without(package: str, library: str) -> str:
    """The requirement that replaces that package and does not need the library; empty where none is known."""
    instead = _WITHOUT.get(package, "")
    # Its headless variant is the same build without a window system; it needs the C++ library like the other.
    needs_too = _MODULES_OF_OPENCV.fullmatch(package) is not None and library in {"libstdc++.so.6", "libgcc_s.so.1"}
    return "" if needs_too or instead == package else instead

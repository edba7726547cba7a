"""Which installed files are left out, and above all which are not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from ml_buildpack.plan.installed import Distribution, InstalledFile, PackagesFolder
from ml_buildpack.plan.layers import VENV
from ml_buildpack.plan.slimming import CodeMentions, Rule, choose_removals

FOLDER = PackagesFolder(layer=VENV, path="/l/venv/lib/python3.12/site-packages")
NO_APPLICATION = CodeMentions()


def distribution(name: str, *paths: str) -> Distribution:
    """A distribution of files of ten bytes each, with its own record."""
    info = f"{name}-1.0.dist-info"
    files = sorted((*paths, f"{info}/RECORD", f"{info}/licenses/tests/test_licence.py"))
    return Distribution(
        name=canonicalize_name(name),
        version="1.0",
        info=info,
        folder=FOLDER,
        files=tuple(InstalledFile(path=path, size_bytes=10) for path in files),
    )


def left_out(
    *distributions: Distribution,
    mentions: Mapping[str, CodeMentions] | None = None,
    application: CodeMentions = NO_APPLICATION,
    imported: tuple[str, ...] = (),
    complete: bool = True,
) -> dict[str, Rule]:
    """The paths that are left out, by rule."""
    known: dict[NormalizedName, CodeMentions] = {
        canonicalize_name(name): found for name, found in (mentions or {}).items()
    }
    removals = choose_removals(
        distributions,
        known,
        application=application,
        imported=frozenset(f"{FOLDER.path}/{path}" for path in imported),
        complete=complete,
    )
    return {removal.file.path: removal.rule for removal in removals}


PANDAS = distribution(
    "pandas", "pandas/__init__.py", "pandas/tests/__init__.py", "pandas/tests/data/x.csv",
    "pandas/tests/io/test_csv.py", "pandas/testing.py", "pandas/_testing/asserters.py", "pandas/test/README",
)  # fmt: skip
SUITE = dict.fromkeys(
    ("pandas/tests/__init__.py", "pandas/tests/data/x.csv", "pandas/tests/io/test_csv.py"), Rule.TESTS
)


def test_suites_are_left_out_with_their_data() -> None:
    """Folders of that name with test modules below; not modules for other people's tests, and no metadata."""
    assert SUITE == left_out(PANDAS)


def test_suite_that_was_imported_stays() -> None:
    """The whole of it: it may import more of itself later."""
    assert {} == left_out(PANDAS, imported=("pandas/tests/__init__.py",))


@pytest.mark.parametrize(
    "mentions",
    [
        pytest.param({"other": CodeMentions(test_modules=frozenset({"pandas.tests.io"}))}, id="imported by another"),
        pytest.param({"pandas": CodeMentions(test_modules=frozenset({"pandas.tests"}))}, id="imported by itself"),
        pytest.param(
            {"pandas": CodeMentions(test_texts=frozenset({("pandas/io/sql.py", "pandas.tests.io")}))}, id="dotted text"
        ),
        pytest.param(
            {"pandas": CodeMentions(test_texts=frozenset({("pandas/io/sql.py", "tests/data")}))}, id="relative path"
        ),
        pytest.param(
            {"other": CodeMentions(test_texts=frozenset({("other.py", "../pandas/tests/x.csv")}))}, id="full path"
        ),
    ],
)
def test_suite_that_somebody_names_stays(mentions: Mapping[str, CodeMentions]) -> None:
    """Without running anything: code that is not reached at import is reached some day."""
    assert {} == left_out(PANDAS, mentions=mentions)


def test_suite_that_the_application_imports_stays() -> None:
    """Also where its import failed."""
    assert {} == left_out(PANDAS, application=CodeMentions(test_modules=frozenset({"pandas.tests.io.test_csv"})))


@pytest.mark.parametrize(
    "text", [("other/io.py", "tests/data"), ("pandas/io/sql.py", "numpy.tests.x"), ("pandas/a.py", "pandas.io.tests")]
)
def test_name_of_another_suite_does_not_count(text: tuple[str, str]) -> None:
    """A text beside another package, or of another folder."""
    mentions = {text[0].partition("/")[0]: CodeMentions(test_texts=frozenset({text}))}

    assert SUITE == left_out(PANDAS, mentions=mentions)


TORCH = distribution(
    "torch", "torch/__init__.py", "torch/__init__.pyi", "torch/py.typed", "torch/include/ATen/a.h",
    "torch/include/LICENSE", "torch/include/Eigen/Core", "torch/lib/libtorch.so", "torch/lib/libx.a",
    "torch/_inductor/cpp_prefix.h", "torch/csrc/shim.cpp", "torch/share/model.inc",
)  # fmt: skip
HEADERS = {
    "torch/__init__.pyi": Rule.TYPES,
    "torch/include/ATen/a.h": Rule.SOURCES,
    "torch/include/Eigen/Core": Rule.SOURCES,
    "torch/lib/libx.a": Rule.STATIC,
    "torch/csrc/shim.cpp": Rule.SOURCES,
}
TORCH_SAYS = CodeMentions(
    source_names=frozenset({"cpp_prefix.h"}), compilers=frozenset({"cpp_extension", "nvrtc", "torch.compile"})
)


def test_what_only_compilers_read_is_left_out() -> None:
    """Except what the package itself reads by name. Licences stay, wherever they are."""
    assert HEADERS == left_out(TORCH, mentions={"torch": TORCH_SAYS})


@pytest.mark.parametrize(
    ("application", "others", "stays"),
    [
        pytest.param({"torch.compile"}, set(), True, id="the application compiles"),
        pytest.param(set(), {"cpp_extension"}, True, id="another package compiles extensions"),
        pytest.param(set(), {"torch.compile"}, False, id="another package could compile"),
        pytest.param(set(), {"attach_stub"}, False, id="another package reads stubs"),
    ],
)
def test_headers_of_torch_stay_for_who_compiles_with_them(
    application: set[str], others: set[str], *, stays: bool
) -> None:
    """Somebody has to say so: a compiler is in no small run image."""
    found = left_out(
        TORCH,
        mentions={"torch": TORCH_SAYS, "ops": CodeMentions(compilers=frozenset(others))},
        application=CodeMentions(compilers=frozenset(application)),
    )

    assert stays is ("torch/include/ATen/a.h" not in found)
    assert Rule.STATIC is found["torch/lib/libx.a"]


@pytest.mark.parametrize("name", ["triton", "cupy-cuda12x", "warp-lang", "pytensor"])
def test_what_compiles_at_run_time_keeps_its_sources(name: str) -> None:
    """Some need no compiler in the image, because they bring one."""
    kept = distribution(name, "x/include/cuda.h", "x/driver.c", "x/a.pyx", "x/libcupti_static.a")

    assert {"x/libcupti_static.a": Rule.STATIC} == left_out(kept)


def test_headers_stay_while_a_layer_is_not_here() -> None:
    """One of its packages may compile with them."""
    cuda = distribution("nvidia-cuda-runtime-cu12", "nvidia/x/include/cuda.h", "nvidia/x/lib/libx.a")

    assert {"nvidia/x/lib/libx.a": Rule.STATIC} == left_out(cuda, complete=False)


def test_package_that_mentions_a_compiler_keeps_its_sources() -> None:
    """Whatever it is called."""
    kept = distribution("fast-ops", "fast/ops.cu", "fast/ops.py")

    assert {} == left_out(kept, mentions={"fast-ops": CodeMentions(compilers=frozenset({"nvrtc"}))})
    assert {"fast/ops.cu": Rule.SOURCES} == left_out(kept)


@pytest.mark.parametrize(("name", "stays"), [("nvidia-cuda-runtime-cu12", False), ("nvidia-cuda-nvcc-cu12", True)])
def test_headers_of_cuda_stay_for_who_compiles_with_them(name: str, *, stays: bool) -> None:
    """And in packages that are compilers."""
    cuda = distribution(name, "nvidia/x/include/cuda.h", "nvidia/x/lib/libcudadevrt.a")

    assert stays is (left_out(cuda) == {})
    assert {} == left_out(cuda, mentions={"cupy": CodeMentions(compilers=frozenset({"nvrtc"}))})


def test_folder_that_holds_code_is_no_folder_of_headers() -> None:
    """It is only called so."""
    assert {"x/include/b.h": Rule.SOURCES} == left_out(
        distribution("x", "x/include/a.py", "x/include/b.h", "x/include/c")
    )


def test_stubs_stay_where_they_are_read() -> None:
    """scikit-image and librosa take a package's contents from its stub."""
    lazy = distribution("lazy", "lazy/__init__.py", "lazy/__init__.pyi")

    assert {} == left_out(lazy, mentions={"lazy": CodeMentions(compilers=frozenset({"attach_stub"}))})


def test_programs_outside_the_folder_stay() -> None:
    """A path may lead out of it."""
    assert {} == left_out(distribution("x", "../../../bin/x.c", "../../../share/tests/test_x.py"))

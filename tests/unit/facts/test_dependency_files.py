"""Requirements files: which are read, what they include, and what is found of the paths they name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import (
    Mistake,
    NoRequirementsFound,
    RequirementsMalformed,
    RequirementsUnreadable,
    UnsupportedDependencyFile,
)
from ml_buildpack.facts.dependency_files import DependencyFile, Requirements, read_requirements
from ml_buildpack.facts.requirements_text import OptionLine, RequirementLine
from support.projects import write_project

OUTSIDE = "This path leads out of the application directory, and only that directory is part of the build."


def digest(text: str | bytes) -> str:
    """The sha256 of a file with that content."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def required(path: str, line: int, text: str) -> RequirementLine:
    """A requirement that is only a name."""
    return RequirementLine(path=path, line=line, text=text, name=canonicalize_name(text))


def read(root: Path, files: dict[str, str | bytes], *named: str) -> Requirements:
    """The requirements of a project of those files."""
    return read_requirements(write_project(root, files), named)


def mistakes_of(root: Path, files: dict[str, str | bytes], *named: str) -> tuple[Mistake, ...]:
    """What is wrong with the requirements of a project of those files."""
    with pytest.raises(RequirementsMalformed) as caught:
        read(root, files, *named)
    return caught.value.mistakes


# --- which files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("present", "chosen"),
    [
        pytest.param(["requirements.txt", "requirements.in"], "requirements.txt", id="txt before in"),
        pytest.param(["requirements.in", "requirements/prod.txt"], "requirements.in", id="top before directory"),
        pytest.param(
            ["requirements/base.txt", "requirements/prod.txt"], "requirements/prod.txt", id="prod before base"
        ),
        pytest.param(["requirements/base.in", "requirements/dev.txt"], "requirements/base.in", id="never dev"),
        pytest.param(["requirements/main.txt", "uv.lock"], "requirements/main.txt", id="before other kinds"),
    ],
)
def test_default_input(tmp_path: Path, present: list[str], chosen: str) -> None:
    """One file is the default, and it includes the others if they matter."""
    found = read(tmp_path, dict.fromkeys(present, ""))

    assert (DependencyFile(path=chosen, sha256=digest(""), constraint=False),) == found.files


def test_named_files_are_read_in_their_order(tmp_path: Path) -> None:
    """And no other, not even the default."""
    found = read(tmp_path, {"a/x.txt": "flask", "y.txt": "numpy", "requirements.txt": "no"}, "y.txt", "./a/x.txt")

    assert (
        Requirements(
            files=(
                DependencyFile(path="y.txt", sha256=digest("numpy"), constraint=False),
                DependencyFile(path="a/x.txt", sha256=digest("flask"), constraint=False),
            ),
            requirements=(required("y.txt", 1, "numpy"), required("a/x.txt", 1, "flask")),
            constraints=(),
            options=(),
            pip_tools_marks=(),
            local_trees=(),
        )
        == found
    )


def test_nothing_found_tells_what_is_there(tmp_path: Path) -> None:
    """So that a message can point at a misspelt name."""
    with pytest.raises(NoRequirementsFound) as caught:
        read(tmp_path, {"Requirements.txt": "", "src/app.py": "", "pyproject.toml": "[tool.ruff]\n"})

    assert ("Requirements.txt", "pyproject.toml", "src/") == caught.value.present


@pytest.mark.parametrize("path", ["pixi.toml", "pixi.lock", "conda-lock.yml"])
def test_recognised_but_unsupported_files(tmp_path: Path, path: str) -> None:
    """They declare dependencies, so "nothing found" would be a lie."""
    with pytest.raises(UnsupportedDependencyFile) as caught:
        read(tmp_path, {path: "", "pyproject.toml": "[tool.ruff]\n"})

    assert (path,) == caught.value.paths


@pytest.mark.parametrize(
    ("named", "detail"),
    [
        pytest.param(
            "requirments.txt", 'There is no "requirments.txt". Did you mean "requirements.txt"?', id="misspelt"
        ),
        pytest.param("prod.txt", 'There is no "prod.txt". Did you mean "sub/prod.txt"?', id="elsewhere"),
        pytest.param("sub", "It is a directory, not a requirements file.", id="directory"),
        pytest.param("../x.txt", OUTSIDE, id="outside"),
    ],
)
def test_named_files_that_cannot_be_read(tmp_path: Path, named: str, detail: str) -> None:
    """The name is the evidence: it may come from a variable or a file."""
    files: dict[str, str | bytes] = {"requirements.txt": "", "sub/prod.txt": ""}

    assert (Mistake(where=named, detail=detail),) == mistakes_of(tmp_path, files, named)


# --- inclusions ------------------------------------------------------------------------------------------------------


def test_inclusions_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    """Lines come in pip's order, and a constraint's inclusions are requirements again, as in pip."""
    files: dict[str, str | bytes] = {
        "requirements/prod.txt": "a\n-r base.txt\n-c ../limits.txt\nb\n",
        "requirements/base.txt": "--pre\nc\n",
        "limits.txt": "d\n-r more.txt\n",
        "more.txt": "e\n",
    }
    found = read(tmp_path, files)

    assert (
        required("requirements/prod.txt", 1, "a"),
        required("requirements/base.txt", 2, "c"),
        required("more.txt", 1, "e"),
        required("requirements/prod.txt", 4, "b"),
    ) == found.requirements
    assert (required("limits.txt", 1, "d"),) == found.constraints
    assert (OptionLine(path="requirements/base.txt", line=1, option="--pre", value=""),) == found.options
    assert [
        ("requirements/prod.txt", False),
        ("requirements/base.txt", False),
        ("limits.txt", True),
        ("more.txt", False),
    ] == [(file.path, file.constraint) for file in found.files]


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    """Where pip would stop, what is meant is plain."""
    found = read(tmp_path, {"requirements.txt": "-r b.txt\na\n", "b.txt": "-r requirements.txt\nb\n"})

    assert ("b", "a") == tuple(line.text for line in found.requirements)


def test_a_file_can_be_requirements_and_constraints(tmp_path: Path) -> None:
    """Its mistakes are told once all the same."""
    files: dict[str, str | bytes] = {"requirements.txt": "-r b.txt\n-c b.txt\n", "b.txt": "b\n"}
    found = read(tmp_path / "fine", files)

    assert (("b",), ("b",)) == (
        tuple(line.text for line in found.requirements),
        tuple(line.text for line in found.constraints),
    )
    assert 1 == len(mistakes_of(tmp_path / "broken", {**files, "b.txt": "b=1\n"}))


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        pytest.param("-r bse.txt", 'There is no "bse.txt". Did you mean "base.txt"?', id="missing"),
        pytest.param("-c Base.txt", 'There is no "Base.txt". Did you mean "base.txt"?', id="other case"),
        pytest.param("-r ../base.txt", OUTSIDE, id="outside"),
        pytest.param("-r /etc/passwd", OUTSIDE, id="absolute"),
        pytest.param("-r link.txt", OUTSIDE, id="link that leads outside"),
        pytest.param("-r sub", '"sub" is a directory, not a requirements file.', id="directory"),
        pytest.param("-r ${WHICH}.txt", "The name of an included file cannot come from a variable.", id="variable"),
        pytest.param(
            "-r https://***@h/r.txt",
            "A file behind an address can change at any time, so what it asks for cannot be locked. Put a copy into "
            "the project.",
            id="address",
        ),
    ],
)
def test_inclusions_that_cannot_be_read(tmp_path: Path, line: str, detail: str) -> None:
    """The line that names the file is the evidence."""
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    written = line.replace("***", "me:hunter2")
    found = mistakes_of(tmp_path, {"requirements.txt": f"flask\n{written}\n", "base.txt": "", "sub/x": ""})

    assert (Mistake(where="requirements.txt", line=2, text=line, detail=detail),) == found


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """In the order in which they are read within each file."""
    found = mistakes_of(
        tmp_path,
        {"requirements.txt": "-r none.txt\na=1\n-r b.txt\n./none\n", "b.txt": "b=1\n"},
        "requirements.txt",
        "c",
    )

    assert {("requirements.txt", 1), ("requirements.txt", 2), ("b.txt", 1), ("requirements.txt", 4), ("c", None)} == {
        (mistake.where, mistake.line) for mistake in found
    }


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        pytest.param("-e ./pkg", "A constraint cannot be editable.", id="editable"),
        pytest.param("./pkg", "A constraint needs the name of a package.", id="unnamed"),
        pytest.param("flask[async]<3", "A constraint cannot have extras.", id="extras"),
    ],
)
def test_constraints_are_only_names_and_versions(tmp_path: Path, line: str, detail: str) -> None:
    """As pip has it."""
    found = mistakes_of(tmp_path, {"requirements.txt": "-c c.txt", "c.txt": line, "pkg/setup.py": ""})

    assert (Mistake(where="c.txt", line=1, text=line, detail=detail),) == found


# --- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbfflask\r\n", id="UTF-8 with a mark"),
        pytest.param("flask\r\n".encode("utf-16"), id="UTF-16 of PowerShell"),
        pytest.param(b"\xfe\xff" + "flask\n".encode("utf-16-be"), id="UTF-16, big endian"),
        pytest.param(b"\xff\xfe\x00\x00" + "flask\n".encode("utf-32-le"), id="UTF-32"),
        pytest.param(b"# -*- coding: latin-1 -*- \xfc\nflask\n", id="cookie"),
        pytest.param(b"# first\n# coding=cp1252 \xfc\nflask\n", id="cookie in the second line"),
    ],
)
def test_encodings(tmp_path: Path, content: bytes) -> None:
    """Whatever wrote the file, if it says how or wrote UTF-8."""
    assert ("flask",) == tuple(line.text for line in read(tmp_path, {"requirements.txt": content}).requirements)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        pytest.param(b"# \xfcber\nflask", "Byte 2 (0xfc) is not UTF-8: invalid start byte.", id="Latin-1, unsaid"),
        pytest.param(
            "flask".encode("utf-16-le"),
            "Byte 1 is zero: the file is binary, or it is UTF-16 without a byte order mark.",
            id="UTF-16 without a mark",
        ),
        pytest.param(
            "flask".encode("utf-16")[:-1], "Byte 10 (0x6b) is not UTF-16-LE: truncated data.", id="half a character"
        ),
        pytest.param(
            b"# coding: klingon\n",
            'Its first lines name the encoding "klingon", which Python does not know.',
            id="unknown cookie",
        ),
    ],
)
def test_unreadable_files(tmp_path: Path, content: bytes, detail: str) -> None:
    """The byte is named, so that it can be found in an editor."""
    with pytest.raises(RequirementsUnreadable) as caught:
        read(tmp_path, {"requirements.txt": content})

    assert ("requirements.txt", detail) == (caught.value.path, caught.value.detail)


# --- paths in requirements -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "pip_line"),
    [
        pytest.param(".", ".", id="the project"),
        pytest.param("-e .", "-e .", id="the project, editable"),
        pytest.param("./libs/pkg", "./libs/pkg", id="from the project"),
        pytest.param("-e libs/pkg/[x]", "-e ./libs/pkg[x]", id="from the project, editable, extras"),
        pytest.param("../libs/pkg", "./libs/pkg", id="from the file's directory"),
        pytest.param("-e ..", "-e .", id="the project from the file's directory"),
        pytest.param(
            "x[a] @ file:{root}/libs/pkg ; python_version > '3'", './libs/pkg[a] ; python_version > "3"', id="absolute"
        ),
        pytest.param("wheels/foo-1.0-py3-none-any.whl", "./wheels/foo-1.0-py3-none-any.whl", id="wheel"),
    ],
)
def test_paths_are_relative_to_the_project(tmp_path: Path, line: str, pip_line: str) -> None:
    """As pip takes them, else as people mean them; the resolver is given what was found."""
    files: dict[str, str | bytes] = {
        "requirements/base.txt": line.format(root=tmp_path),
        "setup.py": "",
        "libs/pkg/pyproject.toml": "",
        "wheels/foo-1.0-py3-none-any.whl": "wheel",
    }
    (found,) = read(tmp_path, files).requirements

    assert pip_line == found.pip_line


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        pytest.param("./pgk", 'There is no "pgk". Did you mean "pkg"?', id="missing"),
        pytest.param("-e ../pkg", OUTSIDE, id="outside"),
        pytest.param("../../pkg", OUTSIDE, id="far outside"),
        pytest.param(
            "-e ./docs", '"docs" cannot be installed: it has neither pyproject.toml nor setup.py.', id="no project"
        ),
        pytest.param("-e ./pkg/setup.py", 'Only a directory can be editable, and "pkg/setup.py" is a file.', id="file"),
        pytest.param(
            "numpy @ file:///croot/numpy_and_numpy_base_1701295038894/work",
            "It points to a place on the machine that built a conda package: `pip freeze` prints such lines in a conda "
            'environment. Write name==version, or make the list again with "pip list --format=freeze".',
            id="conda's pip freeze",
        ),
        pytest.param("mine @ file:///home/me/mine", OUTSIDE, id="another machine"),
        pytest.param("--find-links ./weels", 'There is no "weels". Did you mean "wheels"?', id="find-links"),
    ],
)
def test_paths_that_lead_nowhere(tmp_path: Path, line: str, detail: str) -> None:
    """A path that the build does not have would fail much later, with the resolver's words."""
    files: dict[str, str | bytes] = {"requirements.txt": line, "pkg/setup.py": "", "docs/x.md": "", "wheels/x": ""}

    assert (Mistake(where="requirements.txt", line=1, text=line, detail=detail),) == mistakes_of(tmp_path, files)


def test_find_links_directories_become_relative_to_the_project(tmp_path: Path) -> None:
    """From the file's own directory first, as in pip. Addresses and variables stay as they are."""
    files: dict[str, str | bytes] = {
        "requirements/base.txt": "-f wheels\n-f https://h/wheels\n-f ${WHEELS}\n--find-links ./more\n",
        "requirements/wheels/a.whl": "a",
        "wheels/b.whl": "b",
        "more/c.whl": "c",
    }
    found = read(tmp_path, files)

    assert ["requirements/wheels", "https://h/wheels", "${WHEELS}", "more"] == [
        option.value for option in found.options
    ]
    assert [("more", False), ("requirements/wheels", False)] == [
        (tree.path, tree.editable) for tree in found.local_trees
    ]


@pytest.mark.parametrize(
    ("line", "change", "same"),
    [
        pytest.param("./pkg", "pkg/src/pkg/new.py", False, id="a new module"),
        pytest.param("./pkg", "pkg/src/pkg/__init__.py", False, id="a changed module"),
        pytest.param("./pkg", "pkg/src/pkg/deep/er/and/deep/er/and/deep/er/still/x.py", False, id="however deep"),
        pytest.param("./pkg", "pkg/src/pkg/__pycache__/x.pyc", True, id="bytecode"),
        pytest.param("./pkg", "pkg/src/pkg.egg-info/PKG-INFO", True, id="metadata of an earlier build"),
        pytest.param("./pkg", "app.py", True, id="the app beside it"),
        pytest.param("-e ./pkg", "pkg/src/pkg/__init__.py", True, id="editable: a module"),
        pytest.param("-e ./pkg", "pkg/setup.cfg", False, id="editable: its configuration"),
        pytest.param("./one.whl", "one.whl", False, id="wheel"),
        pytest.param("--find-links wheels", "wheels/two.whl", False, id="find-links"),
    ],
)
def test_digest_changes_with_what_matters(tmp_path: Path, line: str, change: str, *, same: bool) -> None:
    """An installation is repeated when, and only when, what it is made from changed."""
    files: dict[str, str | bytes] = {
        "requirements.txt": line.replace("one.whl", "one-1-py3-none-any.whl"),
        "pkg/pyproject.toml": "[project]\n",
        "pkg/src/pkg/__init__.py": "",
        "one-1-py3-none-any.whl": "one",
        "wheels/one.whl": "one",
    }
    before = read(tmp_path, files).local_trees
    after = read(tmp_path, {change.replace("one.whl", "one-1-py3-none-any.whl"): "changed"}).local_trees

    assert 1 == len(before)
    assert same == (before == after)


def test_digest_of_a_file_is_its_own(tmp_path: Path) -> None:
    """So it can be compared with a lock's."""
    (tree,) = read(tmp_path, {"requirements.txt": "./a-1.tar.gz", "a-1.tar.gz": "sdist"}).local_trees

    assert ("a-1.tar.gz", digest("sdist"), False) == (tree.path, tree.sha256, tree.editable)


# --- signs of pip-tools ----------------------------------------------------------------------------------------------


COMPILED = (
    "#\n# This file is autogenerated by pip-compile with Python 3.12\n# by the following command:\n#\nflask==3.0\n"
)
COMPILED_BY_UV = "# This file was autogenerated by uv via the following command:\n#    uv pip compile\nflask==3.0\n"


@pytest.mark.parametrize(
    ("files", "marks"),
    [
        pytest.param({"requirements.txt": "flask"}, (), id="none"),
        pytest.param({"requirements.in": "flask"}, ("requirements.in",), id="only a source"),
        pytest.param(
            {"requirements.txt": COMPILED, "requirements.in": "flask"},
            ("requirements.in", "requirements.txt was compiled by pip-compile"),
            id="source and compiled file",
        ),
        pytest.param(
            {"requirements.txt": COMPILED_BY_UV, "requirements.in": "flask"}, (), id="uv compiles the same way"
        ),
        pytest.param(
            {"requirements.txt": "flask", "pyproject.toml": "[tool.pip-tools.compile]\n"},
            ("[tool.pip-tools] in pyproject.toml",),
            id="configuration",
        ),
        pytest.param(
            {"requirements.txt": "flask", ".pip-tools.toml": ""}, (".pip-tools.toml",), id="configuration of its own"
        ),
        pytest.param({"requirements.txt": "flask", "pyproject.toml": "x"}, (), id="broken pyproject"),
    ],
)
def test_marks_of_a_pip_tools_project(tmp_path: Path, files: dict[str, str | bytes], marks: tuple[str, ...]) -> None:
    """Each is a sentence's worth of evidence."""
    assert marks == read(tmp_path, files).pip_tools_marks

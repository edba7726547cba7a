"""pip's requirements format: what each line means, and what is said of those that mean nothing."""

from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.requirements_text import (
    IncludeLine,
    OptionLine,
    RequirementLine,
    RequirementsText,
    read_requirements_text,
)

SHA_A = "sha256:" + "a" * 64
SHA_B = "sha256:" + "b" * 64
CONDA = (
    "It points to a place on the machine that built a conda package: `pip freeze` prints such lines in a conda "
    'environment. Write name==version, or make the list again with "pip list --format=freeze".'
)
NOT_ON_LINE = "Give it a line of its own."


def required(
    text: str, *, name: str | None = None, line: int = 1, marker: str | None = None, extras: tuple[str, ...] = ()
) -> RequirementLine:
    """A requirement of r.txt by its name, which is the text where it is not given."""
    return RequirementLine(
        path="r.txt", line=line, text=text, name=canonicalize_name(name or text), marker=marker, extras=extras
    )


def whole(*lines: RequirementLine | OptionLine | IncludeLine) -> RequirementsText:
    """A text without mistakes."""
    return RequirementsText(lines=lines, mistakes=())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", whole(), id="empty"),
        pytest.param("\n# only\n   # comments\n", whole(), id="comments"),
        pytest.param("flask", whole(required("flask")), id="no newline at the end"),
        pytest.param("a\r\nb\r\n", whole(required("a"), required("b", line=2)), id="CRLF"),
        pytest.param("Flask_X.y  # why\n", whole(required("Flask_X.y", name="flask-x-y")), id="name is normalised"),
        pytest.param("a==1#b", RequirementsText(lines=(), mistakes=(
            Mistake(where="r.txt", line=1, text="a==1#b",
                    detail="Expected comma (within version specifier), semicolon (after version specifier) or end."),
        )), id="a comment needs a space before it"),
        pytest.param(
            "flask \\\n>=2\nnumpy", whole(required("flask >=2", name="flask"), required("numpy", line=3)),
            id="continuation has the number of its first line",
        ),
        pytest.param(
            "flask \\\n  # ends it \\\nnumpy", whole(required("flask"), required("numpy", line=3)),
            id="comment ends a continuation",
        ),
        pytest.param("flask==1 \\", whole(required("flask==1", name="flask")), id="continuation at the end"),
        pytest.param(
            "uvicorn[standard,http] >=0.2 ; python_version<'3.12'",
            whole(required(
                "uvicorn[standard,http] >=0.2 ; python_version<'3.12'",
                name="uvicorn", extras=("http", "standard"), marker='python_version < "3.12"',
            )),
            id="extras and marker",
        ),
        pytest.param(
            "colon==${VERSION}", whole(required("colon==${VERSION}", name="colon")), id="variable in a version"
        ),
        pytest.param(
            "${WHAT}>=1",
            whole(RequirementLine(path="r.txt", line=1, text="${WHAT}>=1", name=None)),
            id="variable as the name",
        ),
    ],
)  # fmt: skip
def test_lines(text: str, expected: RequirementsText) -> None:
    """Comments, continuations, markers and variables, as pip takes them."""
    assert expected == read_requirements_text("r.txt", text)


@pytest.mark.parametrize(
    ("text", "hashes"),
    [
        pytest.param(f"a==1 --hash={SHA_A}", (SHA_A,), id="one"),
        pytest.param(f"a==1 --hash {SHA_A.replace('a' * 64, 'A' * 64)}", (SHA_A,), id="space, capitals"),
        pytest.param(f"a==1 \\\n    --hash={SHA_A} \\\n    --hash={SHA_B}\n    # via x", (SHA_A, SHA_B), id="compiled"),
    ],
)
def test_hashes_belong_to_their_requirement(text: str, hashes: tuple[str, ...]) -> None:
    """They are told apart from the text."""
    line = RequirementLine(path="r.txt", line=1, text="a==1", name=canonicalize_name("a"), hashes=hashes)

    assert whole(line) == read_requirements_text("r.txt", text)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        pytest.param("-i https://h", [("--index-url", "https://h")], id="short"),
        pytest.param("-ihttps://h", [("--index-url", "https://h")], id="short without space"),
        pytest.param("--pypi-url=https://h", [("--index-url", "https://h")], id="old name"),
        pytest.param("--extra-index-url https://h", [("--extra-index-url", "https://h")], id="long"),
        pytest.param("--extra-index-url=https://${T}@h", [("--extra-index-url", "https://${T}@h")], id="variable"),
        pytest.param("-f ./wheels", [("--find-links", "./wheels")], id="find-links"),
        pytest.param('--find-links "my wheels"', [("--find-links", "my wheels")], id="quotes"),
        pytest.param("--pre", [("--pre", "")], id="switch"),
        pytest.param(
            "--no-index --trusted-host h", [("--no-index", ""), ("--trusted-host", "h")], id="several on a line"
        ),
        pytest.param("--only-binary :all:", [("--only-binary", ":all:")], id="only-binary"),
        pytest.param("--no-binary=a,b", [("--no-binary", "a,b")], id="no-binary"),
        pytest.param("--require-hashes", [("--require-hashes", "")], id="require-hashes"),
        pytest.param("--prefer-binary", [("--prefer-binary", "")], id="prefer-binary"),
        pytest.param("--use-feature=fast-deps", [], id="without effect"),
    ],
)
def test_options_have_their_long_names(text: str, options: list[tuple[str, str]]) -> None:
    """Whoever uses them compares with one spelling."""
    lines = (OptionLine(path="r.txt", line=1, option=option, value=value) for option, value in options)

    assert whole(*lines) == read_requirements_text("r.txt", text)


@pytest.mark.parametrize(
    ("text", "target", "constraint"),
    [
        pytest.param("-r base.txt", "base.txt", False, id="short"),
        pytest.param("-rbase.txt", "base.txt", False, id="short without space"),
        pytest.param("--requirement=base.txt", "base.txt", False, id="long"),
        pytest.param("-c ../limits.txt  # why", "../limits.txt", True, id="constraint"),
        pytest.param("--constraint limits.txt", "limits.txt", True, id="long constraint"),
    ],
)
def test_inclusions(text: str, target: str, *, constraint: bool) -> None:
    """The target stays as written: who reads files finds it."""
    assert whole(IncludeLine(path="r.txt", line=1, target=target, constraint=constraint)) == read_requirements_text(
        "r.txt", text
    )


@pytest.mark.parametrize(
    ("text", "expected", "pip_line"),
    [
        pytest.param(
            "x @ https://h/y.zip ; python_version < '4'",
            {"name": "x", "url": "https://h/y.zip", "marker": 'python_version < "4"'},
            'x @ https://h/y.zip ; python_version < "4"',
            id="named",
        ),
        pytest.param(
            "x[e] @ https://${USER}:${PASSWORD}@h/y.zip",
            {"name": "x", "extras": ("e",), "url": "https://${USER}:${PASSWORD}@h/y.zip"},
            "x[e] @ https://${USER}:${PASSWORD}@h/y.zip",
            id="named, with variables",
        ),
        pytest.param(
            "https://h/Foo_Bar-1.0-py3-none-any.whl#sha256=abc",
            {"name": "foo-bar", "url": "https://h/Foo_Bar-1.0-py3-none-any.whl#sha256=abc"},
            "foo-bar @ https://h/Foo_Bar-1.0-py3-none-any.whl#sha256=abc",
            id="wheel",
        ),
        pytest.param(
            "https://h/foo-1.0.tar.gz; python_version<'4'",
            {"name": "foo", "url": "https://h/foo-1.0.tar.gz", "marker": 'python_version < "4"'},
            'foo @ https://h/foo-1.0.tar.gz ; python_version < "4"',
            id="sdist",
        ),
        pytest.param(
            "https://h/archive/main.zip",
            {"name": None, "url": "https://h/archive/main.zip"},
            "https://h/archive/main.zip",
            id="nothing tells the name",
        ),
        pytest.param(
            "git+https://h/r.git@v1#egg=foo[e]&subdirectory=s",
            {"name": "foo", "extras": ("e",), "url": "git+https://h/r.git@v1#subdirectory=s"},
            "foo[e] @ git+https://h/r.git@v1#subdirectory=s",
            id="git with egg",
        ),
        pytest.param(
            "git+ssh://git@h/r.git",
            {"name": None, "url": "git+ssh://git@h/r.git"},
            "git+ssh://git@h/r.git",
            id="git without a name",
        ),
    ],
)
def test_addresses(text: str, expected: dict[str, object], pip_line: str) -> None:
    """What is fetched from an address keeps it, variables included."""
    (line,) = read_requirements_text("r.txt", text).lines

    assert isinstance(line, RequirementLine)
    assert {"name": line.name, "url": line.url} | _given(line) == expected
    assert (text, pip_line) == (line.text, line.pip_line)


def test_editable_checkout_is_an_address() -> None:
    """An image has no checkout to edit, so the resolver is given the plain address."""
    (line,) = read_requirements_text("r.txt", "-e git+https://h/r.git@v1#egg=Foo").lines

    assert line == RequirementLine(
        path="r.txt",
        line=1,
        text="git+https://h/r.git@v1#egg=Foo",
        name=canonicalize_name("foo"),
        editable=True,
        url="git+https://h/r.git@v1",
    )
    assert "foo @ git+https://h/r.git@v1" == line.pip_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(".", {"local_path": "."}, id="the project"),
        pytest.param("./pkg", {"local_path": "./pkg"}, id="directory"),
        pytest.param("libs/pkg", {"local_path": "libs/pkg"}, id="directory without a dot"),
        pytest.param(
            "./pkg[b, a] ; python_version < '4'",
            {"local_path": "./pkg", "extras": ("a", "b"), "marker": 'python_version < "4"'},
            id="extras and marker",
        ),
        pytest.param("-e .", {"local_path": ".", "editable": True}, id="editable"),
        pytest.param("-e.", {"local_path": ".", "editable": True}, id="editable without space"),
        pytest.param(
            "--editable=libs/pkg[e]",
            {"local_path": "libs/pkg", "editable": True, "extras": ("e",)},
            id="editable with extras",
        ),
        pytest.param(
            "-e libs/pkg ; python_version >= '3.9' and sys_platform == 'linux'",
            {
                "local_path": "libs/pkg",
                "editable": True,
                "marker": 'python_version >= "3.9" and sys_platform == "linux"',
            },
            id="editable with a marker, as Poetry exports it",
        ),
        pytest.param('-e "my libs/pkg"', {"local_path": "my libs/pkg", "editable": True}, id="space"),
        pytest.param(
            "wheels/foo-1.0-py3-none-any.whl",
            {"local_path": "wheels/foo-1.0-py3-none-any.whl", "name": "foo"},
            id="wheel",
        ),
        pytest.param("foo-1.0.tar.gz", {"local_path": "foo-1.0.tar.gz", "name": "foo"}, id="sdist"),
        pytest.param("file:./pkg", {"local_path": "./pkg"}, id="file URL, relative"),
        pytest.param("x @ file:///app/my%20pkg", {"local_path": "/app/my pkg", "name": "x"}, id="file URL"),
        pytest.param("x @ ./pkg", {"local_path": "./pkg", "name": "x"}, id="named path"),
    ],
)
def test_local_paths(text: str, expected: dict[str, object]) -> None:
    """The path stays as written: who reads the disk finds it."""
    (line,) = read_requirements_text("r.txt", text).lines

    assert isinstance(line, RequirementLine)
    assert {"local_path": line.local_path} | _given(line) == expected


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        pytest.param("foo=1.0", 'One "=" compares nothing. Write "foo==1.0".', id="one equals sign"),
        pytest.param(
            "foo=1.0=py39_0",
            'This is the form of "conda list --export". Write "foo==1.0".',
            id="conda list --export",
        ),
        pytest.param("foo 1.0", 'There is nothing between name and version. Write "foo==1.0".', id="pip list"),
        pytest.param("foo^1.0", '"^" is Poetry\'s. Write a range, such as "foo>=1.0".', id="Poetry"),
        pytest.param("pip install foo", 'This is a command. Write only "foo".', id="command"),
        pytest.param("<<<<<<< HEAD", "A merge left this mark. Resolve the conflict in this file.", id="merge mark"),
        pytest.param('"foo==1.0",', "A requirement stands without quotes and without a comma.", id="quotes"),
        pytest.param(
            "foo, bar", "There is more than one requirement here. Write each on a line of its own.", id="two in a line"
        ),
        pytest.param(
            "foo>=2004d",
            "Expected comma (within version specifier), semicolon (after version specifier) or end.",
            id="legacy version",
        ),
        pytest.param(
            "foo ; python_version >",
            "This is not a marker: Expected a marker variable or quoted string.",
            id="unfinished marker",
        ),
        pytest.param(
            "git@h:u/r.git",
            'pip takes this address with "git+ssh://" at its beginning and "/" in place of ":".',
            id="ssh shorthand",
        ),
        pytest.param(
            "x @ git@h:u/r.git",
            'pip takes this address with "git+ssh://" at its beginning and "/" in place of ":".',
            id="named ssh shorthand",
        ),
        pytest.param(
            "https://h/r.git", 'pip would download this page as a package. Write "git+https://h/r.git".', id="no git+"
        ),
        pytest.param("https://h/x.whl", "Invalid wheel filename (wrong number of parts): 'x'.", id="wheel's name"),
        pytest.param(
            "numpy @ file:///C:/ci/numpy", f"This is a path on a Windows machine. {CONDA}", id="Windows conda"
        ),
        pytest.param("C:\\x\\foo.whl", f"This is a path on a Windows machine. {CONDA}", id="Windows drive"),
        pytest.param(".\\pkg", 'Write the path with forward slashes: "./pkg".', id="backslashes"),
        pytest.param("-e .\\\\pkg", 'Write the path with forward slashes: "./pkg".', id="editable backslashes"),
        pytest.param(
            "-e https://h/x.zip",
            "Only a directory, or an address of a version control such as git+https, can be editable.",
            id="editable archive",
        ),
        pytest.param(
            "-e git+https://h/r.git",
            "Its name is missing. Write name @ address, or put #egg=name behind the address.",
            id="editable without a name",
        ),
        pytest.param(
            "--index https://h",
            'There is no option "--index" in a requirements file. Did you mean "--index-url"?',
            id="abbreviated option",
        ),
        pytest.param(
            "--find-link x",
            'There is no option "--find-link" in a requirements file. Did you mean "--find-links"?',
            id="misspelt option",
        ),
        pytest.param("-x", 'There is no option "-x" in a requirements file.', id="unknown short option"),
        pytest.param("--index-url", "--index-url needs a value.", id="no value"),
        pytest.param("--pre=yes", "--pre takes no value.", id="value for a switch"),
        pytest.param("-r a.txt b.txt", 'pip ignores "b.txt" here.', id="stray word"),
        pytest.param(
            "-r a.txt -r b.txt",
            "pip reads one file per line and ignores the rest. Write each on a line of its own.",
            id="two inclusions",
        ),
        pytest.param(
            "foo -i https://h", f"pip ignores --index-url on a requirement's line. {NOT_ON_LINE}", id="option in line"
        ),
        pytest.param("foo -e .", f"pip ignores --editable on a requirement's line. {NOT_ON_LINE}", id="both"),
        pytest.param('-f "wheels', "There is no closing quotation.", id="open quotation"),
        pytest.param(
            f"--hash={SHA_A}", "A hash stands with a requirement, on one line or behind a backslash.", id="lonely hash"
        ),
        pytest.param(
            "foo --hash=md5:abc", '"md5:abc" is not a hash: write sha256: and 64 hexadecimal digits.', id="weak hash"
        ),
        pytest.param(
            "foo --config-settings=a=b",
            "--config-settings is not supported. A lock cannot carry it. Build that wheel yourself and name its "
            "directory with --find-links.",
            id="build option",
        ),
        pytest.param(
            "--only-final=foo",
            "--only-final is not supported. Only --pre is known here; without it, final releases win anyway.",
            id="option of pip alone",
        ),
    ],
)
def test_what_pip_would_not_understand(text: str, detail: str) -> None:
    """A sentence that tells what to write instead, wherever the form is known."""
    expected = RequirementsText(lines=(), mistakes=(Mistake(where="r.txt", line=1, text=text, detail=detail),))

    assert expected == read_requirements_text("r.txt", text)


def test_hashes_that_no_index_gives_are_a_mistake() -> None:
    """They could not be checked, and a hash that is not checked is worse than none."""
    digest = "0" * 128

    text = read_requirements_text("requirements.txt", f"flask==3.1 --hash=sha512:{digest}\n")

    detail = "Indexes give sha256 digests, so a line needs one of these; others cannot be checked."
    assert (detail,) == tuple(mistake.detail for mistake in text.mistakes)


def test_mistakes_do_not_stop_the_reading() -> None:
    """All of them are told at once, between lines that are fine."""
    found = read_requirements_text("r.txt", "a=1\nb\nc=2\n")

    assert (required("b", line=2),) == found.lines
    assert [1, 3] == [mistake.line for mistake in found.mistakes]


def test_mistakes_show_no_credentials() -> None:
    """Build logs are read by more people than an index's password is for."""
    (mistake,) = read_requirements_text("r.txt", "--indx-url https://me:hunter2@h").mistakes

    assert "--indx-url https://***@h" == mistake.text


def _given(line: RequirementLine) -> dict[str, object]:
    optional = {"name": line.name, "extras": line.extras, "marker": line.marker, "editable": line.editable}
    return {field: value for field, value in optional.items() if value}

"""The advice of a message depends on the evidence: the likeliest way out comes first."""

from __future__ import annotations

import pytest

from ml_buildpack import errors
from ml_buildpack.error_text import render
from ml_buildpack.errors import BuildpackError, Mistake


def first_fix(error: BuildpackError) -> str:
    """The fix that a user tries first."""
    return render(error).fixes[0]


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        ("requirement.txt", "requirement.txt looks like requirements.txt."),
        ("requirments.txt", "requirments.txt looks like requirements.txt."),
        ("Requirements.txt", "Requirements.txt looks like requirements.txt."),
        ("requirements.text", "requirements.text looks like requirements.txt."),
        ("requirements.txt.txt", "requirements.txt.txt looks like requirements.txt."),
        ("requirements", "requirements looks like requirements.txt."),
        ("deps.txt", "deps.txt looks like requirements.txt."),
        ("pyproject.tml", "pyproject.tml looks like pyproject.toml."),
        ("requirements-prod.txt", "If requirements-prod.txt is meant, say so:"),
        ("train.ipynb", "A notebook does not say what it needs."),
        (".venv/", ".venv holds an environment,"),
        ("README.txt", "Write a requirements.txt"),
        ("project.toml", "Write a requirements.txt"),
        ("requirements.yml", "Write a requirements.txt"),
    ],
)
def test_the_likeliest_reason_for_missing_requirements_comes_first(present: str, expected: str) -> None:
    """What lies in the directory tells what went wrong."""
    assert first_fix(errors.NoRequirementsFound(present=(present,))).startswith(expected)


def test_an_empty_directory_asks_for_the_path() -> None:
    """`pack build` without --path takes the current directory, whatever that is."""
    assert "--path" in first_fix(errors.NoRequirementsFound(present=()))


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("sklearn", "Write `scikit-learn`"),
        ("PIL", "Write `Pillow`"),
        ("yaml", "Write `PyYAML`"),
        ("pytorch", "Write `torch`"),
        ("json", "`json` is a module of Python's own library"),
        ("pkg_resources", "`pkg_resources` is written by a fault"),
        ("pywin32", "`pywin32` is for Windows only"),
        ("churn-features", "Check the spelling."),
    ],
)
def test_a_package_that_does_not_exist_is_named_as_it_was_meant(package: str, expected: str) -> None:
    """The name in `import` is often not the name on the index."""
    explanation = f"Because {package} was not found in the package registry and you require {package}, ..."
    error = errors.PackageNotFound(package=package, requirement_at=(), explanation=explanation)

    assert first_fix(error).startswith(expected)
    assert "another package does." in render(error).body


@pytest.mark.parametrize(
    "explanation",
    [
        "Because there is no version of six==99 and you require six==99, ...",
        "Could not find a version that satisfies the requirement six==99 (from versions: 1.0, 1.1)",
    ],
)
def test_a_release_that_does_not_exist_is_told_from_a_package_that_does_not(explanation: str) -> None:
    """A wrong version is no spelling mistake."""
    error = errors.PackageNotFound(package="six", requirement_at=(), explanation=explanation)

    assert "no such release of 'six'" in render(error).body
    assert "pip index versions six" in first_fix(error)


def test_a_conflict_about_python_suggests_another_python() -> None:
    """The text as uv 0.13 prints it."""
    explanation = (
        "Because the requested Python version (>=3.10) does not satisfy Python>=3.11 and numpy==2.4.0 depends on ..."
    )
    error = errors.ResolutionConflict(resolver="uv", inputs=("requirements.txt",), explanation=explanation)

    assert "BP_PYTHON_VERSION" in render(error).fixes[1]


def test_a_conflict_is_tried_with_the_resolver_that_met_it() -> None:
    """The command must reproduce the failure."""
    error = errors.ResolutionConflict(resolver="pip-tools", inputs=("a b.in",), explanation="No.")

    assert render(error).fixes[-1].endswith("\n    pip-compile 'a b.in'")


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("gcc", "build-essential"),
        ("/usr/bin/gcc", "build-essential"),
        ("Python.h", "python3-dev"),
        ("odd-tool", "odd-tool"),
    ],
)
def test_a_missing_program_is_named_with_its_debian_package(missing: str, expected: str) -> None:
    """The owner of a builder installs packages, not headers."""
    error = errors.NoWheelAndNoCompiler(package="some-package", python="3.11", missing=missing, log_tail="")

    assert f"whose build image has {expected};" in render(error).fixes[-1]


def test_a_package_that_is_built_under_a_name_it_left_is_named() -> None:
    """PyPI has a package `sklearn` whose build fails on purpose."""
    assert "Write `scikit-learn`" in first_fix(errors.SourceBuildFailed(package="sklearn", python="3.11", log_tail=""))


def test_a_build_that_needs_an_older_python_says_so() -> None:
    """Python 3.12 removed distutils, which old packages import."""
    log = "ModuleNotFoundError: No module named 'distutils'"

    assert "an older Python" in first_fix(errors.SourceBuildFailed(package="old", python="3.12", log_tail=log))


@pytest.mark.parametrize(
    ("url", "detail", "expected"),
    [
        ("https://pypi.org/simple/", "timed out", "If the network is reached through a proxy"),
        (
            "https://pypi.org/simple/",
            "invalid peer certificate: UnknownIssuer",
            "If the network has a certificate authority",
        ),
        ("https://pypi.org/simple/", "the server answered 503 Service Unavailable", "The server is out of order"),
        ("http://localhost:8080/simple/", "Connection refused", "Inside the build, localhost is the build's container"),
    ],
)
def test_the_likeliest_reason_for_silence_comes_first(url: str, detail: str, expected: str) -> None:
    """Proxy, certificate, outage and loopback look alike only at first sight."""
    assert first_fix(errors.IndexUnreachable(url=url, detail=detail)).startswith(expected)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "Put user and token"),
        (403, "Check that the account"),
        (407, "Put user and password into the address of the proxy"),
    ],
)
def test_the_status_tells_whose_credentials_are_refused(status: int, expected: str) -> None:
    """401 wants credentials, 403 other ones, and 407 comes from the proxy."""
    assert first_fix(errors.IndexUnauthorised(url="https://h/simple/", status=status)).startswith(expected)


@pytest.mark.parametrize(
    ("pinned_at", "expected"), [("requirements.txt:4", "pip-compile"), ("the lock", "BP_UPGRADE=true")]
)
def test_a_digest_is_pinned_again_where_it_was_pinned(pinned_at: str, expected: str) -> None:
    """A digest in the kept lock is in no file that the user could edit."""
    error = errors.DigestMismatch(file="/l/six-1.17.0.tar.gz", expected=("00",), actual="ff", pinned_at=pinned_at)

    assert expected in render(error).fixes[1]
    assert first_fix(error).endswith("https://pypi.org/project/six/#files")


def test_setting_is_what_decides_and_what_to_change() -> None:
    """It wins over the files, so changing those would not help."""
    requests = (Mistake(where="BP_PYTHON_VERSION", text="3.15", detail="asks for Python ==3.15.*"),)
    error = errors.PythonNotAvailable(requests=requests, available="3.11.2, 3.12.1")

    assert "Set BP_PYTHON_VERSION to 3.11, or leave it out." == first_fix(error)


def test_table_of_pythons_is_shown_by_minor_versions() -> None:
    """Hundreds of releases would hide the answer; a table without any is said to be empty."""
    releases = tuple(f"3.{minor}.{patch}" for minor in range(15, 0, -1) for patch in (9, 0))
    body = render(errors.PythonNotAvailable(requests=(), available=None, downloadable=releases, table="uv's own")).body
    empty = render(errors.PythonNotAvailable(requests=(), available=None, table="t.json")).body

    assert "    3.15.0 to 3.15.9\n" in body
    assert "... and 3 more" in body
    assert "The table of downloads (t.json) offers none for this platform." in empty


def test_one_python_request_can_contradict_itself() -> None:
    """Then there is no other file to change."""
    requests = (Mistake(where="runtime.txt", line=1, text=">3.12,<3.11", detail="asks for Python <3.11,>3.12"),)

    assert "Correct the request" in first_fix(errors.PythonRequestsConflict(requests=requests))


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("Hash mismatch for `cpython`\nExpected:\nff\nComputed:\n00", "Nothing of it was used."),
        ("invalid peer certificate: UnknownIssuer", "The certificate authority of the server is not known here"),
        ("error resolving DNS", "If only a mirror can be reached, name it."),
    ],
)
def test_failed_download_of_a_python_begins_with_its_likeliest_cause(detail: str, expected: str) -> None:
    """A digest that differs is nothing that another network would repair."""
    error = errors.PythonDownloadFailed(requests=(), python="Python 3.12.1", detail=detail, available=None)

    assert first_fix(error).startswith(expected)


def test_applications_without_a_module_get_the_module_of_their_file() -> None:
    """The setting wants `module:attribute`, whoever raised the error."""
    candidates = tuple(Mistake(where=f"src/shop/{name}.py", line=1, text="app", detail="Flask") for name in "abc")
    text = render(errors.TwoWebEntries(candidates=candidates))

    assert 'app = "shop.a:app"' in text.fixes[0]
    assert text.body.startswith("Each of these")


def test_a_killed_command_points_to_memory() -> None:
    """137 is what a shell reports for SIGKILL, which is how the kernel frees memory."""
    assert "memory" in first_fix(errors.CommandFailed(argv=("uv",), exit_code=137, output_tail=""))


def test_lines_that_conda_wrote_suggest_to_write_them_again() -> None:
    """Every line of such a file is wrong, so advice for one line is not enough."""
    mistake = Mistake(
        where="requirements.txt", line=1, text="numpy @ file:///croot/numpy", detail="It points elsewhere."
    )

    assert "pip list --format=freeze" in first_fix(errors.RequirementsMalformed(mistakes=(mistake,)))


def test_mistakes_in_requirements_stand_in_the_order_of_the_files() -> None:
    """They are found in another order: lines that do not parse first, paths that do not exist afterwards."""
    mistakes = tuple(
        Mistake(where=where, line=line, detail="No.") for where, line in (("b.txt", 1), ("a.txt", 10), ("a.txt", 9))
    )
    body = render(errors.RequirementsMalformed(mistakes=mistakes)).body

    assert body.index("a.txt:9") < body.index("a.txt:10") < body.index("b.txt:1")

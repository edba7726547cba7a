"""Files that say where packages come from: which are read, in which order, and that nothing of them shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidSettings
from ml_buildpack.facts.index_configuration import IndexConfiguration, holds_login, read_index_configuration
from ml_buildpack.facts.settings import Settings
from ml_buildpack.problems import Problems
from support.projects import write_project

UV = '[[index]]\nurl = "https://{}.test"\n'
PIP = "[global]\nextra-index-url = https://{}.test\n"


def read(root: Path, files: dict[str, str | bytes], problems: Problems, **env: str) -> IndexConfiguration:
    """What the project of those files says, on an image whose files lie in `root/image`."""
    project = write_project(root / "app", files)
    return read_index_configuration(project, Settings(), (), env, problems, image=root / "image")


def origins(found: IndexConfiguration) -> list[tuple[str, str]]:
    """Each file that counts, and the first index in it."""
    return [(source.origin, source.extra[0].url.reveal()) for source in found.files]


def test_files_of_variables_come_before_the_projects_and_the_images_last(tmp_path: Path) -> None:
    """Each kind once: uv.toml hides [tool.uv], as with uv."""
    mounted = tmp_path / "mounted"
    write_project(mounted, {"uv.toml": UV.format("one"), "pip.conf": PIP.format("two")})
    write_project(tmp_path / "image", {"etc/uv/uv.toml": UV.format("five"), "etc/pip.conf": PIP.format("six")})
    files: dict[str, str | bytes] = {
        "uv.toml": UV.format("three"), "pyproject.toml": '[tool.uv]\nextra-index-url = ["https://hidden.test"]\n',
        "pip.conf": PIP.format("four"),
    }  # fmt: skip
    env = {"UV_CONFIG_FILE": str(mounted / "uv.toml"), "PIP_CONFIG_FILE": str(mounted / "pip.conf")}
    problems = Problems()

    found = read(tmp_path, files, problems, **env)

    expected = [
        ("UV_CONFIG_FILE", "https://one.test"), ("PIP_CONFIG_FILE", "https://two.test"),
        ("uv.toml", "https://three.test"), ("pip.conf", "https://four.test"),
        (str(tmp_path / "image/etc/uv/uv.toml"), "https://five.test"),
        (str(tmp_path / "image/etc/pip.conf"), "https://six.test"),
    ]  # fmt: skip
    assert (expected, []) == (origins(found), problems.errors)


def test_table_of_pyproject_is_read_where_there_is_no_uv_toml(tmp_path: Path) -> None:
    """The usual place."""
    found = read(tmp_path, {"pyproject.toml": '[tool.uv]\nextra-index-url = ["https://a.test"]\n'}, Problems())

    assert [("pyproject.toml", "https://a.test")] == origins(found)


def test_pip_reads_no_file_where_its_variable_says_so(tmp_path: Path) -> None:
    """The way to switch a builder's own file off."""
    write_project(tmp_path / "image", {"etc/pip.conf": PIP.format("image")})

    assert () == read(tmp_path, {"pip.conf": PIP.format("a")}, Problems(), PIP_CONFIG_FILE=os.devnull).files


def test_logins_of_the_variable_come_before_the_projects(tmp_path: Path) -> None:
    """A netrc that does not exist is none."""
    own = tmp_path / "own"
    own.write_text("machine a.test login me password one\n")
    files: dict[str, str | bytes] = {"netrc": "machine a.test login me password two\n"}

    with_own = read(tmp_path, files, Problems(), NETRC=str(own))
    without = read(tmp_path, files, Problems(), NETRC="/nowhere")

    assert ["one", "two"] == [login.password.reveal() for login in with_own.logins]
    assert ["two"] == [login.password.reveal() for login in without.logins]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"netrc": "", ".netrc": ""}, (".netrc", "netrc")),
        ({"pip.conf": PIP.format("u:p@a")}, ("pip.conf",)),
        ({"uv.toml": UV.format("token@a")}, ("uv.toml",)),
        ({"pip.conf": PIP.format("u:${TOKEN}@a"), "uv.toml": UV.format("a")}, ()),
        ({"pyproject.toml": '[tool.uv]\nextra-index-url = ["https://u:p@a.test"]\n'}, ()),
    ],
)
def test_files_that_are_there_for_their_logins_are_named(
    tmp_path: Path, files: dict[str, str | bytes], expected: tuple[str, ...]
) -> None:
    """They do not go into an image. A file that the application needs cannot be left out."""
    assert expected == read(tmp_path, files, Problems()).secret_files


def test_mistakes_of_all_files_are_said_at_once_and_without_their_secrets(tmp_path: Path) -> None:
    """With file and line."""
    files: dict[str, str | bytes] = {
        "uv.toml": 'a = 1\nindex-url = "https://u:s3cret@a.test\n', "pip.conf": "[global]\ns3cret\n",
        "netrc": "machine a.test passwd s3cret\n", "pyproject.toml": "[tool.uv]\n",
    }  # fmt: skip
    problems = Problems()

    read(tmp_path, files, problems, PIP_CONFIG_FILE="/nowhere/pip.conf")

    (error,) = problems.errors
    assert isinstance(error, InvalidSettings)
    expected = [("PIP_CONFIG_FILE", None), ("uv.toml", 2), ("pip.conf", 2), ("netrc", None)]
    assert expected == [(mistake.where, mistake.line) for mistake in error.mistakes]
    assert "s3cret" not in str(error)


def test_nothing_of_it_shows(tmp_path: Path) -> None:
    """In a traceback or in a test's failure."""
    files: dict[str, str | bytes] = {
        "pip.conf": PIP.format("me:s3cret@a"), "netrc": "machine a.test login me password s3cret",
    }  # fmt: skip

    assert "s3cret" not in repr(read(tmp_path, files, Problems()))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://u:p@a.test", True),
        ("https://token@a.test", True),
        ("https://a.test", False),
        ("https://${USER}:${TOKEN}@a.test", False),
        ("https://me:${TOKEN}@a.test", False),
        ("/wheels", False),
    ],
)
def test_login_is_what_somebody_could_use(url: str, *, expected: bool) -> None:
    """The name of a variable is no secret."""
    assert expected == holds_login(url)

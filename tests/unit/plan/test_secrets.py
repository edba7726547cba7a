"""Secrets: found wherever one came in, in every form in which it could come out."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.dependency_files import Requirements, read_requirements
from ml_buildpack.facts.index_configuration import IndexConfiguration
from ml_buildpack.facts.index_source import Index, IndexSource, Login
from ml_buildpack.facts.logins import read_netrc_text
from ml_buildpack.plan.secrets import find_secrets, netrc_text, secret_variables
from support.projects import write_project

NOTHING = IndexConfiguration()


def requirements_of(root: Path, text: str) -> Requirements:
    """The requirements in that text."""
    return read_requirements(write_project(root, {"requirements.txt": text}), ())


def login(machine: str | None, password: str, user: str = "me") -> Login:
    """A login in plain words."""
    return Login(machine=machine, user=Secret(value=user), password=Secret(value=password))


def test_every_form_of_a_password_is_a_secret() -> None:
    """As it is, as an address has it, and as a header has it with the user's name."""
    found = find_secrets(NOTHING, None, {"PIP_INDEX_URL": "https://me:p%40ss%2Fword@a.test/simple"})

    encoded = base64.b64encode(b"me:p@ss/word").decode()
    assert {"p@ss/word", "p%40ss%2Fword", "p%40ss/word", encoded} == found


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        pytest.param({"UV_INDEX": "corp=https://a.test x=https://me:s3cret@b.test"}, "s3cret", id="further index"),
        pytest.param({"UV_FIND_LINKS": "/a,https://me:s3cret@b.test"}, "s3cret", id="links"),
        pytest.param({"https_proxy": "http://me:s3cret@proxy.test:3128"}, "s3cret", id="proxy"),
        pytest.param({"UV_INDEX_CORP_PASSWORD": "s3cret"}, "s3cret", id="password of a named index"),
        pytest.param({"PIP_INDEX_URL": "https://s3cret-token@a.test"}, "s3cret-token", id="token as a user"),
        pytest.param({"PIP_INDEX_URL": "https://s3cret-token:@a.test"}, "s3cret-token", id="no password"),
        pytest.param(
            {"PIP_INDEX_URL": "https://s3cret-token:x-oauth-basic@a.test"}, "s3cret-token", id="a password for show"
        ),
    ],
)
def test_secrets_of_variables(env: dict[str, str], expected: str) -> None:
    """All places where a variable of these tools holds one."""
    assert expected in find_secrets(NOTHING, None, env)


def test_names_that_everybody_uses_are_no_secrets(tmp_path: Path) -> None:
    """Hiding them would make a log unreadable."""
    requirements = requirements_of(
        tmp_path, "a @ git+ssh://git@a.test/a.git\nb @ https://a.test/${CHANNEL}/b-1.0.tar.gz\n"
    )
    env = {"PIP_INDEX_URL": "https://reader:s3cret@a.test", "CHANNEL": "stable", "AWS_SECRET": "other"}

    assert not {"git", "reader", "stable", "other"} & find_secrets(NOTHING, requirements, env)


def test_variables_in_requirements_are_filled_in(tmp_path: Path) -> None:
    """A variable may hold the password, the whole address, or a token in the path."""
    requirements = requirements_of(
        tmp_path,
        "--index-url https://me:${PASS}@a.test/simple\n--extra-index-url ${WHOLE}\n"
        "b @ https://a.test/${B_TOKEN}/b-1.0.tar.gz\n",
    )
    env = {"PASS": "s3cret", "WHOLE": "https://me:an0ther@b.test", "B_TOKEN": "t0ken-of-b"}

    assert {"s3cret", "an0ther", "t0ken-of-b"} <= find_secrets(NOTHING, requirements, env)
    assert {"B_TOKEN": "t0ken-of-b"} == secret_variables(["https://a.test/${B_TOKEN}/${PLACE}"], {**env, "PLACE": "x"})


def test_secrets_of_files_and_bindings() -> None:
    """Addresses and logins."""
    url = Index(url=Secret(value="https://me:${PASS}@a.test"))
    configuration = IndexConfiguration(
        bindings=(IndexSource(origin="binding b", default=Index(url=Secret(value="https://me:fr0m-binding@a.test"))),),
        files=(IndexSource(origin="pip.conf", extra=(url,)),),
        logins=(login("a.test", "fr0m-netrc"),),
    )

    expected = {"fr0m-binding", "fr0m-file", "fr0m-netrc"}
    assert expected <= find_secrets(configuration, None, {"PASS": "fr0m-file"})


def test_short_texts_are_not_hidden() -> None:
    """They would be found everywhere."""
    assert "abc" not in find_secrets(NOTHING, None, {"PIP_INDEX_URL": "https://abc:abc@a.test"})


def test_one_netrc_has_the_first_login_of_each_machine() -> None:
    """And the one for all machines last, because readers stop at what fits. Whatever a password holds, it stays."""
    logins = (
        login(None, "for-all"),
        login("a.test", "fi rst"),
        login("a.test", "second"),
        login("b.test", '"q#\\', user=""),
    )

    text = netrc_text(logins)

    assert (logins[1], logins[3], logins[0]) == read_netrc_text(text)
    assert "" == netrc_text(())

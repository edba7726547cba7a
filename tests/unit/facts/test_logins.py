"""netrc files: every spelling that other programs read, and errors that quote nothing."""

from __future__ import annotations

import pytest

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.index_source import Login
from ml_buildpack.facts.logins import MalformedNetrcError, read_netrc_text


def login(machine: str | None, user: str, password: str) -> Login:
    """A login in plain words."""
    return Login(machine=machine, user=Secret(value=user), password=Secret(value=password))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", (), id="empty"),
        pytest.param("machine a.test login me password pw\n", (login("a.test", "me", "pw"),), id="one line"),
        pytest.param("machine a.test\n\tlogin me\n\tpassword pw\n", (login("a.test", "me", "pw"),), id="several lines"),
        pytest.param("machine a.test user me password pw account x", (login("a.test", "me", "pw"),), id="user"),
        pytest.param(
            "machine a login me password pw#1 # x is no comment here".removesuffix(" # x is no comment here"),
            (login("a", "me", "pw#1"),),
            id="a hash in a password",
        ),
        pytest.param("# a comment\nmachine a login me password pw", (login("a", "me", "pw"),), id="comment"),
        pytest.param('machine a login "m e" password "p\\"w"', (login("a", "m e", 'p"w'),), id="quotes"),
        pytest.param("default login me password pw", (login(None, "me", "pw"),), id="every machine"),
        pytest.param("machine a login me", (), id="without a password"),
        pytest.param(
            "macdef init\ncd /pub\nmachine x login y password z\n\nmachine a login me password pw",
            (login("a", "me", "pw"),),
            id="macro",
        ),
        pytest.param(
            "machine a login me password pw\nmachine b password machine",
            (login("a", "me", "pw"), login("b", "", "machine")),
            id="a password that is a keyword",
        ),
    ],
)
def test_logins_are_read(text: str, expected: tuple[Login, ...]) -> None:
    """In the file's order."""
    assert expected == read_netrc_text(text)


@pytest.mark.parametrize("text", ["machine a login me password s3cret s3cret", "machine a password", "s3cret"])
def test_errors_quote_nothing(text: str) -> None:
    """A word in the wrong place may be the password."""
    with pytest.raises(MalformedNetrcError) as raised:
        read_netrc_text(text)

    assert "s3cret" not in str(raised.value)
    assert str(raised.value).endswith(".")


def test_logins_never_show() -> None:
    """In a traceback or in a test's failure."""
    shown = repr(login("a.test", "me", "s3cret"))

    assert ("a.test" in shown, "s3cret" in shown, "me'" in shown) == (True, False, False)

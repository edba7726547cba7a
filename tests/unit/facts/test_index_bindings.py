"""Bindings of the types pypi, pip and netrc, and certificates."""

from __future__ import annotations

import pytest

from ml_buildpack.errors import InvalidBinding, Mistake
from ml_buildpack.facts.bindings import Binding, Secret
from ml_buildpack.facts.index_bindings import IndexBindings, read_certificates, read_index_bindings
from ml_buildpack.facts.index_source import Index, IndexSource, Login

A, B = "https://a.test/simple", "https://b.test/simple"
AUTHORITY = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"


def binding(name: str, type_: str, **entries: str) -> Binding:
    """A binding whose values arrived in a variable; `__` stands for a hyphen."""
    values = {key.replace("__", "-").replace("_dot_", "."): Secret(value=value) for key, value in entries.items()}
    return Binding(name=name, type=type_, provider="", entries=values)


def index(url: str) -> Index:
    """An index by its address alone."""
    return Index(url=Secret(value=url))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param({"index__url": A}, IndexSource(origin="binding b", default=index(A)), id="only the address"),
        pytest.param({"url": A}, IndexSource(origin="binding b", default=index(A)), id="another name"),
        pytest.param(
            {"index__url": A, "username": "me", "password": "p/w@"},
            IndexSource(origin="binding b", default=index("https://me:p%2Fw%40@a.test/simple")),
            id="with a login",
        ),
        pytest.param(
            {"index__url": A, "token": "t"},
            IndexSource(origin="binding b", default=index("https://__token__:t@a.test/simple")),
            id="with a token",
        ),
        pytest.param(
            {"index__url": "https://you:own@a.test/simple", "username": "me", "password": "pw"},
            IndexSource(origin="binding b", default=index("https://you:own@a.test/simple")),
            id="with a login in the address",
        ),
        pytest.param(
            {"extra__index__url": f"{A}\n{B}", "username": "me"},
            IndexSource(
                origin="binding b", extra=(index("https://me@a.test/simple"), index("https://me@b.test/simple"))
            ),
            id="further ones",
        ),
        pytest.param(
            {"pip_dot_conf": f"[global]\nextra-index-url = {A}\n"},
            IndexSource(origin="binding b", extra=(index(A),)),
            id="a whole file",
        ),
    ],
)
@pytest.mark.parametrize("type_", ["pypi", "pip"])
def test_indexes_of_a_binding(type_: str, entries: dict[str, str], expected: IndexSource) -> None:
    """A login goes into the address, escaped, so that it is sent nowhere else."""
    assert IndexBindings(sources=(expected,)) == read_index_bindings((binding("b", type_, **entries),))


def test_logins_of_bindings_come_in_their_order() -> None:
    """Other types are somebody else's."""
    found = read_index_bindings(
        (
            binding("a", "netrc", netrc="machine a.test login me password one"),
            binding("b", "pypi", netrc="machine b.test login me password two"),
            binding("c", "s3", netrc="machine c.test login me password three"),
        )
    )

    user = Secret(value="me")
    expected = (
        Login(machine="a.test", user=user, password=Secret(value="one")),
        Login(machine="b.test", user=user, password=Secret(value="two")),
    )
    assert IndexBindings(logins=expected) == found


def test_mistakes_of_all_bindings_are_said_at_once_and_without_their_values() -> None:
    """With the binding and the entry."""
    with pytest.raises(InvalidBinding) as raised:
        read_index_bindings(
            (
                binding("empty", "pypi", colour="s3cret"),
                binding("nowhere", "pypi", username="me", password="s3cret"),  # noqa: S106 - what must not show
                binding("odd", "pypi", index__url="s3cret"),
                binding("rc", "netrc", netrc="s3cret"),
                binding("conf", "pip", pip_dot_conf="s3cret"),
            )
        )

    places = [mistake.where for mistake in raised.value.mistakes]
    assert ["binding empty", "binding nowhere", "binding odd, entry index-url", "binding rc, entry netrc",
            "binding conf, entry pip.conf"] == places  # fmt: skip
    assert "s3cret" not in str(raised.value)


def test_certificates_are_those_of_their_bindings() -> None:
    """Every entry of each; other bindings are not read."""
    bindings = (
        binding("a", "ca-certificates", x_dot_pem=AUTHORITY, y=AUTHORITY),
        binding("b", "pypi", password="x"),  # noqa: S106 - no secret
    )

    assert (AUTHORITY, AUTHORITY) == read_certificates(bindings)


def test_something_else_than_a_certificate_is_refused() -> None:
    """A certificate in DER, or a page that says that one has to log in."""
    with pytest.raises(InvalidBinding) as raised:
        read_certificates((binding("a", "ca-certificates", x_dot_pem="<html>"),))

    detail = 'It is no certificate in PEM format, which begins with "-----BEGIN CERTIFICATE-----".'
    assert (Mistake(where="binding a, entry x.pem", detail=detail),) == raised.value.mistakes

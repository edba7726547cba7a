"""Secrets leave text that is shown, and nothing else does."""

from __future__ import annotations

import pytest

from ml_buildpack.redaction import hide_secrets, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://user:t0ken@host/simple", "https://***@host/simple", id="user and password"),
        pytest.param("https://t0ken@host/simple", "https://***@host/simple", id="token as user"),
        pytest.param("https://:t0ken@host/simple", "https://***@host/simple", id="password without user"),
        pytest.param("HTTPS://user:t0ken@host", "HTTPS://***@host", id="scheme in capitals"),
        pytest.param("git+https://user:t0ken@host/r.git@v1", "git+https://***@host/r.git@v1", id="git URL with a tag"),
        pytest.param("http://u:a@b@proxy:3128", "http://***@proxy:3128", id="unescaped at sign"),
        pytest.param("https://user:a/b@host/simple", "https://***@host/simple", id="unescaped slash"),
        pytest.param("(https://u:p@a/x, https://u:p@b/y)", "(https://***@a/x, https://***@b/y)", id="two on a line"),
        pytest.param('{"url":"https://u:p@host/"}', '{"url":"https://***@host/"}', id="in JSON"),
    ],
)
def test_userinfo_of_urls_is_hidden(text: str, expected: str) -> None:
    """Index addresses carry credentials more often than anything else that is printed."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://h/x?token=abc&v=1", "https://h/x?token=***&v=1", id="token"),
        pytest.param(
            "https://h/x?v=1&access_token=abc#top", "https://h/x?v=1&access_token=***#top", id="second, with #"
        ),
        pytest.param(
            "https://s3/x?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=ff00&X-Amz-Expires=60",
            "https://s3/x?X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Expires=60",
            id="presigned S3",
        ),
        pytest.param("https://blob/x?sv=2024&sig=abc%3D", "https://blob/x?sv=2024&sig=***", id="Azure signature"),
    ],
)
def test_secrets_in_queries_are_hidden(text: str, expected: str) -> None:
    """Presigned addresses are passwords with a date."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Authorization: Basic dXNlcjpwdw==", "Authorization: ***", id="basic"),
        pytest.param("< proxy-authorization: Bearer abc.def", "< proxy-authorization: ***", id="proxy, lower case"),
        pytest.param('"Authorization": "Bearer abc", "n": 1', '"Authorization": "***", "n": 1', id="in JSON"),
        pytest.param("{'authorization': 'token abc'}", "{'authorization': '***'}", id="in a Python dict"),
        pytest.param('Authorization: Digest username="u", nonce=1', "Authorization: ***", id="digest"),
        pytest.param("PRIVATE-TOKEN: abc", "PRIVATE-TOKEN: ***", id="GitLab"),
        pytest.param("Cookie: session=abc; csrf=def", "Cookie: ***", id="cookies"),
    ],
)
def test_headers_with_credentials_are_hidden(text: str, expected: str) -> None:
    """Tools print headers when they are told to be verbose, and exceptions quote requests."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("HF_TOKEN=abc", "HF_TOKEN=***", id="token"),
        pytest.param("AWS_SECRET_ACCESS_KEY=a/b+c x", "AWS_SECRET_ACCESS_KEY=*** x", id="key with slashes"),
        pytest.param("UV_INDEX_OURS_PASSWORD=abc", "UV_INDEX_OURS_PASSWORD=***", id="password"),
        pytest.param("error near hf_abcdefghijklmnopqrst", "error near ***", id="token that names itself"),
    ],
)
def test_variables_and_known_tokens_are_hidden(text: str, expected: str) -> None:
    """A dump of the environment is the quickest way to lose a secret."""
    assert expected == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scikit-learn==1.5.2 ; python_version >= '3.10'",
        "https://files.example.com:8443/packages/a@2/six-1.17.0-py2.py3-none-any.whl#sha256=4721f391",
        "git+https://github.com/org/repo@v1.2#subdirectory=pkg&egg=pkg",
        "mail maintainer@example.com, see https://example.com/help?page=2&sort=name",
        "https://<user>:<token>@host is how an address with credentials looks",
        "KeyError: 'token' in tokens = tokenize(text)",
        "BP_APP=main:app PIP_INDEX_URL=https://pypi.example.com/simple",
        "C:\\Users\\me@work\\app.py",
    ],
)
def test_text_without_secrets_is_left_alone(text: str) -> None:
    """Evidence that is changed is no evidence."""
    assert text == redact(text)


def test_redacting_twice_changes_nothing_more() -> None:
    """Text passes several places that redact: where output is caught, and where it is rendered."""
    once = redact("https://u:p@h/?token=x Authorization: Basic abc HF_TOKEN=y\nCookie: a=b\nhttps://u:p/q@h/")

    assert once == redact(once)


def test_a_secret_is_found_on_any_line() -> None:
    """Output has many lines, and the secret is not on the first."""
    assert "a\nhttps://***@h/\nb" == redact("a\nhttps://u:p@h/\nb")


def test_known_secrets_are_hidden_wherever_they_stand() -> None:
    """The longest first: a part of one must not be left over."""
    assert "a/***/b *** ***c" == hide_secrets("a/one/b one-two one-two-threec", ["one", "one-two-three", "one-two"])
    assert "text" == hide_secrets("text", ())

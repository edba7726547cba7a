"""The environment of tools: both names of every setting, and nothing that nobody needs."""

from __future__ import annotations

import pytest

from ml_buildpack.plan.tool_environment import (
    index_identities,
    index_urls,
    interpolate,
    tool_environment,
    uv_arguments,
    with_only_index,
)

ALWAYS = {
    "HOME": "/home",
    "LC_ALL": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532801",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "UV_NO_PROGRESS": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "GIT_TERMINAL_PROMPT": "0",
}
A, B = "https://a.test/simple", "https://user:secret@b.test/simple"


def environment(env: dict[str, str], *, interpolated: frozenset[str] = frozenset()) -> dict[str, str]:
    """The tools' environment, without certificates."""
    return tool_environment(env, home="/home", certificates=None, interpolated=interpolated)


def test_nothing_passes_unasked() -> None:
    """Secrets of the platform do not reach the build of a package that somebody else wrote."""
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "x", "HF_TOKEN": "x", "DATABASE_URL": "x", "BP_APP": "x", "CNB_LAYERS_DIR": "x",
        "PYTHONPATH": "x", "LD_PRELOAD": "x", "HOME": "/root", "TOKEN": "x", "VCAP_SERVICES": "{}",
    }  # fmt: skip

    assert ALWAYS == environment(secrets)


def test_variable_of_a_requirement_line_passes() -> None:
    """`${TOKEN}` in a line is how a user says that the resolver shall have it; other variables stay out."""
    env = {"TOKEN": "secret", "AWS_SECRET_ACCESS_KEY": "x"}

    assert {**ALWAYS, "TOKEN": "secret"} == environment(env, interpolated=frozenset({"TOKEN", "ABSENT"}))


def test_what_reaches_the_network_and_compilers_passes() -> None:
    """Proxies, flags of compilers, and the settings of the tools themselves."""
    env = {"PATH": "/bin", "HTTPS_PROXY": "http://proxy", "no_proxy": "x", "CFLAGS": "-O2", "UV_HTTP_TIMEOUT": "9",
           "PIP_RETRIES": "1", "GIT_SSL_NO_VERIFY": "1", "CARGO_HTTP_TIMEOUT": "1"}  # fmt: skip

    assert {**ALWAYS, **env} == environment(env)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"PIP_INDEX_URL": A}, {"PIP_INDEX_URL": A, "UV_DEFAULT_INDEX": A}),
        ({"UV_DEFAULT_INDEX": A}, {"PIP_INDEX_URL": A, "UV_DEFAULT_INDEX": A}),
        ({"UV_INDEX_URL": A}, {"PIP_INDEX_URL": A, "UV_DEFAULT_INDEX": A}),
        ({"UV_DEFAULT_INDEX": f"corp={A}"}, {"PIP_INDEX_URL": A, "UV_DEFAULT_INDEX": f"corp={A}"}),
        ({"PIP_EXTRA_INDEX_URL": f"{A} {B}"}, {"PIP_EXTRA_INDEX_URL": f"{A} {B}", "UV_INDEX": f"{A} {B}"}),
        ({"PIP_EXTRA_INDEX_URL": f"{A}\n{B}"}, {"PIP_EXTRA_INDEX_URL": f"{A}\n{B}", "UV_INDEX": f"{A} {B}"}),
        ({"UV_EXTRA_INDEX_URL": A}, {"PIP_EXTRA_INDEX_URL": A, "UV_INDEX": A}),
        ({"UV_INDEX": f"x={A} {B}"}, {"PIP_EXTRA_INDEX_URL": f"{A} {B}", "UV_INDEX": f"x={A} {B}"}),
        ({"PIP_FIND_LINKS": "/a /b"}, {"PIP_FIND_LINKS": "/a /b", "UV_FIND_LINKS": "/a,/b"}),
        ({"UV_FIND_LINKS": "/a,/b"}, {"PIP_FIND_LINKS": "/a /b", "UV_FIND_LINKS": "/a,/b"}),
        ({"PIP_NO_INDEX": "1"}, {"PIP_NO_INDEX": "1"}),
        ({"UV_INSECURE_HOST": "a b"}, {"PIP_TRUSTED_HOST": "a b", "UV_INSECURE_HOST": "a b"}),
        ({"PIP_INDEX_URL": A, "UV_DEFAULT_INDEX": B}, {"PIP_INDEX_URL": A, "UV_DEFAULT_INDEX": B}),
    ],
)
def test_both_tools_obey_either_name(given: dict[str, str], expected: dict[str, str]) -> None:
    """So that changing the resolver does not change the index. What is set for both is left alone."""
    assert {**ALWAYS, **expected} == environment(given)


def test_certificates_have_the_name_of_every_tool() -> None:
    """uv, pip, requests and git look in different places."""
    names = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO")

    found = tool_environment({"PIP_CERT": "/other"}, home="/home", certificates="/bundle.pem")

    assert {**ALWAYS, **dict.fromkeys(names, "/bundle.pem")} == found


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("True", True), ("on", True), ("0", False), ("", False)])
def test_uv_is_told_what_it_has_no_variable_for(value: str, *, expected: bool) -> None:
    """It knows `--no-index` as an argument alone."""
    assert (("--no-index",) if expected else ()) == uv_arguments({"PIP_NO_INDEX": value})


def test_index_urls_are_those_that_uv_gets() -> None:
    """Without the names that uv allows, and with credentials: they are for the downloader alone."""
    env = {
        "UV_DEFAULT_INDEX": f"corp={A}?x=1",
        "UV_INDEX": f"{B} gpu=https://c.test/gpu",
        "UV_FIND_LINKS": "/a,https://d.test",
    }

    assert (f"{A}?x=1", B, "https://c.test/gpu", "/a", "https://d.test") == index_urls(env)
    assert () == index_urls({})


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        pytest.param("https://u:one@a.test/x", "https://u:two@a.test/x", True, id="another password"),
        pytest.param("https://a.test/x?token=1", "https://a.test/x?token=2", True, id="another token"),
        pytest.param("https://a.test/whl/cpu", "https://a.test/whl/cu126", False, id="another path"),
        pytest.param("https://a.test/x", "https://b.test/x", False, id="another host"),
        pytest.param("https://a.test/x", "https://a.test:8443/x", False, id="another port"),
    ],
)
def test_identity_of_an_index_is_its_place_and_not_its_secret(before: str, after: str, *, same: bool) -> None:
    """A token that is made for each build must not change the lock; PyTorch's CPU and CUDA indexes share a host."""
    was, now = ({"UV_INDEX": url} for url in (before, after))

    assert same == (index_identities(was) == index_identities(now))


def test_identity_shows_no_secret() -> None:
    """It is printed, and kept in the image's metadata."""
    (identity,) = index_identities({"UV_DEFAULT_INDEX": "https://user:secret@a.test/token-in-path/simple?key=secret"})

    assert "a.test#" == identity[: len("a.test#")]
    assert not any(secret in identity for secret in ("secret", "token-in-path", "user"))


def test_variables_are_filled_in_as_pip_and_uv_do() -> None:
    """`${NAME}` in capitals only; what is not set stays as it was written."""
    text = "https://${USER}:${TOKEN}@a.test/${lower}/$USER/${ABSENT}"

    expected = "https://me:secret@a.test/${lower}/$USER/${ABSENT}"
    assert expected == interpolate(text, {"USER": "me", "TOKEN": "secret", "lower": "x"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://b.test/simple/", "https://user:secret@b.test/simple/", id="the very index"),
        pytest.param("https://b.test/other", "https://user:secret@b.test/other", id="another one of its host"),
        pytest.param("https://me:own@b.test/simple", "https://me:own@b.test/simple", id="with a login of its own"),
        pytest.param("https://c.test/simple", "https://c.test/simple", id="another host"),
    ],
)
def test_index_that_a_lock_names_is_asked_alone(url: str, expected: str) -> None:
    """With the login that is known for it: a lock holds none."""
    env = {"UV_INDEX": f"corp={B}", "PIP_EXTRA_INDEX_URL": B, "UV_DEFAULT_INDEX": A, "PIP_INDEX_URL": A, "KEPT": "1"}

    assert {"KEPT": "1", "UV_DEFAULT_INDEX": expected, "PIP_INDEX_URL": expected} == with_only_index(env, url)

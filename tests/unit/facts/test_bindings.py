"""Service bindings: where they come from, and that their values show nowhere unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml_buildpack.errors import InvalidBinding, Mistake
from ml_buildpack.facts.bindings import Binding, Secret, read_bindings
from support.projects import write_project


def test_no_directories_are_no_bindings(tmp_path: Path) -> None:
    """The usual case: a platform that binds nothing has no directory for it."""
    assert () == read_bindings({"SERVICE_BINDING_ROOT": str(tmp_path / "none")}, tmp_path)


def test_root_variable_and_platform_directory_are_united(tmp_path: Path) -> None:
    """Sorted by name; where both have a name, the variable's wins. Types lose their case and values their space."""
    write_project(
        tmp_path,
        {
            "root/index/type": "PyPI\n",
            "root/index/provider": " acme \n",
            "root/index/url": "https://h/simple\n",
            "platform/bindings/index/type": "other",
            "platform/bindings/ca/type": "ca-certificates",
            "platform/bindings/ca/acme.pem": "PEM",
        },
    )
    found = read_bindings({"SERVICE_BINDING_ROOT": f"{tmp_path}/root\n"}, tmp_path / "platform")

    assert (
        Binding(
            name="ca",
            type="ca-certificates",
            provider="",
            entries={"acme.pem": tmp_path / "platform/bindings/ca/acme.pem"},
        ),
        Binding(name="index", type="pypi", provider="acme", entries={"url": tmp_path / "root/index/url"}),
    ) == found
    assert "https://h/simple" == found[1].read("url")


def test_mounted_secrets_of_kubernetes(tmp_path: Path) -> None:
    """Every entry is a link through `..data`, whose own names are not entries."""
    write_project(tmp_path, {"bindings/index/..2026/type": "pypi", "bindings/index/..2026/url": "https://h"})
    index = tmp_path / "bindings/index"
    (index / "..data").symlink_to("..2026")
    for name in ("type", "url"):
        (index / name).symlink_to(f"..data/{name}")
    (tmp_path / "bindings/..data").symlink_to("index")

    assert (Binding(name="index", type="pypi", provider="", entries={"url": index / "url"}),) == read_bindings(
        {}, tmp_path
    )


def test_directory_without_type_is_of_no_type(tmp_path: Path) -> None:
    """Nobody will match it, and a stray directory must not fail a build."""
    write_project(tmp_path, {"bindings/stray/key": "x"})

    assert (
        Binding(name="stray", type="", provider="", entries={"key": tmp_path / "bindings/stray/key"}),
    ) == read_bindings({}, tmp_path)


def test_cloud_foundry_gives_values_in_a_variable(tmp_path: Path) -> None:
    """`label` is the type, the key above it the provider; values that are not texts are JSON."""
    services = {
        "acme": [{"name": "index", "label": "PyPI", "credentials": {"type": "basic", "url": "https://h", "port": 80}}],
        "user-provided": [
            {"name": "mine", "label": "user-provided", "credentials": {"type": "netrc", "netrc": " machine h "}},
            {"name": "plain", "label": "user-provided", "credentials": None},
        ],
    }
    found = read_bindings({"VCAP_SERVICES": json.dumps(services)}, tmp_path)

    assert (
        Binding(
            name="index",
            type="pypi",
            provider="acme",
            entries={"type": Secret(value="basic"), "url": Secret(value="https://h"), "port": Secret(value="80")},
        ),
        Binding(
            name="mine", type="netrc", provider="user-provided", entries={"netrc": Secret(value=" machine h ")}
        ),
        Binding(name="plain", type="user-provided", provider="user-provided", entries={}),
    ) == found  # fmt: skip
    assert "machine h" == found[1].read("netrc")


def test_values_show_in_no_repr(tmp_path: Path) -> None:
    """Logs and test failures print values, so a binding must be safe to print."""
    services = {"x": [{"name": "a", "credentials": {"password": "hunter2"}}]}
    write_project(tmp_path, {"bindings/b/type": "pypi", "bindings/b/password": "hunter2"})

    assert "hunter2" not in repr(read_bindings({"VCAP_SERVICES": json.dumps(services)}, tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no JSON"),
        pytest.param('"text"', id="a text"),
        pytest.param("[1]", id="a list"),
        pytest.param('{"x": 1}', id="no list of services"),
        pytest.param('{"x": [1]}', id="no service"),
        pytest.param('{"x": [{"credentials": {}}]}', id="no name"),
        pytest.param('{"x": [{"name": "a", "credentials": 3}]}', id="no credentials"),
    ],
)
def test_broken_variable_is_told_without_its_content(tmp_path: Path, text: str) -> None:
    """It is full of secrets, so neither the message nor its cause quotes it."""
    with pytest.raises(InvalidBinding) as caught:
        read_bindings({"VCAP_SERVICES": text}, tmp_path)

    detail = "It is not the JSON that Cloud Foundry writes: lists of services by label."
    assert (Mistake(where="VCAP_SERVICES", detail=detail),) == caught.value.mistakes
    assert caught.value.__suppress_context__


def test_entry_that_is_not_text_cannot_be_read(tmp_path: Path) -> None:
    """A certificate in DER, for example: the message names the entry."""
    write_project(tmp_path, {"bindings/ca/type": "ca-certificates", "bindings/ca/x.der": b"\x30\x82\xff"})
    (binding,) = read_bindings({}, tmp_path)

    with pytest.raises(InvalidBinding) as caught:
        binding.read("x.der")

    assert (Mistake(where="binding ca, entry x.der", detail="It is not UTF-8 text."),) == caught.value.mistakes

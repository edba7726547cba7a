"""pip.conf: what it says about where packages come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.index_source import Index, IndexSource
from ml_buildpack.facts.pip_configuration import MalformedPipConfigurationError, read_pip_configuration

A, B, C = "https://a.test/simple", "https://b.test/simple", "https://c.test/simple"


def read(text: str) -> IndexSource:
    """The text as the project's own file."""
    return read_pip_configuration(text, origin="pip.conf", directory=Path("/app"))


def index(url: str) -> Index:
    """An index by its address alone."""
    return Index(url=Secret(value=url))


def test_everything_that_names_a_place_is_read() -> None:
    """Lists go over several lines, keys are written either way, `[install]` wins; other keys do not matter."""
    text = f"""\
[global]
timeout = 60
index_url = {A}
extra-index-url =
    {B}
    {C}
find-links = wheels https://d.test/x ${{PLACE}}
trusted-host = a.test
    b.test
no-index = false
[install]
index-url = {C}
[freeze]
index-url = {B}
"""
    expected = IndexSource(
        origin="pip.conf",
        default=index(C),
        extra=(index(B), index(C)),
        find_links=tuple(Secret(value=link) for link in ("/app/wheels", "https://d.test/x", "${PLACE}")),
        trusted_hosts=("a.test", "b.test"),
        no_index=False,
    )

    assert expected == read(text)


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
def test_no_index_is_a_switch(value: str) -> None:
    """As pip reads switches."""
    assert IndexSource(origin="pip.conf", no_index=True) == read(f"[global]\nno-index = {value}\n")


def test_percent_signs_are_nothing_special() -> None:
    """Passwords in addresses are full of them."""
    assert index("https://u:p%40s@a.test/") == read("[global]\nindex-url = https://u:p%40s@a.test/\n").default


@pytest.mark.parametrize(
    ("text", "line"), [("index-url = https://u:s3cret@a.test\n", 1), ("[global]\nno value\n s3cret", 2)]
)
def test_what_pip_cannot_read_is_said_without_quoting_it(text: str, line: int) -> None:
    """The line may hold a password."""
    with pytest.raises(MalformedPipConfigurationError) as raised:
        read(text)

    assert line == raised.value.line
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None

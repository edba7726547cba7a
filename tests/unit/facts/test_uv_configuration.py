"""uv.toml and [tool.uv]: what they say about where packages come from."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from ml_buildpack.facts.bindings import Secret
from ml_buildpack.facts.index_source import Index, IndexSource
from ml_buildpack.facts.uv_configuration import MalformedUvConfigurationError, read_uv_configuration


def read(text: str) -> IndexSource:
    """The text as the project's own uv.toml."""
    return read_uv_configuration(tomli.loads(text), origin="uv.toml", directory=Path("/app"))


def test_tables_of_indexes_are_read_in_their_order() -> None:
    """The default one apart; one with `format = "flat"` is a page of links."""
    text = """\
python-preference = "system"
allow-insecure-host = ["a.test"]
[[index]]
name = "pytorch"
url = "https://p.test/cpu"
explicit = true
[[index]]
name = "corp"
url = "https://c.test/simple"
default = true
[[index]]
url = "https://d.test/simple"
[[index]]
url = "./wheels"
format = "flat"
"""
    expected = IndexSource(
        origin="uv.toml",
        default=Index(url=Secret(value="https://c.test/simple"), name="corp"),
        extra=(
            Index(url=Secret(value="https://p.test/cpu"), name="pytorch", explicit=True),
            Index(url=Secret(value="https://d.test/simple")),
        ),
        find_links=(Secret(value="/app/wheels"),),
        trusted_hosts=("a.test",),
    )

    assert expected == read(text)


def test_older_keys_are_read_and_those_of_pip_first() -> None:
    """`uv pip` prefers its own table, and that is what resolves here."""
    text = """\
index-url = "https://a.test"
extra-index-url = ["https://b.test"]
find-links = ["https://f.test"]
no-index = true
[pip]
index-url = "https://c.test"
extra-index-url = ["https://d.test"]
find-links = ["/wheels"]
"""
    expected = IndexSource(
        origin="uv.toml",
        default=Index(url=Secret(value="https://c.test")),
        extra=(Index(url=Secret(value="https://d.test")),),
        find_links=(Secret(value="/wheels"), Secret(value="https://f.test")),
        no_index=True,
    )

    assert expected == read(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('index = "https://a.test"', "index"),
        ('[[index]]\nname = "a"', "index"),
        ("index-url = 1", "index-url"),
        ('extra-index-url = "https://a.test"', "extra-index-url"),
    ],
)
def test_what_uv_would_refuse_is_refused(text: str, key: str) -> None:
    """With the key."""
    with pytest.raises(MalformedUvConfigurationError) as raised:
        read(text)

    assert key == raised.value.key

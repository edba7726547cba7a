"""Logins: which of them goes to which address."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from ml_buildpack.apply.credentials import read_credentials

INDEXES = (
    "https://a:one@host.test/group/a/simple/",
    "https://b:two@host.test/group/b/simple/",
    "https://c:three@c.test/",
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://host.test/group/a/files/x.whl", "a:one"),
        ("https://host.test/group/b/files/x.whl", "b:two"),
        ("https://c.test/anywhere/x.whl", "c:three"),
        ("https://d.test/group/a/simple/x.whl", None),
        ("https://host.test.d.test/group/a/simple/x.whl", None),
    ],
)
def test_of_several_logins_for_one_host_the_nearest_index_has_the_right_one(url: str, expected: str | None) -> None:
    """Registries keep the packages of each project on one host, each with its own token."""
    header = read_credentials(INDEXES, netrc_path=None).header(url)

    encoded = {} if expected is None else {"Authorization": f"Basic {base64.b64encode(expected.encode()).decode()}"}
    assert encoded == header


def test_default_entry_of_a_netrc_is_for_every_machine(tmp_path: Path) -> None:
    """Which has no entry of its own."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine a.test login me password one\ndefault login me password two\n")
    credentials = read_credentials((), netrc_path=netrc)

    found = [credentials.header(f"https://{host}/x")["Authorization"] for host in ("a.test", "b.test")]
    expected = [f"Basic {base64.b64encode(login).decode()}" for login in (b"me:one", b"me:two")]
    assert expected == found


def test_several_logins_never_show() -> None:
    """As with one."""
    assert "Credentials()" == repr(read_credentials(INDEXES, netrc_path=None))

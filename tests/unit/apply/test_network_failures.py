"""Networks that fail, each at another step, provoked with the real uv and with our own downloader.

Both say the same error: which of them was at work is nothing that a user should have to know.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ml_buildpack.apply.downloads import Downloader, make_downloader, read_credentials
from ml_buildpack.apply.resolver import ResolverTools, resolve
from ml_buildpack.errors import (
    BuildpackError,
    CertificateRefused,
    DiskFull,
    HostNotFound,
    IndexUnauthorised,
    ProxyFailed,
)
from ml_buildpack.lock import FileKind, LockedFile
from support.distributions import Distribution
from support.forward_proxy import serve_proxy
from support.local_index import LocalIndex, serve_index
from support.secure_server import AUTHORITY, SERVER
from support.small_disk import small_disk
from support.workplace import Workplace, find_uv

PLAIN = Distribution(name="plain")
# A name that no server may ever have. Source: RFC 2606.
NO_HOST = "https://index.invalid/simple/"


@pytest.fixture(scope="module")
def secure() -> Iterator[LocalIndex]:
    """An index over HTTPS whose certificate nobody knows."""
    with serve_index(PLAIN, certificate=SERVER) as running:
        yield running


def resolving(root: Path, variables: Mapping[str, str]) -> BuildpackError:
    """How uv's resolution of a package fails."""
    place = Workplace(root=root, variables=variables)
    with pytest.raises(BuildpackError) as raised:
        place.resolve(place.plan({"requirements.txt": "plain\n"}))
    return raised.value


def make(variables: Mapping[str, str]) -> Downloader:
    """A downloader that does not wait."""
    made = make_downloader(variables, read_credentials([], netrc_path=None))
    return Downloader(opener=made.opener, credentials=made.credentials, proxies=made.proxies, first_pause_s=0.001)


def locked(url: str) -> LockedFile:
    """The package's wheel at that address."""
    digest = hashlib.sha256(PLAIN.wheel()).hexdigest()
    return LockedFile(filename=PLAIN.wheel_name, kind=FileKind.WHEEL, sha256=digest, url=url)


def fetching(root: Path, url: str, variables: Mapping[str, str]) -> BuildpackError:
    """How our own download of that address fails."""
    with pytest.raises(BuildpackError) as raised:
        make(variables).fetch(locked(url), root, pinned_at="the lock")
    return raised.value


def test_certificate_that_nobody_signed_is_said_as_such(tmp_path: Path, secure: LocalIndex) -> None:
    """With the address and the reason."""
    resolved = resolving(tmp_path / "uv", {"PIP_INDEX_URL": secure.url})
    fetched = fetching(tmp_path, secure.file_url(PLAIN.wheel_name), {})

    assert isinstance(resolved, CertificateRefused)
    assert isinstance(fetched, CertificateRefused)
    assert (f"{secure.url}plain/", "UnknownIssuer") == (resolved.url, resolved.detail)
    assert (secure.file_url(PLAIN.wheel_name), "unable to get local issuer certificate") == (
        fetched.url, fetched.detail,
    )  # fmt: skip


@pytest.mark.parametrize("variables", [{"SSL_CERT_FILE": str(AUTHORITY)}, {"UV_INSECURE_HOST": "127.0.0.1"}])
def test_certificate_is_trusted_where_the_user_says_so(
    tmp_path: Path, secure: LocalIndex, variables: dict[str, str]
) -> None:
    """By its authority, or for its host alone; by both programs."""
    place = Workplace(root=tmp_path, variables={"PIP_INDEX_URL": secure.url, **variables})
    tools = ResolverTools(
        uv=find_uv(), env={**place.environment(), **variables}, app_dir=place.app_dir, scratch=place.scratch
    )
    lock = resolve(place.plan({"requirements.txt": "plain\n"}), tools)
    content = make(variables).opener.open(secure.file_url(PLAIN.wheel_name)).read()

    assert "plain-1.0-py3-none-any.whl" in lock
    assert PLAIN.wheel() == content


def test_trust_in_one_host_is_no_trust_in_another(tmp_path: Path, secure: LocalIndex) -> None:
    """The list is of hosts, not a switch."""
    error = fetching(tmp_path, secure.file_url(PLAIN.wheel_name), {"UV_INSECURE_HOST": "pypi.example.com"})

    assert isinstance(error, CertificateRefused)


def test_host_that_nobody_knows_is_said_as_such(tmp_path: Path) -> None:
    """With its name, in which the mistake is."""
    for error in (resolving(tmp_path / "uv", {"PIP_INDEX_URL": NO_HOST}), fetching(tmp_path, NO_HOST, {})):
        assert isinstance(error, HostNotFound)
        assert "index.invalid" == error.host


@pytest.mark.parametrize(("status", "expected"), [(403, ProxyFailed), (502, ProxyFailed), (407, IndexUnauthorised)])
def test_proxy_that_digs_no_tunnel_is_the_one_at_fault(
    tmp_path: Path, status: int, expected: type[BuildpackError]
) -> None:
    """Not the index behind it. A proxy that wants a login gets advice on logins."""
    with serve_proxy(status=status) as proxy:
        variables = {"HTTPS_PROXY": proxy.url.replace("://", "://me:s3cret@")}
        resolved = resolving(tmp_path / "uv", {"PIP_INDEX_URL": NO_HOST, **variables})
        fetched = fetching(tmp_path, NO_HOST, variables)

    assert (expected, expected) == (type(resolved), type(fetched))
    assert "index.invalid:443" in proxy.asked
    assert "s3cret" not in f"{resolved} {fetched}"


def test_proxy_that_is_not_there_is_the_one_at_fault(tmp_path: Path) -> None:
    """Our own download can name it."""
    variables = {"HTTPS_PROXY": "http://me:s3cret@127.0.0.1:9"}
    resolved = resolving(tmp_path / "uv", {"PIP_INDEX_URL": NO_HOST, **variables})
    fetched = fetching(tmp_path, NO_HOST, variables)

    assert isinstance(resolved, ProxyFailed)
    assert isinstance(fetched, ProxyFailed)
    assert ("", "http://127.0.0.1:9") == (resolved.proxy, fetched.proxy)
    assert "Connection refused" in resolved.detail
    assert "Connection refused" in fetched.detail


@pytest.mark.parametrize(
    ("variables", "asks_proxy"),
    [
        ({"HTTP_PROXY": "{}"}, True),
        ({"http_proxy": "{}"}, True),
        ({"ALL_PROXY": "{}"}, True),
        ({"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "{}"}, True),
        ({"HTTPS_PROXY": "{}"}, False),
        ({"HTTP_PROXY": "{}", "NO_PROXY": "127.0.0.1"}, False),
        ({"HTTP_PROXY": "{}", "no_proxy": "other.test,127.0.0.1:*"}, True),
        ({"HTTP_PROXY": "{}", "no_proxy": "*"}, False),
        ({"HTTP_PROXY": "{}", "NO_PROXY": "other.test"}, True),
    ],
)
def test_proxy_is_asked_for_everything_but_its_exceptions(variables: dict[str, str], *, asks_proxy: bool) -> None:
    """Those of the build's variables, which are not this process's own."""
    with serve_index(PLAIN) as index, serve_proxy(port=index.port) as proxy:
        env = {name: value.format(proxy.url) for name, value in variables.items()}
        content = make(env).opener.open(index.file_url(PLAIN.wheel_name)).read()

    assert (PLAIN.wheel(), asks_proxy) == (content, proxy.asked != [])


def test_full_disk_is_said_as_such(tmp_path: Path) -> None:
    """By uv in its own words, by the system in ours; and nothing is left behind."""
    with serve_index(PLAIN) as index, small_disk(tmp_path / "disk") as disk:
        place = Workplace(root=disk / "uv", variables={"PIP_INDEX_URL": index.url})
        plan = place.plan({"requirements.txt": "plain\n"})
        with pytest.raises(DiskFull):
            place.resolve(plan)
        with pytest.raises(OSError, match="No space left"):
            (disk / "filler").write_bytes(b"x" * (128 << 10))
        with pytest.raises(OSError, match="No space left") as raised:
            make({}).fetch(locked(index.file_url(PLAIN.wheel_name)), disk, pinned_at="the lock")

        assert (errno.ENOSPC, ["filler", "uv"]) == (raised.value.errno, sorted(path.name for path in disk.iterdir()))

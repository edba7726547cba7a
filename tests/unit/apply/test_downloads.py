"""Downloads: a file is there when it is whole and right, and each way to fail has its own error."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from ml_buildpack.apply.downloads import (
    ATTEMPTS_MAX,
    Credentials,
    Downloader,
    make_downloader,
    read_credentials,
    sha256_of,
    without_credentials,
)
from ml_buildpack.errors import DigestMismatch, DownloadFailed, IndexUnauthorised, IndexUnreachable
from ml_buildpack.lock import FileKind, LockedFile
from support.file_server import Answer, Asked, FileServer, serve_files
from support.local_index import UNREACHABLE_INDEX

BODY = b"wheel" * 1000
PATH = "/files/a-1.0-py3-none-any.whl"
FOR_ME = "Basic " + base64.b64encode(b"me:secret").decode()


def locked_at(url: str, body: bytes = BODY) -> LockedFile:
    """The file at that URL, with the digest of that body."""
    return LockedFile(
        filename="a-1.0-py3-none-any.whl", kind=FileKind.WHEEL, sha256=hashlib.sha256(body).hexdigest(), url=url
    )


def downloader(*urls: str, netrc: Path | None = None) -> Downloader:
    """A downloader with the credentials of those URLs, which does not wait."""
    made = make_downloader({}, read_credentials(urls, netrc_path=netrc))
    return Downloader(opener=made.opener, credentials=made.credentials, first_pause_s=0.001)


def names(directory: Path) -> list[str]:
    """What lies there."""
    return sorted(path.name for path in directory.iterdir())


def test_file_is_there_under_its_name(tmp_path: Path, files: FileServer) -> None:
    """Whole, and nothing else beside it."""
    files.answers[PATH] = [Answer(body=BODY)]

    path = downloader().fetch(locked_at(files.url(PATH)), tmp_path, pinned_at="the lock")

    assert (tmp_path / "a-1.0-py3-none-any.whl", BODY) == (path, path.read_bytes())
    assert ["a-1.0-py3-none-any.whl"] == names(tmp_path)


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(Answer(status=503), id="unavailable"),
        pytest.param(Answer(status=429), id="too many requests"),
        pytest.param(Answer(body=BODY[:99], promised=len(BODY)), id="truncated"),
    ],
)
def test_failure_that_passes_is_tried_again(tmp_path: Path, files: FileServer, failure: Answer) -> None:
    """Twice here; the third answer is the file."""
    files.answers[PATH] = [failure, failure, Answer(body=BODY)]

    path = downloader().fetch(locked_at(files.url(PATH)), tmp_path, pinned_at="the lock")

    assert (BODY, 3) == (path.read_bytes(), len(files.asked))
    assert ["a-1.0-py3-none-any.whl"] == names(tmp_path)


def test_truncated_file_never_counts(tmp_path: Path, files: FileServer) -> None:
    """Whatever is tried: the error says how much arrived, and nothing is left behind."""
    files.answers[PATH] = [Answer(body=BODY[:99], promised=len(BODY))]

    with pytest.raises(DownloadFailed) as raised:
        downloader().fetch(locked_at(files.url(PATH, "me:secret")), tmp_path, pinned_at="the lock")

    assert files.url(PATH) == raised.value.url
    assert "99 of 5000 bytes arrived" in raised.value.detail
    assert (ATTEMPTS_MAX, []) == (len(files.asked), names(tmp_path))


def test_other_file_than_the_locked_one_is_refused(tmp_path: Path, files: FileServer) -> None:
    """At once: asking again would not make it right. The error has both digests and where one was pinned."""
    files.answers[PATH] = [Answer(body=b"other")]
    file = locked_at(files.url(PATH))

    with pytest.raises(DigestMismatch) as raised:
        downloader().fetch(file, tmp_path, pinned_at="requirements.txt:3")

    error = raised.value
    expected = (file.filename, (file.sha256,), hashlib.sha256(b"other").hexdigest(), "requirements.txt:3")
    assert expected == (error.file, error.expected, error.actual, error.pinned_at)
    assert (1, []) == (len(files.asked), names(tmp_path))


@pytest.mark.parametrize("status", [401, 403, 407])
def test_refused_credentials_are_said_at_once(tmp_path: Path, files: FileServer, status: int) -> None:
    """With the URL as it may be shown."""
    files.answers[PATH] = [Answer(status=status)]

    with pytest.raises(IndexUnauthorised) as raised:
        downloader().fetch(locked_at(files.url(PATH, "me:secret")), tmp_path, pinned_at="the lock")

    assert (files.url(PATH), status) == (raised.value.url, raised.value.status)
    assert 1 == len(files.asked)


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (410, 1), (500, ATTEMPTS_MAX)])
def test_answer_without_the_file_is_said(tmp_path: Path, files: FileServer, status: int, attempts: int) -> None:
    """A server that fails is asked again, a file that is gone is not."""
    files.answers[PATH] = [Answer(status=status)]

    with pytest.raises(DownloadFailed) as raised:
        downloader().fetch(locked_at(files.url(PATH)), tmp_path, pinned_at="the lock")

    assert f"the server answered {status} " in raised.value.detail
    assert attempts == len(files.asked)


def test_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    """With what the system said, and without the user's password."""
    url = UNREACHABLE_INDEX.replace("://", "://me:secret@")

    with pytest.raises(IndexUnreachable) as raised:
        downloader().fetch(locked_at(url), tmp_path, pinned_at="the lock")

    assert UNREACHABLE_INDEX == raised.value.url
    assert "refused" in raised.value.detail


# --- credentials -----------------------------------------------------------------------------------------------------


def test_credentials_go_to_their_host(tmp_path: Path, files: FileServer) -> None:
    """The lock's URLs have none: they come from the index URL of the same host."""
    files.answers[PATH] = [Answer(body=BODY)]

    downloader(files.url("/simple/", "me:secret")).fetch(locked_at(files.url(PATH)), tmp_path, pinned_at="the lock")

    assert [Asked(path=PATH, authorization=FOR_ME)] == files.asked


def test_credentials_do_not_follow_a_redirect_to_another_host(tmp_path: Path, files: FileServer) -> None:
    """Indexes redirect to storage, which refuses requests that bring both a header and a signature."""
    with serve_files() as storage:
        files.answers[PATH] = [Answer(status=302, location=storage.url("/signed?sig=1"))]
        storage.answers["/signed?sig=1"] = [Answer(body=BODY)]

        path = downloader(files.url("/", "me:secret")).fetch(locked_at(files.url(PATH)), tmp_path, pinned_at="the lock")

        assert [Asked(path="/signed?sig=1", authorization=None)] == storage.asked
    assert BODY == path.read_bytes()


def test_credentials_stay_on_a_redirect_within_the_host(tmp_path: Path, files: FileServer) -> None:
    """An index that moved its files still wants to know who asks."""
    files.answers = {PATH: [Answer(status=301, location="/moved")], "/moved": [Answer(body=BODY)]}

    downloader(files.url("/", "me:secret")).fetch(locked_at(files.url(PATH)), tmp_path, pinned_at="the lock")

    assert Asked(path="/moved", authorization=FOR_ME) == files.asked[-1]


def test_netrc_knows_machines_without_ports(tmp_path: Path, files: FileServer) -> None:
    """As pip reads it; a URL's own credentials win."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    files.answers[PATH] = [Answer(body=BODY)]
    file = locked_at(files.url(PATH))

    downloader(netrc=netrc).fetch(file, tmp_path, pinned_at="the lock")
    downloader(files.url("/", "you:other"), netrc=netrc).fetch(file, tmp_path, pinned_at="the lock")

    for_you = "Basic " + base64.b64encode(b"you:other").decode()
    assert [FOR_ME, for_you] == [asked.authorization for asked in files.asked]


def test_unreadable_netrc_counts_as_none(tmp_path: Path) -> None:
    """As in pip: it may be meant for another tool."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine without sense {\n")

    expected = Credentials(by_host={"b.test:81": ("u@c", "p/w")})
    assert expected == read_credentials(["https://a.test", "https://u%40c:p%2Fw@b.test:81/x"], netrc_path=netrc)
    assert Credentials(by_host={}) == read_credentials([], netrc_path=tmp_path / "nowhere")


def test_credentials_never_show() -> None:
    """In a traceback or in a test's failure."""
    assert "Credentials()" == repr(read_credentials(["https://u:secret@a.test"], netrc_path=None))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:p%40ss@a.test:8443/x?y=1#z", "https://a.test:8443/x?y=1#z"),
        ("https://a.test/x", "https://a.test/x"),
        ("https://token@a.test/x@1", "https://a.test/x@1"),
    ],
)
def test_url_is_the_same_without_its_credentials(url: str, expected: str) -> None:
    """Everything else is kept: port, query and fragment."""
    assert expected == without_credentials(url)


def test_digest_of_a_file_is_that_of_its_content(tmp_path: Path) -> None:
    """Larger than what is read at once."""
    content = b"x" * (3 << 20)
    (tmp_path / "file").write_bytes(content)

    assert hashlib.sha256(content).hexdigest() == sha256_of(tmp_path / "file")


def test_file_without_url_is_a_bug() -> None:
    """Files of the project are copied, not fetched."""
    file = LockedFile(filename="a.whl", kind=FileKind.WHEEL, sha256="0" * 64, path="a.whl")

    with pytest.raises(ValueError, match="has no URL"):
        downloader().fetch(file, Path(), pinned_at="the lock")


def test_proxy_of_the_environment_is_asked(tmp_path: Path, files: FileServer) -> None:
    """For a host that does not exist: only the proxy can have answered."""
    url = "http://index.invalid/a-1.0-py3-none-any.whl"
    files.answers[url] = [Answer(body=BODY)]

    made = make_downloader({"HTTP_PROXY": files.url("")}, read_credentials([], netrc_path=None))
    path = made.fetch(locked_at(url), tmp_path, pinned_at="the lock")

    assert BODY == path.read_bytes()

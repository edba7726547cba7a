"""The lock: what is read from `pylock.toml`, what makes two locks equal, and how their difference is told."""

from __future__ import annotations

import pytest

from ml_buildpack.errors import NoFileForThisPlatform
from ml_buildpack.lock import (
    FileKind,
    Lock,
    LockedDirectory,
    LockedFile,
    LockedRevision,
    LockUnreadable,
    describe_changes,
    parse_lock,
)
from support.build_values import PYTHON_3_12, TARGET, lock_of, locked, wheel_of

SHA = "0" * 64
HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'
FLASK = f"""
[[packages]]
name = "flask"
version = "3.1"
[[packages.wheels]]
url = "https://index.test/flask-3.1-py3-none-any.whl"
size = 100
hashes = {{ sha256 = "{SHA}" }}
"""
TORCH = f"""
[[packages]]
name = "torch"
version = "2.1+cpu"
[[packages.wheels]]
url = "https://index.test/torch-2.1%2Bcpu-cp312-cp312-linux_x86_64.whl"
hashes = {{ sha256 = "{SHA.replace("0", "A")}" }}
[[packages.wheels]]
url = "https://index.test/torch-2.1%2Bcpu-cp311-cp311-linux_x86_64.whl"
hashes = {{ sha256 = "{SHA}" }}
"""
SDIST = f"""
[[packages]]
name = "old"
version = "0.1"
[packages.sdist]
path = "vendored/old-0.1.tar.gz"
hashes = {{ sha256 = "{SHA}" }}
"""
DIRECTORY = """
[[packages]]
name = "mine"
[packages.directory]
path = "pkg"
editable = true
"""
REVISION = """
[[packages]]
name = "forked"
[packages.vcs]
type = "git"
url = "https://git.test/forked.git"
commit-id = "abc123"
subdirectory = "python"
"""
ARCHIVE = f"""
[[packages]]
name = "direct"
[packages.archive]
url = "https://files.test/direct-2.0-py3-none-any.whl"
hashes = {{ sha256 = "{SHA}" }}
"""


def parse(text: str) -> Lock:
    """The lock in that text, for Python 3.12 on Linux."""
    return parse_lock(
        HEAD + text, tags=PYTHON_3_12.tags, environment=PYTHON_3_12.environment, python="3.12.4", platform=str(TARGET)
    )


def test_every_kind_of_source_becomes_a_value() -> None:
    """Wheels, sdists, archives by URL, trees and commits, sorted by name; the wheel is the one for this Python."""
    torch = LockedFile(
        filename="torch-2.1+cpu-cp312-cp312-linux_x86_64.whl",
        kind=FileKind.WHEEL,
        sha256="a" * 64,
        url="https://index.test/torch-2.1%2Bcpu-cp312-cp312-linux_x86_64.whl",
    )
    flask = LockedFile(
        filename="flask-3.1-py3-none-any.whl",
        kind=FileKind.WHEEL,
        sha256=SHA,
        size_bytes=100,
        url="https://index.test/flask-3.1-py3-none-any.whl",
    )
    direct = LockedFile(
        filename="direct-2.0-py3-none-any.whl",
        kind=FileKind.WHEEL,
        sha256=SHA,
        url="https://files.test/direct-2.0-py3-none-any.whl",
    )
    old = LockedFile(filename="old-0.1.tar.gz", kind=FileKind.SDIST, sha256=SHA, path="vendored/old-0.1.tar.gz")
    forked = LockedRevision(url="https://git.test/forked.git", commit="abc123", subdirectory="python")
    expected = lock_of(
        locked("direct", "2.0", direct),
        locked("flask", "3.1", flask),
        locked("forked", None, forked),
        locked("mine", None, LockedDirectory(path="pkg", editable=True)),
        locked("old", "0.1", old),
        locked("torch", "2.1+cpu", torch),
    )

    lock = parse(TORCH + SDIST + FLASK + DIRECTORY + REVISION + ARCHIVE)

    assert expected == lock
    assert (direct, flask, old, torch) == lock.files
    assert frozenset({"direct", "flask", "forked", "mine", "old", "torch"}) == lock.names
    assert 100 == lock.size_bytes


def test_package_for_another_platform_is_left_out() -> None:
    """A marker that does not hold here."""
    windows = FLASK.replace('version = "3.1"', 'version = "3.1"\nmarker = "sys_platform == \'win32\'"')

    assert lock_of() == parse(windows)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[[packages", id="not TOML"),
        pytest.param('[[packages]]\nversion = "1.0"\n', id="no name"),
        pytest.param(FLASK.replace("sha256", "md5"), id="no sha256"),
        pytest.param(REVISION.replace('"git"', '"hg"'), id="not git"),
        pytest.param(REVISION.replace('url = "https://git.test/forked.git"', 'path = "x"'), id="commit without URL"),
        pytest.param(FLASK.replace(f'hashes = {{ sha256 = "{SHA}" }}', ""), id="no hashes"),
    ],
)
def test_text_that_is_no_usable_lock_is_refused(text: str) -> None:
    """One exception for all of them: whoever kept the text makes it again."""
    with pytest.raises(LockUnreadable):
        parse(text)


def test_wheels_for_other_pythons_only_are_named() -> None:
    """With everything that the message needs; what has a source is not named, because it can be built."""
    only_3_11 = TORCH.replace("cp312-cp312", "cp310-cp310")

    with pytest.raises(NoFileForThisPlatform) as raised:
        parse(FLASK + only_3_11 + SDIST)

    expected = (("torch",), "3.12.4", "linux/amd64 debian 13")
    assert expected == (raised.value.packages, raised.value.python, raised.value.platform)


def test_lock_for_a_newer_python_has_no_file_for_this_one() -> None:
    """Uv writes the Python that it resolved for; a lock kept from before a downgrade says so."""
    with pytest.raises(NoFileForThisPlatform):
        parse('requires-python = ">=3.13"\n' + FLASK)


def test_digest_does_not_depend_on_order_or_place() -> None:
    """The same files give the same layer, wherever an index has moved them."""
    moved = FLASK.replace("index.test", "mirror.test").replace("size = 100\n", "")

    assert parse(FLASK + SDIST + DIRECTORY).digest == parse(DIRECTORY + moved + SDIST).digest


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(FLASK.replace(SHA, "1" * 64) + DIRECTORY + REVISION, id="another file"),
        pytest.param(FLASK.replace("3.1", "3.2") + DIRECTORY + REVISION, id="another version"),
        pytest.param(FLASK + DIRECTORY.replace("editable = true", "") + REVISION, id="not editable"),
        pytest.param(FLASK + DIRECTORY.replace('"pkg"', '"lib"') + REVISION, id="another tree"),
        pytest.param(FLASK + DIRECTORY + REVISION.replace("abc123", "def456"), id="another commit"),
        pytest.param(FLASK + DIRECTORY + REVISION.replace('"python"', '"lib"'), id="another subdirectory"),
        pytest.param(FLASK + DIRECTORY, id="one less"),
    ],
)
def test_digest_differs_for_everything_that_is_installed_differently(text: str) -> None:
    """A layer is kept by this digest alone."""
    assert parse(FLASK + DIRECTORY + REVISION).digest != parse(text).digest


def test_changes_are_one_line_for_each_package_that_differs() -> None:
    """Added, dropped, another version, another file of the same version; unchanged ones are not mentioned."""
    same = locked("same")
    tree = LockedDirectory(path="pkg", editable=False)
    old = lock_of(same, locked("flask", "3.0"), locked("six"), locked("torch"), locked("mine"))
    new = lock_of(
        same,
        locked("flask", "3.1"),
        locked("orjson", "3.11"),
        locked("torch", "1.0", wheel_of("torch", sha256="b" * 64)),
        locked("mine", None, tree),
        locked("own", None, tree),
    )

    expected = ("flask 3.0 -> 3.1", "~ mine", "+ orjson 3.11", "+ own", "- six 1.0", "~ torch")
    assert expected == describe_changes(old, new)
    assert () == describe_changes(new, new)

"""Certificates: the image's and the user's, and those of bindings behind them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ml_buildpack.apply.certificates import make_certificate_bundle
from ml_buildpack.errors import InvalidSettings, Mistake

ONE = "-----BEGIN CERTIFICATE-----\none\n-----END CERTIFICATE-----"
TWO = "-----BEGIN CERTIFICATE-----\ntwo\n-----END CERTIFICATE-----"


def test_users_own_file_is_taken_as_it_is(tmp_path: Path) -> None:
    """Where no binding adds anything; nothing is written."""
    own = tmp_path / "own.pem"
    own.write_text(ONE)

    assert str(own) == make_certificate_bundle((), {"SSL_CERT_FILE": str(own)}, tmp_path)
    assert [own] == list(tmp_path.iterdir())


def test_users_file_that_is_not_there_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    """Every server would be refused, for a reason that nobody would look for there."""
    with pytest.raises(InvalidSettings) as raised:
        make_certificate_bundle((), {"SSL_CERT_FILE": "/nowhere.pem"}, tmp_path)

    detail = "There is no such file in the build image."
    assert (Mistake(where="SSL_CERT_FILE", text="/nowhere.pem", detail=detail),) == raised.value.mistakes


def test_bindings_are_added_to_the_users_file(tmp_path: Path) -> None:
    """A company's own authority does not take the others away. Nothing blank is between them."""
    own = tmp_path / "own.pem"
    own.write_text(f"{ONE}\n\n")

    path = make_certificate_bundle((f"\n{TWO}\n",), {"SSL_CERT_FILE": str(own)}, tmp_path)

    assert str(tmp_path / "certificates.pem") == path
    assert f"{ONE}\n{TWO}\n" == Path(str(path)).read_text()


def test_bindings_are_enough_where_the_image_has_nothing(tmp_path: Path) -> None:
    """A file that is named and missing counts as nothing."""
    path = make_certificate_bundle((ONE,), {"SSL_CERT_FILE": str(tmp_path / "missing.pem")}, tmp_path)

    assert f"{ONE}\n" == Path(str(path)).read_text()


def test_images_own_file_is_the_base(tmp_path: Path) -> None:
    """The one that its Python knows, else Debian's; None where an image has neither."""
    debian = Path("/etc/ssl/certs/ca-certificates.crt")
    expected = ssl.get_default_verify_paths().cafile or (str(debian) if debian.is_file() else None)

    assert expected == make_certificate_bundle((), {}, tmp_path)


def test_directories_of_other_buildpacks_are_added(tmp_path: Path) -> None:
    """SSL_CERT_DIR lists them; each certificate is there once more under a name that is its hash."""
    for name, text in {"a/one.pem": ONE, "a/5f1e.0": ONE, "b/two.pem": TWO, "b/README": "no certificate"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    env = {"SSL_CERT_DIR": f"{tmp_path / 'a'}:{tmp_path / 'b'}:/nowhere", "SSL_CERT_FILE": "/nowhere"}

    path = make_certificate_bundle((), env, tmp_path)

    assert f"{ONE}\n{TWO}\n" == Path(str(path)).read_text()

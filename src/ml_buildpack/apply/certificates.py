"""One file with every certificate authority that this build shall trust: the image's and those of the bindings."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from ml_buildpack.errors import InvalidSettings, Mistake

_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def make_certificate_bundle(certificates: tuple[str, ...], env: Mapping[str, str], directory: Path) -> str | None:
    """The path of the bundle, or None where tools shall use what they bring themselves.

    A SSL_CERT_FILE that the user set is the base; else the build image's own bundle is, because a platform team that
    adds a certificate authority to its images expects every tool to know it. Raises: InvalidSettings.
    """
    given = env.get("SSL_CERT_FILE")
    added = (*_of_directories(env.get("SSL_CERT_DIR", "")), *certificates)
    if given and not added and not Path(given).is_file():
        mistake = Mistake(where="SSL_CERT_FILE", text=given, detail="There is no such file in the build image.")
        raise InvalidSettings(mistakes=(mistake,))
    base = given or ssl.get_default_verify_paths().cafile or _debian_bundle()
    if not added:
        return base
    texts = [Path(base).read_text(encoding="utf-8")] if base and Path(base).is_file() else []
    bundle = directory / "certificates.pem"
    bundle.write_text("\n".join(text.strip() for text in (*texts, *added)) + "\n", encoding="utf-8")
    return str(bundle)


def _of_directories(paths: str) -> list[str]:
    """The certificates in the directories of SSL_CERT_DIR, which buildpacks for certificates set; uv reads no such."""
    files = [file for path in paths.split(os.pathsep) if Path(path).is_dir() for file in sorted(Path(path).iterdir())]
    texts = [file.read_text(encoding="utf-8", errors="replace").strip() for file in files if file.is_file()]
    # Such a directory has each certificate once more under a name that is its hash.
    return list(dict.fromkeys(text for text in texts if _CERTIFICATE in text))


def _debian_bundle() -> str | None:
    # A standalone interpreter was compiled elsewhere and looks for certificates where that machine had them.
    path = Path("/etc/ssl/certs/ca-certificates.crt")
    return str(path) if path.is_file() else None

"""One file with every certificate authority that this build shall trust: the image's and those of the bindings."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path


def make_certificate_bundle(certificates: tuple[str, ...], env: Mapping[str, str], directory: Path) -> str | None:
    """The path of the bundle, or None where tools shall use what they bring themselves.

    A SSL_CERT_FILE that the user set is the base; else the build image's own bundle is, because a platform team that
    adds a certificate authority to its images expects every tool to know it.
    """
    base = env.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or _debian_bundle()
    if not certificates:
        return base
    texts = [Path(base).read_text(encoding="utf-8")] if base and Path(base).is_file() else []
    bundle = directory / "certificates.pem"
    bundle.write_text("\n".join(text.strip() for text in (*texts, *certificates)) + "\n", encoding="utf-8")
    return str(bundle)


def _debian_bundle() -> str | None:
    # A standalone interpreter was compiled elsewhere and looks for certificates where that machine had them.
    path = Path("/etc/ssl/certs/ca-certificates.crt")
    return str(path) if path.is_file() else None

"""Where the tools are that come with the buildpack."""

from __future__ import annotations

from pathlib import Path

import packaging


def find_uv() -> Path:
    """The program uv."""
    libraries = Path(packaging.__file__).parent.parent
    vendored = libraries / "bin" / "uv"
    if vendored.is_file():
        return vendored
    # A development checkout has uv as a package instead of vendoring it.
    from uv import find_uv_bin  # noqa: PLC0415

    return Path(find_uv_bin())

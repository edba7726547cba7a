"""JSON that describes a model, within limits of size and depth. Called by the readers of the families."""

from __future__ import annotations

import json
from typing import Any

from ml_buildpack.facts.models.stored import DESCRIPTION_BYTES_MAX, DamagedError
from ml_buildpack.facts.project_files import ProjectFiles


def read_json(files: ProjectFiles, path: str) -> dict[str, Any] | None:
    """The object in that file; None where there is no such file. Raises: DamagedError."""
    if path not in files:
        return None
    try:
        data = files.read_bytes(path, DESCRIPTION_BYTES_MAX + 1)
    except OSError as error:
        raise DamagedError(f"It cannot be read: {error.strerror}.") from error
    if len(data) > DESCRIPTION_BYTES_MAX:
        raise DamagedError(f"It is larger than {DESCRIPTION_BYTES_MAX >> 20} MiB.")
    return parse_json(data)


def parse_json(data: bytes) -> dict[str, Any]:
    """The object in that text. Raises: DamagedError."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"It is not JSON that can be read: {str(error)[:80]}.") from error
    if not isinstance(value, dict):
        raise DamagedError("It is JSON, but not an object.")
    return value


def text_of(document: dict[str, Any], *keys: str) -> str | None:
    """The text at that path of keys; None for everything else."""
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


def version_of(document: dict[str, Any], *keys: str) -> str | None:
    """The text at that path, if it begins like a version."""
    text = text_of(document, *keys)
    return text if text is not None and text[:1].isdigit() and len(text) < 40 else None  # noqa: PLR2004  # no version is longer

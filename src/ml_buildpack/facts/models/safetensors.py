"""safetensors: the names and shapes of weights. A directory around them, or code, says what computes with them.

Called by `recognition`. Source: safetensors 0.6, "Format".
"""

from __future__ import annotations

import struct

from ml_buildpack.facts.models.json_text import parse_json
from ml_buildpack.facts.models.stored import DESCRIPTION_BYTES_MAX, DamagedError, StoredFile

SUFFIXES = frozenset({".safetensors"})
_LENGTH = struct.Struct("<Q")


def check_safetensors(file: StoredFile) -> None:
    """Nothing, where the header describes bytes that are there. Raises: DamagedError."""
    if len(file.head) < _LENGTH.size:
        raise DamagedError("It is too short for a header.")
    size = _LENGTH.unpack_from(file.head)[0]
    if _LENGTH.size + size > file.size_bytes:
        raise DamagedError(f"It says that its header has {size} bytes, and is shorter.")
    if size > DESCRIPTION_BYTES_MAX:
        return
    header = parse_json(file.files.read_bytes(file.path, _LENGTH.size + size)[_LENGTH.size :])
    ends = [end for entry in header.values() if isinstance(entry, dict) and (end := _end(entry)) is not None]
    if max(ends, default=0) + _LENGTH.size + size > file.size_bytes:
        raise DamagedError("It is shorter than the tensors that its header names: it may be cut off.")


def _end(entry: dict[str, object]) -> int | None:
    offsets = entry.get("data_offsets")
    if not isinstance(offsets, list) or len(offsets) != 2:  # noqa: PLR2004  # begin, end
        return None
    return offsets[1] if isinstance(offsets[1], int) else None

"""GGUF, the files of llama.cpp: architecture, name and context from the head. Called by `recognition`.

Source: ggml, `docs/gguf.md`, versions 2 and 3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ml_buildpack.facts.models.artifact import ModelFormat, Recognised
from ml_buildpack.facts.models.refusal import Refusal, RefusedError
from ml_buildpack.facts.models.stored import DamagedError, StoredFile

SUFFIXES = frozenset({".gguf"})
_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_HEAD_BYTES = 1 << 20
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
_WANTED = ("general.architecture", "general.name", "general.size_label")
_PAIRS_MAX = 4096
# Architectures that give vectors, not texts.
_EMBEDDING = frozenset({"bert", "nomic-bert", "jina-bert-v2", "modern-bert", "gemma-embedding"})


def read_gguf(file: StoredFile) -> Recognised | None:
    """The model; None where the bytes are not GGUF. Raises: DamagedError; RefusedError for versions nobody reads."""
    if not file.head.startswith(_MAGIC):
        return None
    reader = _Reader(data=file.files.read_bytes(file.path, _HEAD_BYTES), at=len(_MAGIC))
    version = reader.number("<I")
    if version not in _VERSIONS:
        raise RefusedError(
            Refusal(
                what=f"a GGUF file of version {version}, which llama.cpp no longer reads, or not yet",
                fix="Convert the original model again with llama.cpp's convert_hf_to_gguf.py.",
            )
        )
    reader.number("<Q")
    pairs = reader.number("<Q")
    found = _read_pairs(reader, min(pairs, _PAIRS_MAX))
    architecture = found.get("general.architecture", "")
    return Recognised(
        path=file.path,
        format=ModelFormat.GGUF,
        variant="gguf",
        facts=found,
        task="feature-extraction" if architecture in _EMBEDDING else "text-generation",
    )


def _read_pairs(reader: _Reader, count: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for _ in range(count):
        # Architecture and name stand first; the vocabulary, which may be longer than what was read, behind them.
        if len(found) == len(_WANTED) or reader.at >= _HEAD_BYTES:
            break
        key, kind = reader.text(), reader.number("<I")
        if kind == _STRING:
            value = reader.text()
            if key in _WANTED:
                found[key] = value
        elif kind == _ARRAY:
            break
        else:
            reader.skip(_SIZES.get(kind))
    return found


@dataclass(kw_only=True, slots=True)
class _Reader:
    data: bytes
    at: int

    def skip(self, size: int | None) -> int:
        if size is None:
            raise DamagedError("It holds a value of a kind that there is not.")
        if self.at + size > len(self.data):
            raise DamagedError("It ends in the middle of its description.")
        self.at += size
        return self.at - size

    def number(self, form: str) -> int:
        return int(struct.unpack_from(form, self.data, self.skip(struct.calcsize(form)))[0])

    def text(self) -> str:
        size = self.number("<Q")
        start = self.skip(size)
        return self.data[start : start + size].decode("utf-8", "replace")

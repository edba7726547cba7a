"""The fields of a protocol buffer, one message deep, without its schema.

Values are slices of one buffer; nothing nested is read before it is asked for. Called by the readers of ONNX and
TensorFlow. Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ml_buildpack.facts.models.stored import DamagedError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES_MAX = 10
_SEVEN_BITS = 0x7F


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a part of a buffer."""

    data: memoryview

    def fields(self) -> Iterator[tuple[int, int | memoryview]]:
        """(number, value) in order; a varint is a number, everything else bytes. Raises: DamagedError."""
        at, end = 0, len(self.data)
        while at < end:
            key, at = _read_varint(self.data, at)
            number, kind = key >> 3, key & 7
            if number == 0:
                raise DamagedError("It holds a field without a number.")
            if kind == _VARINT:
                value, at = _read_varint(self.data, at)
                yield number, value
                continue
            size = {_FIXED64: 8, _FIXED32: 4}.get(kind)
            if size is None:
                if kind != _BYTES:
                    raise DamagedError("It holds a field of a kind that there is not.")
                size, at = _read_varint(self.data, at)
            if at + size > end:
                raise DamagedError("It ends in the middle.")
            yield number, self.data[at : at + size]
            at += size

    def all(self, number: int) -> Iterator[Message]:
        """The messages with that number."""
        for found, value in self.fields():
            if found == number and isinstance(value, memoryview):
                yield Message(value)

    def first(self, number: int) -> Message | None:
        """The first message with that number."""
        return next(self.all(number), None)

    def text(self, number: int) -> str:
        """A text; empty where there is none."""
        found = self.first(number)
        return bytes(found.data).decode("utf-8", "replace") if found is not None else ""

    def integer(self, number: int) -> int | None:
        """A number; None where there is none. Signed, as int64 is."""
        value = next((value for found, value in self.fields() if found == number and isinstance(value, int)), None)
        return value - (1 << 64) if value is not None and value >= 1 << 63 else value


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for position in range(_VARINT_BYTES_MAX):
        if at >= len(data):
            raise DamagedError("It ends in the middle.")
        byte = data[at]
        at += 1
        value |= (byte & _SEVEN_BITS) << (7 * position)
        if byte <= _SEVEN_BITS:
            return value, at
    raise DamagedError("It holds a number that is too long.")

"""Universal binary JSON, as XGBoost writes it: the values at a few paths, everything else passed over.

Called by `xgboost`. Source: ubjson.org, draft 12.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from ml_buildpack.facts.models.stored import DamagedError

_NUMBERS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_CONSTANTS = {"T": True, "F": False, "Z": None, "N": None}
_DEPTH_MAX = 32
_VALUES_MAX = 300_000
# Longer arrays are the trees themselves.
_KEPT_ITEMS_MAX = 10_000


@dataclass(kw_only=True, slots=True)
class Ubjson:
    """A reader at its place in the buffer."""

    data: memoryview
    at: int = 0
    read: int = 0

    def value(self, depth: int = 0, kind: str | None = None) -> Any:  # noqa: ANN401  # any JSON value
        """The value that begins here; long arrays of numbers are None. Raises: DamagedError."""
        self.read += 1
        if depth > _DEPTH_MAX or self.read > _VALUES_MAX:
            raise DamagedError("It is nested too deeply, or holds too many values.")
        kind = kind or self._character()
        if kind in _NUMBERS:
            return self._number(kind)
        if kind == "S":
            return self._text()
        if kind == "C":
            return self._character()
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == "{":
            return self._object(depth)
        if kind == "[":
            return self._array(depth)
        raise DamagedError("It holds a value of a kind that there is not.")

    def _take(self, size: int) -> memoryview:
        if size < 0 or self.at + size > len(self.data):
            raise DamagedError("It ends in the middle.")
        self.at += size
        return self.data[self.at - size : self.at]

    def _character(self) -> str:
        return chr(self._take(1)[0])

    def _number(self, kind: str) -> int | float:
        form = _NUMBERS[kind]
        number: int | float = struct.unpack(form, self._take(struct.calcsize(form)))[0]
        return number

    def _length(self) -> int:
        kind = self._character()
        if kind not in "iUIlL":
            raise DamagedError("A length in it is not a number.")
        return int(self._number(kind))

    def _text(self) -> str:
        return bytes(self._take(self._length())).decode("utf-8", "replace")

    def _header(self) -> tuple[str | None, int | None]:
        """(kind of all items, number of items), where they are announced."""
        kind = count = None
        if self._peek() == "$":
            self._take(1)
            kind = self._character()
        if self._peek() == "#":
            self._take(1)
            count = self._length()
        return kind, count

    def _peek(self) -> str:
        return chr(self.data[self.at]) if self.at < len(self.data) else ""

    def _array(self, depth: int) -> list[Any] | None:
        kind, count = self._header()
        if kind in _NUMBERS and count is not None:
            self._take(count * struct.calcsize(_NUMBERS[kind]))
            return None
        items: list[Any] = []
        while (len(items) < count) if count is not None else self._peek() != "]":
            items.append(self.value(depth + 1, kind))
            if len(items) > _KEPT_ITEMS_MAX:
                raise DamagedError("It holds too many values.")
        if count is None:
            self._take(1)
        return items

    def _object(self, depth: int) -> dict[str, Any]:
        kind, count = self._header()
        found: dict[str, Any] = {}
        pairs = 0
        while (pairs < count) if count is not None else self._peek() != "}":
            key = self._text()
            found[key] = self.value(depth + 1, kind)
            pairs += 1
        if count is None:
            self._take(1)
        return found

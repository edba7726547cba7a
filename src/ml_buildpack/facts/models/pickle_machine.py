"""The machine that reads a pickle opcode by opcode: a stack and a memo, without a single import or call.

What a pickle would do is noted, never done. Also reads what joblib writes, whose pickles are interrupted by the raw
bytes of arrays. What each opcode does stands in `pickle_opcodes`; called by `pickle_scan`.
Sources: `pickletools` of the standard library; joblib 1.5, `numpy_pickle.NumpyArrayWrapper`.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ml_buildpack.facts.models.pickle_values import UNKNOWN, Blob, Global, Instance
from ml_buildpack.facts.models.stored import ByteSource, DamagedError, TooLargeError

# A large text classifier has a few hundred thousand; a million take about two seconds, and then the scan ends.
OPCODES_MAX = 1_000_000
# A longer text or run of bytes keeps its ends alone.
KEPT_BYTES_MAX = 1 << 12
_ENDS_BYTES = 512
_LINE_BYTES_MAX = 1 << 12
# Arrays of objects are pickles inside the pickle, and those hold none.
_NESTING_MAX = 3

_CODES = {opcode.code.encode("latin-1")[0]: opcode for opcode in pickletools.opcodes}
_COUNT_FORMATS = {
    pickletools.TAKEN_FROM_ARGUMENT1: ("<B", 1),
    pickletools.TAKEN_FROM_ARGUMENT4: ("<i", 4),
    pickletools.TAKEN_FROM_ARGUMENT4U: ("<I", 4),
    pickletools.TAKEN_FROM_ARGUMENT8U: ("<Q", 8),
}
_INTEGERS = {"BININT": "<i", "BININT1": "<B", "BININT2": "<H", "LONG_BINPUT": "<I", "LONG_BINGET": "<I"}
_INTEGERS |= {"BINPUT": "<B", "BINGET": "<B", "BINFLOAT": ">d", "EXT1": "<B", "EXT2": "<H", "EXT4": "<i"}
_WRAPPER = Global("joblib.numpy_pickle", "NumpyArrayWrapper")
_DTYPE = Global("numpy", "dtype")
MARK = object()


@dataclass(kw_only=True, slots=True)
class PickleScan:
    """What was found. `is_partial`: the scan stopped at a limit."""

    root: object = UNKNOWN
    globals: dict[Global, None] = field(default_factory=dict)
    protocol: int = 0
    is_partial: bool = False
    # `_sklearn_version` and its like, wherever they stand: (class, key, text).
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class Machine:
    """The state of a scan. `left` is how many opcodes may still be read, by all nested pickles together."""

    source: ByteSource
    scan: PickleScan
    handlers: Mapping[str, Callable[[Machine, Any], None]]
    depth: int = 0
    left: list[int] = field(default_factory=lambda: [OPCODES_MAX])
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def run(self) -> object:
        """The value at STOP."""
        read, codes, handlers = self.source.read, _CODES, self.handlers
        while True:
            self.left[0] -= 1
            if self.left[0] < 0:
                raise TooLargeError
            code = codes.get(read(1)[0])
            if code is None:
                raise DamagedError("It is not a pickle to its end.")
            name = code.name
            if name == "STOP":
                return self.stack.pop()
            argument = None if code.arg is None else self._argument(name, code.arg.n)
            handler = handlers.get(name)
            if handler is not None:
                handler(self, argument)
            else:
                self._by_stack_effect(code)

    def bottom(self) -> object:
        """The first value of the stack: the root, where a scan stopped early."""
        return next((value for value in self.stack if value is not MARK), UNKNOWN)

    def _argument(self, name: str, size: int) -> Any:  # noqa: ANN401  # whatever the opcode carries
        if size == pickletools.UP_TO_NEWLINE:
            line = self._line()
            return f"{line} {self._line()}" if name in {"GLOBAL", "INST"} else line
        if size in _COUNT_FORMATS:
            return self._counted(*_COUNT_FORMATS[size])
        data = self.source.read(size)
        form = _INTEGERS.get(name)
        return struct.unpack(form, data)[0] if form is not None else data

    def _line(self) -> str:
        data = bytearray()
        while (piece := self.source.read(1)) != b"\n":
            data += piece
            if len(data) > _LINE_BYTES_MAX:
                raise DamagedError("It is not a pickle: a name in it has no end.")
        return data.decode("utf-8", "replace")

    def _counted(self, form: str, width: int) -> bytes | Blob:
        size = struct.unpack(form, self.source.read(width))[0]
        if size < 0:
            raise DamagedError("A length in it is negative.")
        if size <= KEPT_BYTES_MAX:
            return self.source.read(size)
        head = self.source.read(_ENDS_BYTES)
        self.source.skip(size - 2 * _ENDS_BYTES)
        return Blob(head, self.source.read(_ENDS_BYTES), size)

    def _by_stack_effect(self, code: pickletools.OpcodeInfo) -> None:
        """What is of no interest: its operands are taken, and an unknown value is put for each result."""
        if pickletools.markobject in code.stack_before:
            self.pop_to_mark()
        else:
            for _ in code.stack_before:
                self.stack.pop()
        self.stack.extend(MARK if kind is pickletools.markobject else UNKNOWN for kind in code.stack_after)

    # --- what the opcodes do ------------------------------------------------------------------------------------------

    def pop_to_mark(self) -> list[Any]:
        """The values above the topmost mark, which goes as well."""
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is MARK:
                values = self.stack[index + 1 :]
                del self.stack[index:]
                return values
        raise DamagedError("It closes what it never opened.")

    def import_name(self, module: object, name: object) -> None:
        """A name, remembered."""
        found = Global(str(module), str(name)) if isinstance(module, str) and isinstance(name, str) else None
        found = found or Global("unknown", "unknown")
        self.scan.globals[found] = None
        self.stack.append(found)

    def build(self) -> None:
        """The topmost value is the state of the one below it."""
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Instance):
            return
        if isinstance(state, dict):
            target.state.update(state)
        elif isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], dict):  # noqa: PLR2004  # (dict, slots)
            target.state.update(state[0])
        else:
            target.other_state = state
        self._note_versions(target)
        if target.of == _WRAPPER:
            self.stack[-1] = self._pass_array(target)

    def _note_versions(self, target: Instance) -> None:
        version = target.state.get("_sklearn_version")
        if isinstance(version, str):
            self.scan.versions.setdefault("scikit-learn", version)

    def _pass_array(self, wrapper: Instance) -> object:
        """The bytes that joblib writes behind the wrapper of an array."""
        dtype = wrapper.state.get("dtype")
        kind = _dtype_kind(dtype)
        if _holds_objects(dtype, kind):
            return self._nested_pickle(wrapper)
        size = _item_size(dtype, kind)
        for dimension in wrapper.state.get("shape") or ():
            if not isinstance(dimension, int) or dimension < 0:
                raise DamagedError("The shape of an array in it makes no sense.")
            size *= dimension
        if wrapper.state.get("numpy_array_alignment_bytes") is not None:
            self.source.skip(self.source.read(1)[0])
        self.source.skip(size)
        return wrapper

    def _nested_pickle(self, wrapper: Instance) -> object:
        if self.depth >= _NESTING_MAX:
            raise DamagedError("It nests arrays of objects too deeply.")
        nested = Machine(
            source=self.source, scan=self.scan, handlers=self.handlers, depth=self.depth + 1, left=self.left
        )
        array = nested.run()
        wrapper.items = [array]
        return wrapper


def _dtype_kind(dtype: object) -> str | None:
    """`f8` of `numpy.dtype("f8", …)`."""
    args = dtype.args if isinstance(dtype, Instance) and dtype.of == _DTYPE else ()
    return args[0] if isinstance(args, tuple) and args and isinstance(args[0], str) else None


def _holds_objects(dtype: object, kind: str | None) -> bool:
    """Of objects, or of records that hold some: numpy's flags say it, whose first bit is NPY_ITEM_REFCOUNT."""
    state = dtype.other_state if isinstance(dtype, Instance) else None
    flags = state[7] if isinstance(state, tuple) and len(state) > 7 else 0  # noqa: PLR2004  # numpy's __reduce__
    return (kind or "").startswith("O") or (isinstance(flags, int) and bool(flags & 1))


def _item_size(dtype: object, kind: str | None) -> int:
    """Bytes of one item: `f8` says it; for records it stands in the state of the dtype."""
    state = dtype.other_state if isinstance(dtype, Instance) else None
    written = state[5] if isinstance(state, tuple) and len(state) > 5 else None  # noqa: PLR2004  # numpy's __reduce__
    if isinstance(written, int) and written > 0:
        return written
    digits = (kind or "").lstrip("|<>=bBiufcSUVmMO")
    if not digits.isdigit():
        raise DamagedError("The type of an array in it is not known.")
    return int(digits) * (4 if "U" in (kind or "") else 1)

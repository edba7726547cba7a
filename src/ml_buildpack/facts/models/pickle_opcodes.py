"""What each opcode of a pickle does to the machine, where its result is of interest. Called by `pickle_scan`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ml_buildpack.facts.models.pickle_machine import MARK, Machine
from ml_buildpack.facts.models.pickle_values import UNKNOWN, Blob, Global, Instance


def _text(value: bytes | Blob) -> str | Blob:
    return value if isinstance(value, Blob) else value.decode("utf-8", "replace")


def _push(value: Callable[[Any], Any]) -> Callable[[Machine, Any], None]:
    return lambda machine, argument: machine.stack.append(value(argument))


def _is_key(key: object) -> bool:
    return isinstance(key, (str, int, float, bytes)) or key is None


def _set_items(target: object, pairs: list[Any]) -> None:
    if isinstance(target, dict):
        target.update({key: value for key, value in zip(pairs[::2], pairs[1::2], strict=False) if _is_key(key)})
    elif isinstance(target, Instance):
        target.items.extend(pairs)


def _append(target: object, values: list[Any]) -> None:
    if isinstance(target, list):
        target.extend(values)
    elif isinstance(target, Instance):
        target.items.extend(values)


def _tuple_of(count: int) -> Callable[[Machine, Any], None]:
    def make(machine: Machine, _argument: object) -> None:
        values = tuple(machine.stack[-count:])
        if len(values) < count:
            raise IndexError
        del machine.stack[-count:]
        machine.stack.append(values)

    return make


def _from_mark(make: Callable[[list[Any]], Any]) -> Callable[[Machine, Any], None]:
    return lambda machine, _: machine.stack.append(make(machine.pop_to_mark()))


def _call(machine: Machine, _argument: object) -> None:
    args = machine.stack.pop()
    called = machine.stack.pop()
    machine.stack.append(_called(called, args))


def _called(called: object, args: object) -> Instance:
    """Protocol 2 spells `__newobj__` as a call of `copyreg._reconstructor`: the class is its first argument."""
    if (
        isinstance(called, Global)
        and called.name in {"_reconstructor", "__newobj__"}
        and isinstance(args, tuple)
        and args
    ):
        return Instance(args[0], args[1:])
    return Instance(called, args)


def _call_with_keywords(machine: Machine, _argument: object) -> None:
    keywords, args, called = machine.stack.pop(), machine.stack.pop(), machine.stack.pop()
    machine.stack.append(Instance(called, (args, keywords)))


def _object(machine: Machine, _argument: object) -> None:
    values = machine.pop_to_mark()
    machine.stack.append(Instance(values[0], tuple(values[1:])))


def _inst(machine: Machine, argument: str) -> None:
    args = machine.pop_to_mark()
    _global(machine, argument)
    machine.stack.append(Instance(machine.stack.pop(), tuple(args)))


def _global(machine: Machine, argument: str) -> None:
    module, _, name = argument.partition(" ")
    machine.import_name(module, name)


def _stack_global(machine: Machine, _argument: object) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.import_name(module, name)


def _memoize(machine: Machine, argument: Any) -> None:  # noqa: ANN401  # a number, or its digits, or nothing
    machine.memo[len(machine.memo) if argument is None else int(argument)] = machine.stack[-1]


def _set_items_from_mark(machine: Machine, _argument: object) -> None:
    pairs = machine.pop_to_mark()
    _set_items(machine.stack[-1], pairs)


def _set_item(machine: Machine, _argument: object) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _set_items(machine.stack[-1], [key, value])


def _append_from_mark(machine: Machine, _argument: object) -> None:
    values = machine.pop_to_mark()
    _append(machine.stack[-1], values)


def _append_one(machine: Machine, _argument: object) -> None:
    value = machine.stack.pop()
    _append(machine.stack[-1], [value])


def _integer(argument: str) -> object:
    # Protocol 0 writes True as "01"; digits without end are of no interest.
    return {"00": False, "01": True}.get(argument, int(argument.rstrip("L")) if len(argument) < 20 else UNKNOWN)  # noqa: PLR2004


def _little_endian(argument: bytes | Blob) -> object:
    return UNKNOWN if isinstance(argument, Blob) else int.from_bytes(argument, "little", signed=True)


def _pop(machine: Machine, _argument: object) -> None:
    machine.stack.pop()


def _pop_to_mark(machine: Machine, _argument: object) -> None:
    machine.pop_to_mark()


def _pairs(values: list[Any]) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    _set_items(made, values)
    return made


def _protocol(machine: Machine, argument: bytes) -> None:
    if machine.depth == 0:
        machine.scan.protocol = argument[0]


HANDLERS: Mapping[str, Callable[[Machine, Any], None]] = {
    "PROTO": _protocol,
    "FRAME": lambda _machine, _argument: None,
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "INST": _inst,
    "OBJ": _object,
    "REDUCE": _call,
    "NEWOBJ": _call,
    "NEWOBJ_EX": _call_with_keywords,
    "BUILD": lambda machine, _: machine.build(),
    "MARK": lambda machine, _: machine.stack.append(MARK),
    "POP": _pop,
    "POP_MARK": _pop_to_mark,
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "MEMOIZE": _memoize,
    "PUT": _memoize,
    "BINPUT": _memoize,
    "LONG_BINPUT": _memoize,
    "GET": lambda machine, argument: machine.stack.append(machine.memo[int(argument)]),
    "BINGET": lambda machine, argument: machine.stack.append(machine.memo[argument]),
    "LONG_BINGET": lambda machine, argument: machine.stack.append(machine.memo[argument]),
    "EMPTY_DICT": _push(lambda _: {}),
    "EMPTY_LIST": _push(lambda _: []),
    "EMPTY_TUPLE": _push(lambda _: ()),
    "DICT": _from_mark(_pairs),
    "LIST": _from_mark(list),
    "TUPLE": _from_mark(tuple),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "SETITEM": _set_item,
    "SETITEMS": _set_items_from_mark,
    "ADDITEMS": _pop_to_mark,
    "APPEND": _append_one,
    "APPENDS": _append_from_mark,
    "NONE": _push(lambda _: None),
    "NEWTRUE": _push(lambda _: True),
    "NEWFALSE": _push(lambda _: False),
    "INT": _push(_integer),
    "LONG": _push(_integer),
    "BININT": _push(lambda argument: argument),
    "BININT1": _push(lambda argument: argument),
    "BININT2": _push(lambda argument: argument),
    "LONG1": _push(_little_endian),
    "BINFLOAT": _push(lambda argument: argument),
    "UNICODE": _push(lambda argument: argument),
    "STRING": _push(lambda argument: argument.strip("'\"")),
    "SHORT_BINUNICODE": _push(_text),
    "BINUNICODE": _push(_text),
    "BINUNICODE8": _push(_text),
    "SHORT_BINSTRING": _push(_text),
    "BINSTRING": _push(_text),
    "SHORT_BINBYTES": _push(lambda argument: argument),
    "BINBYTES": _push(lambda argument: argument),
    "BINBYTES8": _push(lambda argument: argument),
    "BYTEARRAY8": _push(lambda argument: argument),
}

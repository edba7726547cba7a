"""Values of clients become arrays of the model's types: widened by rule, never narrowed in silence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model_server.models.conversion import read_json, widen
from model_server.models.refusals import BadInput


def seen(array: np.ndarray[Any, Any]) -> tuple[str, list[Any]]:
    """Type and values."""
    return array.dtype.str.lstrip("<|"), array.tolist()


@pytest.mark.parametrize(
    ("data", "datatype", "expected"),
    [
        ([1, 2], "FP64", ("f8", [1.0, 2.0])),
        ([1, 2.5], "FP32", ("f4", [1.0, 2.5])),
        ([[1], [2]], "INT8", ("i1", [[1], [2]])),
        ([1.0, 2.0], "INT64", ("i8", [1, 2])),
        ([True, False], "BOOL", ("b1", [True, False])),
        (["a", "bc"], "BYTES", ("O", ["a", "bc"])),
        ([2**63], "UINT64", ("u8", [2**63])),
        ([[], []], "FP64", ("f8", [[], []])),
    ],
)
def test_json_is_read_as_a_datatype(data: object, datatype: str, expected: tuple[str, list[Any]]) -> None:
    """JSON numbers have no type of their own."""
    assert expected == seen(read_json(data, datatype, "x"))


def test_null_is_a_missing_number() -> None:
    """In floating-point types, which alone have a value for it."""
    assert ["1.0", "nan", "2.5"] == [str(value) for value in read_json([1, None, 2.5], "FP64", "x").tolist()]


@pytest.mark.parametrize(
    ("data", "datatype", "said"),
    [
        (1, "FP64", "x must be a list"),
        ([[1, 2], [3]], "FP64", "x: its lists are not all of the same length"),
        (["1.5"], "FP64", "x must be FP64, and these are strings"),
        ([None, "a"], "FP64", "x must be numbers"),
        ([None, True], "FP64", "x must be numbers"),
        ([True], "FP64", "x must be FP64, and these are booleans"),
        ([{}], "FP64", "x must be numbers"),
        ([1e39], "FP32", "x must be FP32, and holds a number that is too large for it"),
        ([1.5], "INT64", "x must be whole numbers"),
        ([1e300], "INT64", "x must be whole numbers"),
        ([None], "INT64", "x must be INT64, and these are mixed"),
        ([128], "INT8", "x must be INT8, from -128 to 127"),
        ([-1], "UINT8", "x must be UINT8, from 0 to 255"),
        ([2**70], "INT64", "x must be INT64, and these are mixed"),
        ([1], "BOOL", "x must be BOOL, and these are whole numbers"),
        ([1], "BYTES", "x must be BYTES, which are strings in JSON"),
        (["a", None], "BYTES", "x must be BYTES, which are strings in JSON"),
    ],
)
def test_json_that_is_not_of_the_datatype(data: object, datatype: str, said: str) -> None:
    """A sentence for the client."""
    with pytest.raises(BadInput) as raised:
        read_json(data, datatype, "x")

    assert said == str(raised.value)


@pytest.mark.parametrize(
    ("given", "values", "wanted"),
    [
        ("f4", [0.1], "FP64"),
        ("f2", [0.1], "FP32"),
        ("i8", [2**53], "FP64"),
        ("u1", [255], "FP32"),
        ("i4", [7], "INT64"),
        ("i8", [7], "INT8"),
        ("O", ["a"], "BYTES"),
    ],
)
def test_a_tensor_is_widened(given: str, values: list[Any], wanted: str) -> None:
    """Where the wider type, or the values at hand, make it exact."""
    array = np.array(values, dtype=given)

    assert array.tolist() == widen(array, wanted, "x").tolist()


@pytest.mark.parametrize(
    ("given", "values", "wanted", "said"),
    [
        ("f8", [0.5], "FP32", "x must be FP32, which cannot hold every FP64"),
        ("f8", [5.0], "INT64", "x must be INT64, and these are floating-point numbers"),
        ("i8", [2**53 + 1], "FP64", "x must be FP64, which cannot hold such large whole numbers exactly"),
        ("i4", [2**24 + 1], "FP32", "x must be FP32, which cannot hold such large whole numbers exactly"),
        ("i8", [300], "UINT8", "x must be UINT8, from 0 to 255"),
        ("?", [True], "FP64", "x must be FP64, and these are booleans"),
        ("O", ["1"], "FP64", "x must be FP64, and these are mixed"),
    ],
)
def test_a_tensor_is_never_narrowed(given: str, values: list[Any], wanted: str, said: str) -> None:
    """Whatever its values are, where that depends on the type."""
    with pytest.raises(BadInput) as raised:
        widen(np.array(values, dtype=given), wanted, "x")

    assert said == str(raised.value)


def test_libraries_that_round_are_given_what_they_round() -> None:
    """XGBoost computes in FP32 and takes doubles."""
    assert ("f4", [0.5]) == seen(widen(np.array([0.5]), "FP32", "x", rounds=True))

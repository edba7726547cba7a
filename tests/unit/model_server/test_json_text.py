"""JSON is the same whether orjson is installed or not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from model_server.protocols import json_text


@pytest.fixture(params=["orjson", "json"], autouse=True)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in turn."""
    if request.param == "json":
        monkeypatch.setattr(json_text, "orjson", None)
    else:
        assert json_text.orjson is not None


@pytest.mark.parametrize(
    "value",
    [
        np.array([1.5, float("nan"), float("inf")]),
        np.array([[1, 2], [3, 4]]),
        np.array([[1, 2], [3, 4]]).T,
        np.array([0.1], dtype="f4").astype("f8"),
        np.array([0.5], dtype="f2"),
        np.array(["a", "é"], dtype=object),
        np.array([True]),
        np.float64(2.5),
    ],
)
def test_arrays_are_lists(value: object) -> None:
    """What is not finite is null."""
    plain = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    expected = [1.5, None, None] if isinstance(plain, list) and plain[0] == 1.5 else plain

    assert {"data": expected} == json.loads(json_text.write({"data": value}))


@pytest.mark.parametrize("text", [b"{", b"[NaN]", b"[Infinity]", b'"\xff"', b"", b"[" * 200_000])
def test_what_is_not_json(text: bytes) -> None:
    """NaN is not."""
    with pytest.raises(json_text.InvalidJson):
        json_text.read(text)


def test_what_is() -> None:
    """Whitespace around it included."""
    assert {"a": [1, 2.5, None, True, "é"]} == json_text.read(' {"a": [1, 2.5, null, true, "é"]}\n'.encode())

"""MLflow's scoring protocol and V1, case by case, on a model whose columns have names and on one without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from support.model_server import COLUMNS, SETOSA, VIRGINICA, manifest, model_server, pickled, post
from support.running_server import RunningServer

ROWS = [SETOSA, VIRGINICA]
NAMES = list(COLUMNS)
REORDERED = {"columns": ["pw", "sl", "pl", "sw"], "data": [[row[3], row[0], row[2], row[1]] for row in ROWS]}
RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
EXTRA = {"columns": [*NAMES, "id"], "data": [[*row, "a"] for row in ROWS]}
BY_COLUMN = {name: [row[position] for row in ROWS] for position, name in enumerate(NAMES)}
CSV = "sl,sw,pl,pw\n5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n"
OK, BAD = 200, 400

# The request, and its status where the columns have names and where they have none.
CASES: dict[str, tuple[object, int, int]] = {
    "split": ({"dataframe_split": {"columns": NAMES, "data": ROWS}}, OK, OK),
    "split with an index": ({"dataframe_split": {"columns": NAMES, "index": [0, 1], "data": ROWS}}, OK, OK),
    "split in another order": ({"dataframe_split": REORDERED}, OK, OK),
    "split with one more column": ({"dataframe_split": EXTRA}, OK, BAD),
    "split with one column less": ({"dataframe_split": {"columns": NAMES[:3], "data": [SETOSA[:3]]}}, BAD, BAD),
    "split without columns": ({"dataframe_split": {"data": ROWS}}, OK, OK),
    "split without data": ({"dataframe_split": {"columns": NAMES}}, BAD, BAD),
    "split with a key of its own": ({"dataframe_split": {"columns": NAMES, "data": ROWS, "foo": 1}}, BAD, BAD),
    "split that is a list": ({"dataframe_split": ROWS}, BAD, BAD),
    "split with ragged rows": ({"dataframe_split": {"columns": NAMES, "data": [SETOSA, [1]]}}, BAD, BAD),
    "split with a name twice": ({"dataframe_split": {"columns": ["sl"] * 4, "data": ROWS}}, BAD, BAD),
    "records": ({"dataframe_records": RECORDS}, OK, BAD),
    "records that are an object": ({"dataframe_records": RECORDS[0]}, BAD, BAD),
    "records with a column less": ({"dataframe_records": [{"sl": 1}]}, BAD, BAD),
    "instances as lists": ({"instances": ROWS}, OK, OK),
    "instances as objects": ({"instances": RECORDS}, OK, BAD),
    "inputs as lists": ({"inputs": ROWS}, OK, OK),
    "inputs as objects": ({"inputs": RECORDS}, OK, BAD),
    "inputs by column": ({"inputs": BY_COLUMN}, OK, BAD),
    "inputs that are a word": ({"inputs": "a"}, BAD, BAD),
    "whole numbers": ({"instances": [[5, 3, 1, 0], [7, 3, 5, 2]]}, OK, OK),
    "strings": ({"instances": [["a", 3, 1, 0]]}, BAD, BAD),
    "null": ({"instances": [[None, 3, 1, 0]]}, BAD, BAD),
    "no rows": ({"instances": []}, BAD, BAD),
    "two formats": ({"instances": ROWS, "inputs": ROWS}, BAD, BAD),
    "no format": ({"rows": ROWS}, BAD, BAD),
    "other keys": ({"instances": ROWS, "signature_name": "x"}, OK, OK),
    "params of another kind": ({"instances": ROWS, "params": {"temperature": 1}}, OK, OK),
    "params that are no object": ({"instances": ROWS, "params": 3}, BAD, BAD),
    "a list": (ROWS, BAD, BAD),
    "a number": (1, BAD, BAD),
    "NaN": ('{"instances": [[NaN, 3, 1, 0]]}', BAD, BAD),
    "no JSON": ("{", BAD, BAD),
    "not UTF-8": (b'{"instances": "\xff"}', BAD, BAD),
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningServer]]:
    """Both."""
    with ExitStack() as stack:
        started = {}
        for kind, cls in (("named", "NamedFlowers"), ("unnamed", "Flowers")):
            files: dict[str, str | bytes] = {"flowers.pkl": pickled(cls), "manifest.json": manifest(flowers={})}
            started[kind] = stack.enter_context(model_server(tmp_path_factory.mktemp(kind), files))
        yield started


@pytest.mark.parametrize("kind", ["named", "unnamed"])
@pytest.mark.parametrize("case", CASES)
def test_13_json(servers: dict[str, RunningServer], case: str, kind: str) -> None:
    """Predictions, or a code and a message: the keys that MLflow's clients read."""
    body, named, unnamed = CASES[case]
    expected = named if kind == "named" else unnamed

    reply = post(servers[kind], "/invocations", body)

    assert expected == reply.status, reply.body
    if expected == OK and not (case == "split in another order" and kind == "unnamed"):
        assert {"predictions": [0, 2]} == reply.json
    if expected == BAD:
        assert ["error_code", "message"] == list(reply.json)
        assert "BAD_REQUEST" == reply.json["error_code"]


@pytest.mark.parametrize("kind", ["named", "unnamed"])
@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        pytest.param(CSV, "text/csv", 200, id="CSV"),
        pytest.param(CSV.replace("\n", "\r\n"), "text/csv; charset=utf-8", 200, id="CSV of Windows"),
        pytest.param("\ufeff" + CSV, "text/csv", 200, id="CSV with a byte order mark"),
        pytest.param("", "text/csv", 400, id="no CSV"),
        pytest.param("sl,sw,pl,pw\n", "text/csv", 400, id="CSV without rows"),
        pytest.param("sl,sw,pl,pw\n1,2,3,x\n", "text/csv", 400, id="CSV with a word"),
        pytest.param("sl,sw,pl,pw\n1,2,3,\n", "text/csv", 400, id="CSV with a missing value"),
        pytest.param("sl,sw,pl,pw\n1,2,3\n", "text/csv", 400, id="CSV with a short line"),
        pytest.param("sl,sw,pl\n1,2,3\n", "text/csv", 400, id="CSV with a column less"),
        pytest.param(b"sl,sw,pl,pw\n1,2,3,\xff\n", "text/csv", 400, id="CSV that is not UTF-8"),
        pytest.param(CSV, "text/plain", 415, id="another type"),
        pytest.param(CSV, None, 415, id="no type"),
        pytest.param(CSV, "", 415, id="an empty type"),
        pytest.param(CSV, "text/csv; charset=latin-1", 415, id="another character set"),
        pytest.param(CSV, "text/csv; foo=1", 415, id="another parameter"),
    ],
)
def test_13_csv_and_media_types(
    servers: dict[str, RunningServer], kind: str, body: str | bytes, media_type: str | None, status: int
) -> None:
    """The header's names order the columns."""
    reply = post(servers[kind], "/invocations", body, media_type)

    assert status == reply.status, reply.body
    assert {"predictions": [0, 2]} == reply.json if status == 200 else list(reply.json) == ["error_code", "message"]


def test_csv_columns_are_ordered_by_name(servers: dict[str, RunningServer]) -> None:
    """And those that the model does not know are passed over."""
    text = "pl,name,pw,sl,sw\n1.4,a,0.2,5.1,3.5\n5.2,b,2.3,6.7,3.0\n"

    assert {"predictions": [0, 2]} == post(servers["named"], "/invocations", text, "text/csv").json


def test_probabilities_are_a_parameter(servers: dict[str, RunningServer]) -> None:
    """`params` is MLflow's place for what is not an input."""
    asked = {"instances": ROWS, "params": {"predict_method": "predict_proba"}}

    assert {"predictions": [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]} == post(servers["named"], "/invocations", asked).json


def test_missing_columns_are_named(servers: dict[str, RunningServer]) -> None:
    """All of them, because who has to add them wants to know."""
    reply = post(servers["named"], "/invocations", {"dataframe_records": [{"sl": 1, "sw": 2}]})

    assert "the columns do not fit: missing: 'pl', 'pw'" == reply.json["message"]


V1_CASES: dict[str, tuple[Any, int]] = {
    "lists": ({"instances": ROWS}, 200),
    "objects": ({"instances": RECORDS}, 200),
    "columns": ({"inputs": BY_COLUMN}, 200),
    "inputs as lists": ({"inputs": ROWS}, 200),
    "neither": ({}, 400),
    "an unknown column": ({"inputs": {**BY_COLUMN, "extra": [1, 2]}}, 400),
    "no list": ({"instances": 1}, 400),
    "strings": ({"instances": [["a", "b", "c", "d"]]}, 400),
}


@pytest.mark.parametrize("case", V1_CASES)
def test_v1(servers: dict[str, RunningServer], case: str) -> None:
    """What clients of TensorFlow Serving and older KServe send."""
    body, status = V1_CASES[case]
    reply = post(servers["named"], "/v1/models/flowers:predict", body)

    assert status == reply.status
    assert {"predictions": [0, 2]} == reply.json if status == 200 else ["error"] == list(reply.json)

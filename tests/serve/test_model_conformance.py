"""What clients of the Open Inference Protocol, MLflow and V1 rely on, asked of a running server."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from support.model_server import (
    COLUMNS,
    SETOSA,
    VERSICOLOR,
    VIRGINICA,
    Reply,
    ask,
    get,
    manifest,
    model_server,
    pickled,
    post,
    tensor,
)
from support.running_server import RunningServer

INFER = "/v2/models/flowers/infer"
ROWS = [SETOSA, VIRGINICA]
FLAT = [*SETOSA, *VIRGINICA]
BINARY = struct.pack("<8d", *FLAT)
LIMITS = {"MODEL_SERVER_MAX_BODY_BYTES": "100000", "MODEL_SERVER_MAX_ROWS": "1000"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningServer]]:
    """A model with columns that have names, and one that knows only their number."""
    with ExitStack() as stack:
        started = {}
        for kind, cls in (("named", "NamedFlowers"), ("unnamed", "Flowers")):
            files: dict[str, str | bytes] = {"flowers.pkl": pickled(cls), "manifest.json": manifest(flowers={})}
            started[kind] = stack.enter_context(model_server(tmp_path_factory.mktemp(kind), files, LIMITS))
        yield started


@pytest.fixture
def server(servers: dict[str, RunningServer]) -> RunningServer:
    """The one whose columns have names."""
    return servers["named"]


def infer(server: RunningServer, request: object) -> Reply:
    """Ask the one model."""
    return post(server, INFER, request)


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_1_server_metadata(server: RunningServer, path: str) -> None:
    """Clients read the extensions before they use one."""
    assert {"name": "ml-buildpack-model-server", "version": "1", "extensions": ["binary_tensor_data"]} == get(
        server, path
    ).json


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"live": True, "ready": True}),
        ("/v2/models/flowers/ready", {"name": "flowers", "ready": True}),
        ("/v2/models/flowers/versions/1/ready", {"name": "flowers", "ready": True}),
        ("/v1/models/flowers", {"name": "flowers", "ready": True}),
        ("/v1/models", {"models": ["flowers"]}),
        ("/livez", {"live": True}),
        ("/readyz", {"ready": True}),
        ("/startupz", {"ready": True}),
    ],
)
def test_2_health(server: RunningServer, path: str, body: object) -> None:
    """Every platform has its own path to ask."""
    reply = get(server, path)

    assert (200, body) == (reply.status, reply.json)


@pytest.mark.parametrize(
    "path", ["/v2/models/nope", "/v2/models/nope/ready", "/v2/models/flowers/versions/7", "/v1/models/nope", "/nope"]
)
def test_3_what_does_not_exist_is_404(server: RunningServer, path: str) -> None:
    """With the error of the protocol, and no other key."""
    reply = get(server, path)

    assert (404, ["error"]) == (reply.status, list(reply.json))


@pytest.mark.parametrize("path", ["/v2/models/nope/infer", "/v2/models/flowers/versions/7/infer"])
def test_3_what_does_not_exist_cannot_be_asked(server: RunningServer, path: str) -> None:
    """Before anything of the body is read."""
    assert 404 == post(server, path, b"not json").status


def test_4_metadata_of_columns(server: RunningServer) -> None:
    """Names, types and a number of rows that requests choose."""
    assert {
        "name": "flowers",
        "versions": ["1"],
        "platform": "custom_pickle",
        "inputs": [{"name": name, "datatype": "FP64", "shape": [-1]} for name in COLUMNS],
        "outputs": [
            {"name": "predict", "datatype": "INT64", "shape": [-1]},
            {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 3], "parameters": {"default": False}},
        ],
    } == get(server, "/v2/models/flowers/versions/1").json


def test_4_metadata_without_names(servers: dict[str, RunningServer]) -> None:
    """One matrix."""
    metadata = get(servers["unnamed"], "/v2/models/flowers").json

    assert [{"name": "input", "datatype": "FP64", "shape": [-1, 4]}] == metadata["inputs"]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(tensor(ROWS, [2, 4]), id="nested"),
        pytest.param(tensor(FLAT, [2, 4]), id="flat"),
        pytest.param(tensor(FLAT, [2, 4], "FP32"), id="FP32"),
        pytest.param(tensor([5, 3, 1, 0, 7, 3, 5, 2], [2, 4], "INT64"), id="INT64"),
        pytest.param(tensor([5, 3, 1, 0, 7, 3, 5, 2], [2, 4], "UINT8"), id="UINT8"),
        pytest.param(
            {
                "inputs": [
                    {"name": name, "shape": [2], "datatype": "FP64", "data": [row[position] for row in ROWS]}
                    for position, name in reversed(list(enumerate(COLUMNS)))
                ]
            },
            id="columns in another order",
        ),
    ],
)
def test_5_every_way_to_write_the_rows_is_the_same(server: RunningServer, request_: object) -> None:
    """Nested and flat, any type that is no wider, one tensor or one for each column."""
    assert {
        "model_name": "flowers",
        "model_version": "1",
        "outputs": [{"name": "predict", "shape": [2], "datatype": "INT64", "data": [0, 2]}],
    } == infer(server, request_).json


def test_6_an_id_is_echoed(server: RunningServer) -> None:
    """It is how a client tells its answers apart."""
    assert "42" == infer(server, tensor(ROWS, [2, 4], id="42")).json["id"]


def test_7_outputs_are_chosen(server: RunningServer) -> None:
    """Probabilities cost a second call, so they are computed when they are asked for."""
    asked = tensor(ROWS, [2, 4], outputs=[{"name": "predict_proba"}])

    assert [
        {"name": "predict_proba", "shape": [2, 3], "datatype": "FP64", "data": [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]}
    ] == infer(server, asked).json["outputs"]


BAD: dict[str, Any] = {
    "unknown output": tensor(ROWS, [2, 4], outputs=[{"name": "zzz"}]),
    "outputs that are no list": tensor(ROWS, [2, 4], outputs={"name": "predict"}),
    "shape and data disagree": tensor(FLAT, [3, 4]),
    "too few features": tensor([SETOSA[:3]], [1, 3]),
    "ragged": tensor([[1, 2, 3, 4], [1, 2]], [2, 4]),
    "strings": tensor(["a", "b", "c", "d"], [1, 4]),
    "strings of digits": tensor(["1", "2", "3", "4"], [1, 4]),
    "BYTES for numbers": tensor(["a", "b", "c", "d"], [1, 4], "BYTES"),
    "booleans": tensor([True, True, True, True], [1, 4]),
    "null": tensor([1, 2, None, 4], [1, 4]),
    "fractions as INT64": tensor(FLAT, [2, 4], "INT64"),
    "beyond UINT8": tensor([1, 2, 3, 256], [1, 4], "UINT8"),
    "inexact as FP64": tensor([2**53 + 1, 2, 3, 4], [1, 4], "INT64"),
    "unknown datatype": tensor(ROWS, [2, 4], "FP99"),
    "datatype that is a list": {"inputs": [{"name": "x", "shape": [1, 4], "datatype": [], "data": SETOSA}]},
    "no datatype": {"inputs": [{"name": "x", "shape": [1, 4], "data": SETOSA}]},
    "no shape": {"inputs": [{"name": "x", "datatype": "FP64", "data": SETOSA}]},
    "negative shape": tensor(SETOSA, [-1, -4]),
    "no data": {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64"}]},
    "data that is no list": tensor("5.1", [1, 4]),
    "no name": {"inputs": [{"shape": [1, 4], "datatype": "FP64", "data": SETOSA}]},
    "no inputs": {},
    "empty inputs": {"inputs": []},
    "inputs that are no list": {"inputs": "x"},
    "an input that is no object": {"inputs": [1]},
    "a name twice": {"inputs": tensor(ROWS, [2, 4])["inputs"] * 2},
    "one column too many": {
        "inputs": [{"name": name, "shape": [1], "datatype": "FP64", "data": [1]} for name in (*COLUMNS, "extra")]
    },
    "one column too few": {
        "inputs": [{"name": name, "shape": [1], "datatype": "FP64", "data": [1]} for name in COLUMNS[:3]]
    },
    "columns of different lengths": {
        "inputs": [
            {"name": name, "shape": [length], "datatype": "FP64", "data": [1.0] * length}
            for length, name in enumerate(COLUMNS, 1)
        ]
    },
    "no rows": tensor([], [0, 4]),
    "an id that is a number": tensor(ROWS, [2, 4], id=42),
    "parameters that are no object": tensor(ROWS, [2, 4], parameters=[]),
    "what the model refuses": tensor([-1, 2, 3, 4], [1, 4]),
    "invalid JSON": b'{"inputs": [',
    "no object": b"[1, 2]",
    "empty body": b"",
    "NaN": b'{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, NaN, 4]}]}',
    "no UTF-8": b'{"id": "\xff"}',
    "deep nesting": b'{"inputs": ' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("name", BAD)
def test_8_bad_input_is_400_with_one_sentence(server: RunningServer, name: str) -> None:
    """Never a 5xx, and never another shape: clients read `error` and nothing else."""
    reply = infer(server, BAD[name])

    assert (400, ["error"], str) == (reply.status, list(reply.json), type(reply.json["error"])), reply.body
    assert 'File "' not in reply.json["error"]


@pytest.mark.parametrize(("value", "kind"), [(-2, "RuntimeError"), (-3, "SystemExit")])
def test_8_a_model_that_fails_is_a_500_that_keeps_its_secrets(server: RunningServer, value: int, kind: str) -> None:
    """What is not about the input is in the log alone, and the next request is answered."""
    reply = infer(server, tensor([value, 2, 3, 4], [1, 4]))

    assert (500, {"error": "the model failed; the log says why"}) == (reply.status, reply.json)
    assert f"{kind}: secret of the model" in server.stderr()
    assert 200 == infer(server, tensor(ROWS, [2, 4])).status


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
def test_9_other_media_types_are_415(server: RunningServer, media_type: str) -> None:
    """The sentence names those that are understood."""
    reply = post(server, INFER, tensor(ROWS, [2, 4]), media_type)

    assert (415, ["error"]) == (reply.status, list(reply.json))


def test_9_too_much_is_413(server: RunningServer) -> None:
    """By its length, and by its rows."""
    assert 413 == infer(server, b" " * 100_001).status
    assert 413 == infer(server, tensor([1] * 4004, [1001, 4])).status


def test_9_too_much_without_a_length_is_413(server: RunningServer) -> None:
    """A chunked body does not say how long it is."""
    chunk = b"%x\r\n%s\r\n" % (60_000, b" " * 60_000)
    reply = ask(server, "POST", INFER, chunk * 2 + b"0\r\n\r\n", {"Transfer-Encoding": "chunked"})

    assert 413 == reply.status


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", INFER, "POST"),
        ("POST", "/v2/health/live", "GET, HEAD"),
        ("DELETE", "/v2/models/flowers", "GET, HEAD"),
        ("GET", "/invocations", "POST"),
        ("GET", "/v1/models/flowers:predict", "POST"),
    ],
)
def test_9_other_methods_are_405(server: RunningServer, method: str, path: str, allowed: str) -> None:
    """With the header that says which is allowed."""
    reply = get(server, path, method)

    assert (405, allowed) == (reply.status, reply.headers["allow"])


def binary(server: RunningServer, head: object, data: bytes, length: str | None = None) -> Reply:
    """A request in the binary extension."""
    text = json.dumps(head).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(text)) if length is None else length,
    }
    return ask(server, "POST", INFER, text + data, headers)


def binary_input(size: int = 64, datatype: str = "FP64", **more: object) -> dict[str, Any]:
    """The head of a request with one binary input."""
    parameters = {"binary_data_size": size}
    return {"inputs": [{"name": "x", "shape": [2, 4], "datatype": datatype, "parameters": parameters}], **more}


def test_10_binary_in(server: RunningServer) -> None:
    """The answer is JSON where nothing else is asked for."""
    reply = binary(server, binary_input(), BINARY)

    assert [0, 2] == reply.json["outputs"][0]["data"]


@pytest.mark.parametrize(
    "wish",
    [
        {"outputs": [{"name": "predict", "parameters": {"binary_data": True}}]},
        {"parameters": {"binary_data_output": True}},
    ],
)
def test_10_binary_out(server: RunningServer, wish: dict[str, Any]) -> None:
    """For one output or for all; the header says where the JSON ends."""
    reply = binary(server, binary_input(**wish), BINARY)
    length = int(reply.headers["inference-header-content-length"])

    assert "application/octet-stream" == reply.headers["content-type"]
    assert {
        "model_name": "flowers",
        "model_version": "1",
        "outputs": [
            {"name": "predict", "shape": [2], "datatype": "INT64", "parameters": {"binary_data_size": 16}},
        ],
    } == json.loads(reply.body[:length])
    assert (0, 2) == struct.unpack("<2q", reply.body[length:])


def test_10_binary_and_json_outputs(server: RunningServer) -> None:
    """Each as it was asked for."""
    outputs = [{"name": "predict_proba", "parameters": {"binary_data": False}}, {"name": "predict"}]
    reply = binary(server, binary_input(outputs=outputs, parameters={"binary_data_output": True}), BINARY)
    length = int(reply.headers["inference-header-content-length"])

    assert [True, False] == ["data" in output for output in json.loads(reply.body[:length])["outputs"]]


@pytest.mark.parametrize(
    ("head", "data", "length"),
    [
        pytest.param(binary_input(63), BINARY[:63], None, id="size and shape disagree"),
        pytest.param(binary_input(), BINARY[:60], None, id="too short"),
        pytest.param(binary_input(), BINARY + b"1", None, id="too long"),
        pytest.param(binary_input(), BINARY, "many", id="a length that is no number"),
        pytest.param(binary_input(), BINARY, "9999999", id="a length beyond the body"),
        pytest.param(binary_input(-1), BINARY, None, id="a negative size"),
        pytest.param(binary_input(4, "BYTES"), b"\xff\xff\xff\x7f", None, id="a string beyond the body"),
        pytest.param(binary_input(2, "BYTES"), b"\x01\x00", None, id="half a length"),
    ],
)
def test_10_bad_sizes_are_400(server: RunningServer, head: object, data: bytes, length: str | None) -> None:
    """Whatever a length says, it is compared before it is used."""
    reply = binary(server, head, data, length)

    assert (400, ["error"]) == (reply.status, list(reply.json))


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_11_the_number_of_rows_is_kept(server: RunningServer, count: int) -> None:
    """One row in, one out."""
    output = infer(server, tensor([VERSICOLOR] * count, [count, 4])).json["outputs"][0]

    assert ([count], [1] * count) == (output["shape"], output["data"])


def test_12_answers_are_not_crossed(server: RunningServer) -> None:
    """Fifty at once, each with an input of its own, and bad ones between them."""
    flowers = [SETOSA, VERSICOLOR, VIRGINICA, [-1, 2, 3, 4]]

    def one(number: int) -> tuple[int, object, object]:
        reply = infer(server, tensor(flowers[number % 4], [1, 4], id=str(number)))
        answer = reply.json
        return reply.status, answer.get("id"), answer["outputs"][0]["data"] if reply.status == 200 else None

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, range(52)))

    assert [
        (400, None, None) if number % 4 == 3 else (200, str(number), [number % 4]) for number in range(52)
    ] == answers


@pytest.mark.parametrize(
    ("path", "media_type", "body"),
    [
        ("/ping", "application/json", b"\n"),
        ("/health", "application/json", b"\n"),
        ("/version", "application/json", b'"1"'),
    ],
)
def test_14_mlflow_asks_after_the_server(server: RunningServer, path: str, media_type: str, body: bytes) -> None:
    """SageMaker does too; HEAD is asked by load balancers."""
    reply = get(server, path)

    assert (200, media_type, body) == (reply.status, reply.headers["content-type"], reply.body)
    assert 200 == get(server, path, "HEAD").status


def test_16_every_answer_says_what_it_is(server: RunningServer) -> None:
    """Also an empty one, a refusal, and one that is nobody's."""
    replies = [get(server, path) for path in ("/v2", "/nope", "/metrics", "/ping", "/invocations")]

    assert [] == [reply for reply in replies if not reply.headers.get("content-type")]


def test_17_metrics_have_fixed_series(server: RunningServer) -> None:
    """A client that makes up names must not fill the memory of a metrics database."""
    get(server, "/v2/models/made-up")
    post(server, "/v2/models/made-up/infer", tensor(ROWS, [2, 4]))
    infer(server, tensor(ROWS, [2, 4]))
    lines = get(server, "/metrics").body.decode().splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    assert not [line for line in lines if "made-up" in line]
    assert float(samples['model_infer_request_success_total{model="flowers",version="1"}']) >= 1
    assert (
        samples['model_infer_request_duration_seconds_count{model="flowers",version="1"}']
        == samples['model_infer_request_duration_seconds_bucket{model="flowers",version="1",le="+Inf"}']
    )

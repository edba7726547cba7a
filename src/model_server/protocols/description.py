"""What people and tools read about the API: an OpenAPI document and a page, both with the models' real inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_server.models.signature import NUMERIC, Tensor
from model_server.models.table_inputs import TableInputs
from model_server.models.warm_up import synthetic_rows
from model_server.protocols import json_text
from model_server.protocols.exchange import Refusal, Request, Response, Target, json_response
from model_server.protocols.v2 import describe_model

if TYPE_CHECKING:
    from model_server.models.served import ServedModel
    from model_server.protocols.prediction import Predictor

# The page loads nothing and talks to nobody but this server.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
_PAGE = Path(__file__).with_name("page.html")


async def page(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """The models, an example to edit and send, and the answer."""
    models = [
        {"metadata": describe_model(served, predictor.models.versions(served.entry.name)), "example": example(served)}
        for served in await _all_served(predictor)
    ]
    # A script cannot be left by what a column is called.
    data = json_text.write(models).replace(b"<", b"\\u003c")
    return Response(
        status=200,
        body=_PAGE.read_bytes().replace(b"MODELS_AS_JSON", data),
        content_type="text/html; charset=utf-8",
        headers=(("content-security-policy", _POLICY),),
    )


async def openapi(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """The document, in OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for served in await _all_served(predictor):
        root = f"/v2/models/{served.entry.name}"
        if len(predictor.models.versions(served.entry.name)) > 1:
            root += f"/versions/{served.entry.version}"
        metadata = describe_model(served, predictor.models.versions(served.entry.name))
        paths[f"{root}/infer"] = {"post": _infer_operation(served, metadata)}
        paths[root] = {"get": _operation(f"What {served.entry.name} takes and gives", {"type": "object"}, metadata)}
    for path in ("/v2/health/live", "/v2/health/ready", "/v2"):
        paths[path] = {"get": _operation("Open Inference Protocol: health and server", {"type": "object"})}
    title = ", ".join(sorted({entry.name for entry in predictor.models.entries}))
    version = predictor.models.entries[0].version
    document = {"openapi": "3.1.0", "info": {"title": title, "version": version}, "paths": paths}
    return json_response({**document, "components": {"schemas": {"Error": _ERROR}}})


def example(served: ServedModel) -> dict[str, Any]:
    """A request that the model answers, as its first prediction was."""
    inputs, rows = served.model.inputs, synthetic_rows(served.model, 1)
    if not isinstance(inputs, TableInputs) or not inputs.named:
        found = zip(inputs.described, rows)  # noqa: B905 (a slot for each)
        return {"inputs": [_tensor(tensor, list(slot.shape), slot.reshape(-1).tolist()) for tensor, slot in found]}
    values = rows[0][0] if inputs.packed is not None else [slot[0] for slot in rows]
    columns = zip(inputs.columns, values)  # noqa: B905 (a value for each)
    return {
        "inputs": [
            _tensor(column, [1, 1][: len(column.shape)], [value.item() if hasattr(value, "item") else value])
            for column, value in columns
        ]
    }


def _tensor(tensor: Tensor, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": tensor.name, "shape": shape, "datatype": tensor.datatype, "data": data}


def _infer_operation(served: ServedModel, metadata: dict[str, Any]) -> dict[str, Any]:
    answer = {"type": "object", "properties": {"outputs": {"type": "array", "items": {"type": "object"}}}}
    request = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": {"anyOf": [_tensor_schema(tensor) for tensor in metadata["inputs"]]}},
            "outputs": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        },
    }
    body = {"required": True, "content": {"application/json": {"schema": request, "example": example(served)}}}
    return {**_operation(f"Predict with {served.entry.name}", answer), "requestBody": body}


def _tensor_schema(tensor: dict[str, Any]) -> dict[str, Any]:
    kinds = {"BOOL": "boolean", "BYTES": "string"}
    kind = "number" if tensor["datatype"] in NUMERIC else kinds[tensor["datatype"]]
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"const": tensor["name"]},
            "datatype": {"type": "string", "default": tensor["datatype"]},
            "shape": {"type": "array", "items": {"type": "integer"}, "description": f"{tensor['shape']}, -1 for rows"},
            "data": {"type": "array", "items": {"type": [kind, "array", "null"]}},
        },
    }


_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}


def _operation(summary: str, schema: dict[str, Any], shown: dict[str, Any] | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema, **({} if shown is None else {"example": shown})}
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "summary": summary,
        "responses": {
            "200": {"description": "The answer", "content": {"application/json": content}},
            "default": {"description": "A refusal", "content": refused},
        },
    }


async def _all_served(predictor: Predictor) -> tuple[ServedModel, ...]:
    if not await predictor.models.wait():
        raise Refusal(503, "the models are not loaded yet", (("retry-after", "1"),))
    return predictor.models.served

"""Open Inference Protocol v2 over REST: health, metadata and inference.

Source: open-inference-protocol, inference_rest.md. Every answer that is not 200 is `{"error": "…"}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_server.models.signature import Tensor
from model_server.protocols import json_text
from model_server.protocols.exchange import (
    JSON,
    Refusal,
    Request,
    Response,
    Target,
    check_media_type,
    json_response,
    read_object,
)
from model_server.protocols.prediction import Predictor, choose_outputs
from model_server.protocols.v2_tensors import BINARY_HEADER, OCTETS, read_tensors, split_body, write_tensor

if TYPE_CHECKING:
    from model_server.models.served import ServedModel

SERVER_NAME = "ml-buildpack-model-server"
EXTENSIONS = ("binary_tensor_data",)


async def server_metadata(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """Who answers. The version is that of the only model, or of the protocol where there are several."""
    entries = predictor.models.entries
    version = entries[0].version if len(entries) == 1 else "2"
    return json_response({"name": SERVER_NAME, "version": version, "extensions": list(EXTENSIONS)})


async def health_live(_request: Request, _predictor: Predictor, _target: Target) -> Response:
    """Whether the event loop turns; whoever reads this knows that it does."""
    return json_response({"live": True})


async def health_ready(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """Whether every model predicts."""
    ready = predictor.models.is_ready
    return json_response({"live": True, "ready": ready}, 200 if ready else 503)


async def model_ready(_request: Request, predictor: Predictor, target: Target) -> Response:
    """Whether one model predicts; unlike predictions, this does not wait for it."""
    entry = predictor.models.find(target.model, target.version)
    if entry is None:
        await predictor.find(target.model, target.version)
        raise AssertionError  # pragma: no cover  # the line above raised
    ready = predictor.models.get(entry) is not None
    return json_response({"name": entry.name, "ready": ready}, 200 if ready else 503)


async def model_metadata(_request: Request, predictor: Predictor, target: Target) -> Response:
    """What the model takes and gives."""
    served = await predictor.find(target.model, target.version)
    return json_response(describe_model(served, predictor.models.versions(served.entry.name)))


def describe_model(served: ServedModel, versions: list[str]) -> dict[str, Any]:
    """The metadata. Outputs that are computed only when they are asked for say so."""
    usual = served.model.default_outputs
    return {
        "name": served.entry.name,
        "versions": versions,
        "platform": f"{served.entry.format}_{served.entry.variant}",
        "inputs": [_describe(tensor) for tensor in served.model.inputs.described],
        "outputs": [
            {**_describe(tensor), **({} if tensor.name in usual else {"parameters": {"default": False}})}
            for tensor in served.readiness.outputs
        ],
    }


async def infer(request: Request, predictor: Predictor, target: Target) -> Response:
    """A prediction."""
    served = await predictor.find(target.model, target.version)
    check_media_type(request, (JSON, OCTETS), required=False)
    text, buffers = split_body(await request.body(), request.headers.get(BINARY_HEADER))
    asked = read_object(text)
    identity = asked.get("id")
    if identity is not None and not isinstance(identity, str):
        raise Refusal(400, "`id` must be a string")
    wanted = _wanted_outputs(asked)
    outputs = choose_outputs(served, tuple(wanted))
    all_binary = bool(_parameters(asked, "the request").get("binary_data_output"))
    found = await predictor.predict(
        request, served, lambda: served.model.inputs.from_tensors(read_tensors(asked.get("inputs"), buffers)), outputs
    )
    head = {"model_name": served.entry.name, "model_version": served.entry.version}
    if identity is not None:
        head["id"] = identity
    binary = {name: wanted[name] if wanted.get(name) is not None else all_binary for name in outputs}
    return _answer(head, [write_tensor(name, found[name], binary=bool(binary[name])) for name in outputs])


def _answer(head: dict[str, Any], written: list[tuple[dict[str, Any], bytes]]) -> Response:
    text = json_text.write({**head, "outputs": [tensor for tensor, _ in written]})
    if not any("parameters" in tensor for tensor, _ in written):
        return Response(status=200, body=text)
    return Response(
        status=200,
        body=b"".join([text, *(data for _, data in written)]),
        content_type=OCTETS,
        headers=((BINARY_HEADER, str(len(text))),),
    )


def _wanted_outputs(asked: dict[str, Any]) -> dict[str, bool | None]:
    """The outputs that are asked for, each with whether it shall be binary, where that is said. Raises: Refusal."""
    outputs = asked.get("outputs") or []
    if not isinstance(outputs, list):
        raise Refusal(400, "`outputs` must be a list")
    found: dict[str, bool | None] = {}
    for position, output in enumerate(outputs):
        if not isinstance(output, dict) or not isinstance(output.get("name"), str):
            raise Refusal(400, f"`outputs[{position}]` must be an object with a `name`")
        found[output["name"]] = _parameters(output, f"`outputs[{position}]`").get("binary_data")
    return found


def _parameters(holder: dict[str, Any], where: str) -> dict[str, Any]:
    parameters = holder.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        raise Refusal(400, f"the `parameters` of {where} must be an object")
    return parameters


def _describe(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}

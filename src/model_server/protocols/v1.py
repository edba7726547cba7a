"""The V1 protocol of TensorFlow Serving and KServe: `:predict` and a model's status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_server.models.refusals import BadInput
from model_server.protocols.exchange import (
    JSON,
    Request,
    Response,
    Target,
    check_media_type,
    json_response,
    read_object,
)
from model_server.protocols.invocations import predictions, read_instances
from model_server.protocols.prediction import Predictor, choose_outputs

if TYPE_CHECKING:
    from model_server.models.loaded_model import Inputs
    from model_server.models.table_inputs import Rows


async def predict(request: Request, predictor: Predictor, target: Target) -> Response:
    """A prediction: `{"predictions": …}`."""
    served = await predictor.find(target.model, target.version)
    check_media_type(request, (JSON,), required=False)
    asked = read_object(await request.body())
    outputs = choose_outputs(served, ())
    found = await predictor.predict(request, served, lambda: _read_rows(asked, served.model.inputs), outputs)
    return json_response({"predictions": predictions(found, outputs)})


def _read_rows(asked: dict[str, Any], inputs: Inputs) -> Rows:
    given = [name for name in ("instances", "inputs") if name in asked]
    if len(given) != 1:
        raise BadInput("the body must have either `instances` or `inputs`")
    value = asked[given[0]]
    if isinstance(value, dict) and given[0] == "inputs":
        return inputs.from_columns(value, "`inputs`", extra=True)
    return read_instances(value, inputs, f"`{given[0]}`")


async def status(_request: Request, predictor: Predictor, target: Target) -> Response:
    """Whether the model predicts."""
    entry = predictor.models.find(target.model, target.version)
    ready = entry is not None and predictor.models.get(entry) is not None
    if entry is None:
        await predictor.find(target.model, target.version)
    return json_response({"name": target.model, "ready": ready}, 200 if ready else 503)


async def listing(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """The models' names."""
    return json_response({"models": sorted({entry.name for entry in predictor.models.entries})})

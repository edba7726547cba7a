"""MLflow's scoring protocol, which SageMaker shares: `/invocations`, and what asks after the server.

The statuses and keys are those of MLflow 3.17, observed. What differs is on the safe side: lists of values are
taken where their width fits, a missing Content-Type is 415 and not 500, HEAD is answered, and no answer has a stack
trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_server.models.refusals import BadInput
from model_server.protocols.csv_text import read_csv
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

if TYPE_CHECKING:
    from model_server.models.conversion import Array
    from model_server.models.loaded_model import Inputs
    from model_server.models.table_inputs import Rows

CSV = "text/csv"
_FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SPLIT_KEYS = {"columns", "data", "index"}


async def invoke(request: Request, predictor: Predictor, _target: Target) -> Response:
    """A prediction: `{"predictions": …}`."""
    media_type = check_media_type(request, (JSON, CSV), required=True)
    served = await predictor.find_only()
    body = await request.body()
    inputs = served.model.inputs
    if media_type == CSV:
        asked: dict[str, Any] = {}
        outputs = choose_outputs(served, ())
        found = await predictor.predict(request, served, lambda: read_csv(body, inputs), outputs)
    else:
        asked = read_object(body)
        outputs = choose_outputs(served, _chosen_method(asked))
        found = await predictor.predict(request, served, lambda: read_rows(asked, inputs), outputs)
    return json_response({"predictions": predictions(found, outputs)})


def predictions(found: Any, outputs: tuple[str, ...]) -> Any:  # noqa: ANN401 (arrays by name, and JSON)
    """One output as it is, several by their names."""
    values: dict[str, Array] = {name: found[name] for name in outputs}
    return values[outputs[0]] if len(outputs) == 1 else values


def read_rows(asked: dict[str, Any], inputs: Inputs) -> Rows:
    """The rows of a request in one of the four formats. Raises: BadInput."""
    given = [name for name in _FORMATS if name in asked]
    if len(given) != 1:
        listed = ", ".join(f"`{name}`" for name in _FORMATS)
        raise BadInput(f"the body must have exactly one of {listed}, and it has {' and '.join(given) or 'none'}")
    value = asked[given[0]]
    if given[0] == "dataframe_split":
        return _read_split(value, inputs)
    if given[0] == "dataframe_records":
        return inputs.from_records(value, "`dataframe_records`", extra=False)
    if isinstance(value, dict) and given[0] == "inputs":
        return inputs.from_columns(value, "`inputs`", extra=False)
    return read_instances(value, inputs, f"`{given[0]}`")


def read_instances(value: object, inputs: Inputs, where: str) -> Rows:
    """Rows as lists of values, or as objects. Raises: BadInput."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return inputs.from_records(value, where, extra=False)
    return inputs.from_lists(value, None, where)


def _read_split(value: object, inputs: Inputs) -> Rows:
    if not isinstance(value, dict):
        raise BadInput("`dataframe_split` must be an object")
    if "data" not in value or not value.keys() <= _SPLIT_KEYS:
        raise BadInput("`dataframe_split` must have `data`, may have `columns` and `index`, and nothing else")
    columns = value.get("columns")
    if columns is not None and (not isinstance(columns, list) or not all(isinstance(name, str) for name in columns)):
        raise BadInput("the `columns` of `dataframe_split` must be a list of names")
    if columns is not None and len(set(columns)) != len(columns):
        raise BadInput("the `columns` of `dataframe_split` name one of them twice")
    return inputs.from_lists(value["data"], columns, "the `data` of `dataframe_split`")


def _chosen_method(asked: dict[str, Any]) -> tuple[str, ...]:
    """The output that `params` asks for; other params are for models of other kinds, and passed over as MLflow does."""
    params = asked.get("params") or {}
    if not isinstance(params, dict):
        raise Refusal(400, "`params` must be an object")
    method = params.get("predict_method")
    if method is not None and not isinstance(method, str):
        raise Refusal(400, "`params.predict_method` must be the name of an output")
    return () if method is None else (method,)


async def ping(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """`/ping` and `/health`: 200 as soon as the model predicts, because that is when MLflow's server listens."""
    return Response(status=200 if predictor.models.is_ready else 503, body=b"\n")


async def version(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """The version of MLflow that the model was saved with, if it was, else the model's own."""
    entry = predictor.models.entries[0]
    return json_response(entry.trained_with.get("mlflow", entry.version))

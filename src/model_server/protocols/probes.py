"""What platforms ask: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_server.protocols import metrics as metrics_text
from model_server.protocols.exchange import Request, Response, Target, json_response

if TYPE_CHECKING:
    from model_server.protocols.prediction import Predictor


async def live(_request: Request, _predictor: Predictor, _target: Target) -> Response:
    """Alive, as this answer shows. A model that is busy, or not loaded yet, does not change it."""
    return json_response({"live": True})


async def ready(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """Ready, and started, when every model was loaded and has predicted once."""
    is_ready = predictor.models.is_ready
    return json_response({"ready": is_ready}, 200 if is_ready else 503)


async def metrics(_request: Request, predictor: Predictor, _target: Target) -> Response:
    """What Prometheus reads."""
    return Response(status=200, body=predictor.metrics.render(predictor.models), content_type=metrics_text.CONTENT_TYPE)

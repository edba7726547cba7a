"""The one way from rows to outputs that all protocols share: the last checks, the model's thread, the counting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from model_server.models.conversion import has_missing
from model_server.models.refusals import (
    BadInput,
    ClientGone,
    DeadlineExceeded,
    ModelFailed,
    Overloaded,
    TooManyRows,
)
from model_server.protocols.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from model_server.models.conversion import Array
    from model_server.models.served import ModelSet, ServedModel
    from model_server.models.table_inputs import Rows
    from model_server.protocols.exchange import Request
    from model_server.protocols.metrics import Metrics


_UNAVAILABLE = 503
_RETRY = (("retry-after", "1"),)
# The status of each reason, and its sentence where it has none of its own.
_ANSWERS: tuple[tuple[type[Exception], int, str], ...] = (
    (TooManyRows, 413, ""),
    (BadInput, 400, ""),
    (Overloaded, _UNAVAILABLE, "too many requests wait for the model"),
    (DeadlineExceeded, 504, "the answer was not there in time"),
    (ModelFailed, 500, "the model failed; the log says why"),
    # nginx's number for it. Nobody reads it but the access log.
    (ClientGone, 499, "the client is gone"),
)


class Predictor:
    """Predicts for requests. One for each process."""

    def __init__(self, models: ModelSet, metrics: Metrics, *, rows_max: int) -> None:
        self.models = models
        self.metrics = metrics
        self._rows_max = rows_max

    async def find(self, name: str, version: str | None) -> ServedModel:
        """The model, as soon as it is loaded. Raises: Refusal (404, 503)."""
        entry = self.models.find(name, version)
        if entry is None:
            known = self.models.find(name, None)
            missing = f"the model {name!r}" if known is None else f"the version {version!r} of the model {name!r}"
            raise Refusal(404, f"{missing} does not exist")
        await self.models.wait()
        served = self.models.get(entry)
        if served is None:
            raise Refusal(_UNAVAILABLE, f"the model {name!r} is not loaded yet", _RETRY)
        return served

    async def find_only(self) -> ServedModel:
        """The model of protocols that cannot name one. Raises: Refusal (404, 503)."""
        names = sorted({entry.name for entry in self.models.entries})
        if len(names) > 1:
            raise Refusal(404, f"there are several models, so ask /v2/models/NAME/infer: {', '.join(names)}")
        return await self.find(names[0], None)

    async def predict(
        self, request: Request, served: ServedModel, read_rows: Callable[[], Rows], outputs: tuple[str, ...]
    ) -> Mapping[str, Array]:
        """The outputs for what `read_rows` gives, by name. Raises: Refusal."""
        began_s = time.perf_counter()
        try:
            rows = read_rows()
            self._check(served, rows)
            found: Mapping[str, Any] = await request.answer_of(served.thread.submit(rows, outputs))
        except Exception as error:
            self.metrics.count(served.entry, time.perf_counter() - began_s, failed=True)
            raise _as_refusal(error) from error
        self.metrics.count(served.entry, time.perf_counter() - began_s, failed=False)
        return found

    def _check(self, served: ServedModel, rows: Rows) -> None:
        count = len(rows[0])
        if count == 0:
            raise BadInput("there are no rows")
        if count > self._rows_max:
            raise TooManyRows(f"there are {count} rows, and a request may have {self._rows_max}")
        if not served.readiness.takes_missing and any(has_missing(slot) for slot in rows):
            raise BadInput("a value is missing (null or NaN), and the model does not take missing values")


def choose_outputs(served: ServedModel, names: tuple[str, ...]) -> tuple[str, ...]:
    """The outputs to compute: those that are asked for, else the model's usual ones. Raises: Refusal (400)."""
    known = [output.name for output in served.readiness.outputs]
    for name in names:
        if name not in known:
            raise Refusal(400, f"the model has no output {name!r}; it has {', '.join(known)}")
    return tuple(dict.fromkeys(names)) or served.model.default_outputs


def _as_refusal(error: Exception) -> Exception:
    """What a client is told of a failure; other exceptions as they are."""
    for kind, status, message in _ANSWERS:
        if isinstance(error, kind):
            return Refusal(status, message or str(error), _RETRY if status == _UNAVAILABLE else ())
    return error

"""What Prometheus reads: requests and their durations for each model, and what gathering does.

The series are fixed when the server starts, one set for each model of the manifest: a name that a client makes up
never becomes one. Names follow those of other model servers. Format: Prometheus text exposition 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from model_server.models.manifest import ModelEntry
    from model_server.models.served import ModelSet

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class _Counts:
    def __init__(self) -> None:
        self.succeeded = 0
        self.failed = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(_BUCKETS_S) + 1)


class Metrics:
    """Counts since the process started. Used on the event loop alone."""

    def __init__(self, entries: tuple[ModelEntry, ...]) -> None:
        self._counts = {(entry.name, entry.version): _Counts() for entry in entries}
        self.in_progress = 0

    def count(self, entry: ModelEntry, seconds: float, *, failed: bool) -> None:
        """One prediction that a client asked for."""
        counts = self._counts[entry.name, entry.version]
        counts.failed += failed
        counts.succeeded += not failed
        counts.seconds += seconds
        counts.buckets[bisect_left(_BUCKETS_S, seconds)] += 1

    def render(self, models: ModelSet) -> bytes:
        """The text."""
        return ("\n".join([*self._lines(models), ""])).encode()

    def _lines(self, models: ModelSet) -> Iterator[str]:
        yield from _head("http_requests_in_progress", "gauge", "Requests that are being answered.")
        yield f"http_requests_in_progress {self.in_progress}"
        yield from _head("model_infer_request_success_total", "counter", "Predictions that succeeded.")
        yield from (
            f"model_infer_request_success_total{_labels(*key)} {c.succeeded}" for key, c in self._counts.items()
        )
        yield from _head("model_infer_request_failure_total", "counter", "Predictions that were refused or failed.")
        yield from (f"model_infer_request_failure_total{_labels(*k)} {c.failed}" for k, c in self._counts.items())
        yield from _head("model_infer_request_duration_seconds", "histogram", "Time from rows to outputs.")
        for key, counts in self._counts.items():
            yield from _histogram(key, counts)
        served = {(one.entry.name, one.entry.version): one.thread for one in models.served}
        yield from _head("model_calls_total", "counter", "Calls of the model; one may serve several requests.")
        yield from (f"model_calls_total{_labels(*key)} {thread.calls}" for key, thread in served.items())
        yield from _head("model_rows_total", "counter", "Rows that the model was called with.")
        yield from (f"model_rows_total{_labels(*key)} {thread.called_rows}" for key, thread in served.items())
        yield from _head("model_requests_waiting", "gauge", "Requests that wait for the model or are in its call.")
        yield from (f"model_requests_waiting{_labels(*key)} {thread.waiting}" for key, thread in served.items())


def _histogram(key: tuple[str, str], counts: _Counts) -> Iterator[str]:
    name, total = "model_infer_request_duration_seconds", 0
    for bound, number in zip((*_BUCKETS_S, "+Inf"), counts.buckets):  # noqa: B905 (one more than the bounds)
        total += number
        yield f"{name}_bucket{_labels(*key, le=str(bound))} {total}"
    yield f"{name}_sum{_labels(*key)} {counts.seconds:.6f}"
    yield f"{name}_count{_labels(*key)} {total}"


def _head(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _labels(model: str, version: str, **more: str) -> str:
    # Names of the manifest consist of letters that need no escape.
    pairs = {"model": model, "version": version, **more}
    return "{" + ",".join(f'{name}="{value}"' for name, value in pairs.items()) + "}"

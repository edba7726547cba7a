"""The model's own thread: whatever arrived while one call ran goes into the next.

There is no timer, so a request that comes alone waits for nothing, and the busier the model, the more rows share the
fixed cost of a call. Gathering changes no result: only outputs that the first predictions proved to be the same
together and alone are gathered, and when a call with several requests fails, each is predicted alone, so that one
cannot spoil its neighbours.
"""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from model_server.models.loaded_model import LoadedModel, predict
from model_server.models.loading import one_line
from model_server.models.refusals import BadInput, DeadlineExceeded, ModelFailed, Overloaded

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from model_server.models.conversion import Array
    from model_server.models.table_inputs import Rows

_log = logging.getLogger("uvicorn.error")
# What libraries raise for values that they do not take. Everything else says that the model or its surroundings are
# broken.
_ABOUT_THE_INPUT = (ValueError, TypeError, KeyError, IndexError)


@dataclass(frozen=True)
class QueueLimits:
    """What may wait, and for how long."""

    requests: int
    """Waiting and running, for one model."""
    deadline_s: float
    gathered_rows: int
    """How many rows one call of the model has at most, unless a single request has more."""


@dataclass(eq=False)
class Job:
    """One request's rows, on their way through the thread."""

    rows: Rows
    outputs: tuple[str, ...]
    answer: asyncio.Future[dict[str, Array]]
    count: int = field(init=False)
    left: bool = False
    """Whether nobody waits for it any more: it is then not predicted."""

    def __post_init__(self) -> None:
        self.count = len(self.rows[0])

    def leave(self, reason: Exception) -> None:
        """Answer with `reason` unless there is an answer. A job that has not begun is then not predicted."""
        self.left = True
        if not self.answer.done():
            self.answer.set_exception(reason)


class ModelThread:
    """One model, its thread and its queue. All methods are called on the event loop."""

    def __init__(
        self, model: LoadedModel, gathers: frozenset[str], limits: QueueLimits, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._model = model
        self._gathers = gathers
        self._limits = limits
        self._loop = loop
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.waiting = 0
        self.calls = 0
        self.called_rows = 0

    def start(self, name: str) -> None:
        """Begin to predict. The thread ends with the process, because a call of a model cannot be interrupted."""
        threading.Thread(target=self._work, name=f"model-{name}", daemon=True).start()

    def submit(self, rows: Rows, outputs: tuple[str, ...]) -> Job:
        """A job whose `answer` is awaited: the outputs for these rows, or an exception of `refusals`.

        Who stops waiting calls `leave`. Raises: Overloaded.
        """
        if self.waiting >= self._limits.requests:
            raise Overloaded
        job = Job(rows=rows, outputs=outputs, answer=self._loop.create_future())
        self.waiting += 1
        expiry = self._loop.call_later(self._limits.deadline_s, job.leave, DeadlineExceeded())
        job.answer.add_done_callback(lambda _answer: expiry.cancel())
        self._jobs.put(job)
        return job

    def _work(self) -> None:
        carried: Job | None = None
        while True:
            job = carried or self._jobs.get()
            if job is None:
                return
            batch, carried = self._gather(job)
            for group in self._groups(batch):
                self._deliver(self._answers(group))

    def _gather(self, first: Job) -> tuple[list[Job], Job | None]:
        """Everything that waits, up to the limit of rows, and the job that went beyond it."""
        batch, rows = [first], first.count
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, None
            if job is None:
                return batch, None
            if rows + job.count > self._limits.gathered_rows:
                return batch, job
            batch.append(job)
            rows += job.count

    def _groups(self, batch: list[Job]) -> Iterator[list[Job]]:
        """The jobs that one call can answer: the same outputs, and rows of the same shape."""
        groups: dict[object, list[Job]] = {}
        for position, job in enumerate(batch):
            gathers = self._gathers.issuperset(job.outputs)
            shapes = tuple(slot.shape[1:] for slot in job.rows)
            groups.setdefault((job.outputs, shapes) if gathers else position, []).append(job)
        yield from groups.values()

    def _answers(self, group: list[Job]) -> list[tuple[Job, dict[str, Array] | Exception]]:
        """An answer for each job, in a call for all; or for each alone, where that fails."""
        present = [job for job in group if not job.left]
        answers: list[tuple[Job, dict[str, Array] | Exception]] = [
            (job, DeadlineExceeded()) for job in group if job.left
        ]
        if len(present) > 1:
            together = self._together(present)
            if together is not None:
                return answers + together
        return answers + [(job, self._alone(job)) for job in present]

    def _together(self, jobs: list[Job]) -> list[tuple[Job, dict[str, Array] | Exception]] | None:
        rows = tuple(np.concatenate(slots) for slots in zip(*(job.rows for job in jobs)))  # noqa: B905 (the same model)
        try:
            found = self._call(rows, jobs[0].outputs)
        except BaseException:  # noqa: BLE001 (each is tried alone, and told what is wrong with it)
            return None
        total = sum(job.count for job in jobs)
        if any(array.shape[:1] != (total,) for array in found.values()):
            return None
        answers: list[tuple[Job, dict[str, Array] | Exception]] = []
        start = 0
        for job in jobs:
            answers.append((job, {name: array[start : start + job.count] for name, array in found.items()}))
            start += job.count
        return answers

    def _alone(self, job: Job) -> dict[str, Array] | Exception:
        try:
            return self._call(job.rows, job.outputs)
        except _ABOUT_THE_INPUT as error:
            return BadInput(f"the model refuses the input: {one_line(error)}")
        except BaseException:  # noqa: BLE001 (the thread has to outlive a model that calls `sys.exit`)
            _log.exception("The model failed")
            return ModelFailed()

    def _call(self, rows: Rows, outputs: tuple[str, ...]) -> dict[str, Array]:
        self.calls += 1
        self.called_rows += len(rows[0])
        return predict(self._model, rows, outputs)

    def _deliver(self, answers: list[tuple[Job, dict[str, Array] | Exception]]) -> None:
        """Give the answers to the event loop, all in one turn of it."""
        try:
            self._loop.call_soon_threadsafe(self._settle, answers)
        except RuntimeError:
            # The loop is closed: the process ends, and nobody waits.
            return

    def _settle(self, answers: list[tuple[Job, dict[str, Array] | Exception]]) -> None:
        self.waiting -= len(answers)
        for job, answer in answers:
            if job.answer.done():
                continue
            if isinstance(answer, Exception):
                job.answer.set_exception(answer)
            else:
                job.answer.set_result(answer)

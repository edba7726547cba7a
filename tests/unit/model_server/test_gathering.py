"""Gathering: whatever is asked together is answered as if it had been asked alone."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Mapping

import numpy as np
import pytest

from model_server.models.gathering import ModelThread, QueueLimits
from model_server.models.loaded_model import LoadedModel, predict
from model_server.models.refusals import BadInput, ClientGone, DeadlineExceeded, ModelFailed, Overloaded
from model_server.models.signature import ANY, Tensor
from model_server.models.table_inputs import Rows, TableInputs
from model_server.models.warm_up import gathers

LIMITS = QueueLimits(requests=1000, deadline_s=30.0, gathered_rows=64)
BOTH = ("sum", "row")


class Model:
    """Sums rows; refuses -1, fails at -2, and waits for the gate before its first call."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.calls: list[int] = []

    def __call__(self, rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        """One output or both."""
        self.gate.wait(10)
        (matrix,) = rows
        self.calls.append(len(matrix))
        if (matrix == -1).any():
            raise ValueError("below zero")
        if (matrix == -2).any():
            raise MemoryError
        return {name: {"sum": matrix.sum(axis=1), "row": matrix * 2}[name] for name in outputs}


def loaded(model: Model) -> LoadedModel:
    """It takes three columns."""
    columns = tuple(Tensor(name=name, datatype="FP64", shape=(ANY,)) for name in "abc")
    return LoadedModel(inputs=TableInputs(columns=columns), call=model, outputs=BOTH, default_outputs=("sum",))


def ask_together(
    model: Model, requests: list[tuple[Rows, tuple[str, ...]]], limits: QueueLimits = LIMITS
) -> list[object]:
    """The answers, or exceptions, of requests that all wait before the first call."""

    async def run() -> list[object]:
        thread = ModelThread(loaded(model), frozenset(BOTH), limits, asyncio.get_running_loop())
        jobs = [thread.submit(rows, outputs) for rows, outputs in requests]
        thread.start("test")
        model.gate.set()
        answers = await asyncio.gather(*(job.answer for job in jobs), return_exceptions=True)
        assert 0 == thread.waiting
        return list(answers)

    return asyncio.run(run())


def matrix(*rows: tuple[float, float, float]) -> Rows:
    """The rows as the one slot of a table of numbers."""
    return (np.array(rows, dtype=np.float64),)


@pytest.mark.parametrize("seed", range(20))
def test_gathered_equals_alone(seed: int) -> None:
    """For any mixture of sizes, outputs and bad requests: the same bits, the same refusals."""
    chosen = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    requests: list[tuple[Rows, tuple[str, ...]]] = []
    for _ in range(chosen.randint(2, 40)):
        rows = np.array([[chosen.gauss(0, 10) for _ in range(3)] for _ in range(chosen.randint(1, 9))])
        if chosen.random() < 0.15:
            rows[0, 0] = chosen.choice([-1, -2])
        requests.append(((rows,), chosen.choice([("sum",), ("row",), BOTH])))

    together = ask_together(Model(), requests)

    for request, answer in zip(requests, together, strict=True):
        (alone,) = ask_together(Model(), [request])
        if isinstance(alone, dict):
            assert isinstance(answer, dict)
            assert list(request[1]) == list(answer)
            assert [value.tobytes() for value in alone.values()] == [value.tobytes() for value in answer.values()]
        else:
            assert (type(alone), str(alone)) == (type(answer), str(answer))


def test_what_waits_is_one_call_up_to_the_limit_of_rows() -> None:
    """A request that would go beyond it is the first of the next call."""
    model = Model()
    ask_together(model, [(matrix(*[(1, 2, 3)] * 30), ("sum",))] * 5)

    assert [60, 60, 30] == model.calls


def test_a_bad_request_does_not_spoil_its_neighbours() -> None:
    """Only the one that is bad is refused; what is wrong with the model itself is told nobody."""
    answers = ask_together(Model(), [(matrix((value, 1, 1)), ("sum",)) for value in (1, -1, 2, -2)])

    assert [3.0, 4.0] == [answer["sum"][0] for answer in answers if isinstance(answer, dict)]
    assert ["the model refuses the input: ValueError: below zero"] == [
        str(a) for a in answers if isinstance(a, BadInput)
    ]
    assert 1 == sum(isinstance(answer, ModelFailed) for answer in answers)


def test_who_left_is_not_predicted() -> None:
    """A deadline that is over, or a client that is gone, before the call begins."""

    async def run(model: Model) -> list[object]:
        thread = ModelThread(loaded(model), frozenset(BOTH), LIMITS, asyncio.get_running_loop())
        jobs = [thread.submit(matrix((value, 1, 1)), ("sum",)) for value in (1, 2, 3)]
        jobs[1].leave(ClientGone())
        thread.start("test")
        model.gate.set()
        return list(await asyncio.gather(*(job.answer for job in jobs), return_exceptions=True))

    model = Model()
    answers = asyncio.run(run(model))

    assert ([2], ClientGone) == (model.calls, type(answers[1]))


def test_a_deadline_ends_the_waiting() -> None:
    """Even when the model never answers."""

    async def run(model: Model) -> object:
        limits = QueueLimits(requests=10, deadline_s=0.05, gathered_rows=64)
        thread = ModelThread(loaded(model), frozenset(BOTH), limits, asyncio.get_running_loop())
        job = thread.submit(matrix((1, 1, 1)), ("sum",))
        thread.start("test")
        (answer,) = await asyncio.gather(job.answer, return_exceptions=True)
        model.gate.set()
        return answer

    assert isinstance(asyncio.run(run(Model())), DeadlineExceeded)


def test_the_queue_is_bounded() -> None:
    """Refused before it is put there."""
    with pytest.raises(Overloaded):
        ask_together(Model(), [(matrix((1, 1, 1)), ("sum",))] * 3, QueueLimits(2, 1.0, 64))


class RoundedTogether(Model):
    """Adds in another order for several rows, as a matrix product may."""

    def __call__(self, rows: Rows, outputs: tuple[str, ...]) -> Mapping[str, object]:
        """Equal but for the last bit."""
        (matrix,) = rows
        if len(matrix) == 1:
            return dict.fromkeys(outputs, matrix[:, 0] + matrix[:, 1] + matrix[:, 2])
        return dict.fromkeys(outputs, matrix[:, 2] + matrix[:, 1] + matrix[:, 0])


def test_an_output_that_depends_on_the_number_of_rows_is_not_gathered() -> None:
    """What is the same to the last bit is; proof, not belief."""
    exact = Model()
    exact.gate.set()

    assert gathers(loaded(exact), "row")
    assert not gathers(loaded(RoundedTogether()), "sum")
    assert 1 == len(predict(loaded(RoundedTogether()), matrix((1, 2, 3)), ("sum",)))

"""Why a request gets no prediction, as values. The protocols give each of them a status and a shape."""

from __future__ import annotations


class BadInput(Exception):
    """The client's input does not fit the model; the text is a sentence for the client."""


class TooManyRows(BadInput):
    """More rows than one request may have."""


class Overloaded(Exception):
    """As many requests wait as may wait."""


class DeadlineExceeded(Exception):
    """The answer was not there in time."""


class ModelFailed(Exception):
    """The model raised something that says nothing about the input. The log has the traceback."""


class ClientGone(Exception):
    """Nobody waits for the answer any more."""

"""The app factory that uvicorn's workers call to serve the models of the manifest, and how their loading can fail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from model_server import environment
from model_server.asgi_entry import Served, tell_supervisor
from model_server.boot import EXIT_CANNOT_START, CannotStart, print_problems
from model_server.models.gathering import QueueLimits
from model_server.models.manifest import read_manifest
from model_server.models.served import ModelSet
from model_server.protocols.application import ModelApplication
from model_server.protocols.metrics import Metrics
from model_server.protocols.prediction import Predictor


def application() -> Served:
    """The application, with access log. The models are loaded as soon as the server listens."""
    limits = environment.read_limits(os.environ)
    models = ModelSet(
        read_manifest(environment.manifest_path(os.environ)),
        Path(os.environ.get("CNB_APP_DIR") or Path.cwd()),
        QueueLimits(requests=limits.queue_max, deadline_s=limits.deadline_s, gathered_rows=limits.gathered_rows_max),
    )
    predictor = Predictor(models, Metrics(models.entries), rows_max=limits.rows_max)
    return Served(
        ModelApplication(predictor, body_bytes_max=limits.body_bytes_max, start=lambda: models.load(end_for_good))
    )


def end_for_good(verdict: CannotStart) -> None:
    """End this process, and its supervisor, with the exit code that says: do not try again. Called in any thread."""
    print_problems(verdict)
    tell_supervisor()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not an exception: in a thread that is not the first, it would end that thread alone.
    os._exit(EXIT_CANNOT_START)

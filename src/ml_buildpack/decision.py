"""What is decided of a project before anything runs, as one value: made by `build`, told by `descriptions`."""

from __future__ import annotations

from dataclasses import dataclass

from ml_buildpack.facts.dependencies import Dependencies
from ml_buildpack.facts.observation import Facts
from ml_buildpack.plan.accelerator_choice import AcceleratorChoice
from ml_buildpack.plan.conda_environment import CondaPlan
from ml_buildpack.plan.conda_lock import KnownConda
from ml_buildpack.plan.finishing import FinishPlan, plan_finish
from ml_buildpack.plan.interpreter import Interpreter, PythonPlan
from ml_buildpack.plan.server import ServerPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What the facts of a project decide before anything runs.

    `conda` is how its conda environment is solved, where it has one; `found` is the solution, as soon as it is known.
    """

    facts: Facts
    dependencies: Dependencies
    server: ServerPlan
    python: PythonPlan
    accelerator: AcceleratorChoice
    warnings: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()
    conda: CondaPlan | None = None
    found: KnownConda | None = None

    @property
    def interpreter(self) -> Interpreter:
        """What the application runs on."""
        return self.python.interpreter

    @property
    def finish(self) -> FinishPlan:
        """What is done to the packages after they are installed."""
        return plan_finish(self.facts, self.server, self.interpreter)

"""What finishes packages in tests: the real thing, with an application that may have nothing to import."""

from __future__ import annotations

from pathlib import Path

from ml_buildpack.apply.finishing import PackagesFinisher
from ml_buildpack.apply.import_trace import ImportTracer
from ml_buildpack.console import Console
from ml_buildpack.plan.finishing import FinishPlan
from support.workplace import Workplace, real_interpreter

SERVER_SOURCES = Path(__file__).resolve().parent.parent.parent / "src" / "model_server"


def make_finisher(place: Workplace, layers: Path, console: Console, plan: FinishPlan | None = None) -> PackagesFinisher:
    """A finisher of the environment in those layers."""
    plan = plan or FinishPlan()
    tracer = ImportTracer(
        python=str(layers / "venv" / "bin" / "python"),
        env={"PATH": f"{layers / 'venv' / 'bin'}:/usr/bin:/bin"},
        app_dir=place.app_dir,
        scratch=place.scratch,
        server_sources=SERVER_SOURCES,
        seconds_max=plan.import_seconds,
    )
    return PackagesFinisher(
        plan=plan,
        tracer=tracer,
        python=real_interpreter().launch_path,
        env=place.environment(),
        scratch=place.scratch,
        console=console,
        record=layers / "lock" / "imports.json",
    )

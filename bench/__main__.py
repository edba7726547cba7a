"""The benchmarks: `python -m bench [quick|default|full] [--torch pypi|URL]`. Called by `make bench` and its kin.

Writes bench/results.json (a quick run: .build/bench/quick.json) and, from that alone, the table and the plots.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.apps import PATCHES
from bench.builders import RUN_IMAGE, base, make_bases, make_builders, run_image_python
from bench.contestants import Setting
from bench.engine import Engine
from bench.index import serve_wheels
from bench.machine import ROOT, buildkit_client, describe_machine, run
from bench.matrix import Matrix
from bench.mirror import make_mirror
from bench.phases import measure_phases
from bench.plan import PLANS, QUICK, TORCH_SERIES, Plan
from bench.registry import serve_registry
from bench.results import Results, Start, write_results
from bench.start import start_images
from bench.table import render
from bench.wheels import LOCK_DIGEST, other_pythons, prepare_wheels

WORK = ROOT / ".build" / "bench"
RESULTS = ROOT / "bench" / "results.json"


def main() -> None:
    """Set up, measure, write, clean up."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("plan", nargs="?", default="default", choices=PLANS)
    parser.add_argument(
        "--torch", default="", metavar="pypi|URL", help="also torch: from PyPI, or an index for the CPU"
    )
    chosen = parser.parse_args()
    # Whoever ends the run wants it cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    plan = PLANS[chosen.plan]
    results = measure(plan, chosen.torch)
    target = WORK / "quick.json" if plan is QUICK else RESULTS
    write_results(results, target)
    if plan is QUICK:
        sys.stdout.write(render(results))
    sys.stdout.write(f"==> Wrote {target.relative_to(ROOT)}\n")


def measure(plan: Plan, torch: str) -> Results:
    """Run the plan."""
    with ExitStack() as stack:
        engine = Engine()
        stack.callback(engine.close)
        matrix = _set_up(stack, engine, torch)
        # Begin with the short ones: what is wrong shows early.
        scratch = _empty(WORK / "phases")
        _say("Phases alone")
        phases = measure_phases(scratch, index_url=matrix.setting.index_url, rounds=plan.phases)
        machine = describe_machine(engine.client.version()["Version"])
        starts: list[Start] = []
        for series in (*plan.series, *(TORCH_SERIES if torch else ())):
            _say(f"{series.app}, to a {series.sink}, {series.rounds} rounds")
            matrix.run(series)
            starts += start_images(engine, matrix.take_kept(), rounds=plan.starts)
        return Results(
            plan=plan.name,
            machine=machine,
            notes=_notes(matrix.setting, torch),
            builds=matrix.builds,
            images=matrix.images,
            starts=starts,
            phases=phases,
        )


def _set_up(stack: ExitStack, engine: Engine, torch: str) -> Matrix:
    _say("Setting up: wheels, builders, base images, registry")
    python = run_image_python(engine)
    wheels = WORK / f"wheels-{LOCK_DIGEST}"
    prepare_wheels(wheels, pythons=other_pythons(python), torch=torch)
    mirror = make_mirror(WORK / "mirror", "/mirror")
    make_builders(WORK)
    make_bases(WORK, python)
    registry_folder = _empty(WORK / "registry")
    stack.callback(shutil.rmtree, registry_folder)
    stack.callback(shutil.rmtree, WORK / "copies", ignore_errors=True)
    registry = stack.enter_context(serve_registry(registry_folder))
    index_url = stack.enter_context(serve_wheels(wheels))
    setting = Setting(index_url=index_url, registry=registry.host, mirror=mirror, buildkit=buildkit_client())
    for image in (RUN_IMAGE, *map(base, PATCHES)):
        pushed = setting.repository(image)
        engine.client.images.get(image).tag(pushed)
        stack.callback(engine.client.images.remove, pushed)
        run(("docker", "push", "--quiet", pushed))
    return Matrix(engine=engine, registry=registry, setting=setting, folder=WORK)


def _notes(setting: Setting, torch: str) -> list[str]:
    notes = []
    if setting.buildkit is None:
        notes.append("No client of this machine builds with BuildKit: the Dockerfile was built by the engine's old "
                     "builder, and the one with a cache mount was not built.")  # fmt: skip
    if not torch:
        notes.append("torch was not part of this run: `make bench TORCH=pypi` (5.3 GB) or `TORCH=<index for the CPU>`.")
    return notes


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _say(text: str) -> None:
    sys.stdout.write(f"==> {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

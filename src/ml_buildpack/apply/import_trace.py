"""Import the application once, in a process of its own, and say what that took.

The process has the application's interpreter and the variables that the image will have, none of the build's, no
network, limits of time and memory, and a home of its own. It cannot change the application's directory for good.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_buildpack.apply import commands
from ml_buildpack.apply.app_protection import restored_afterwards
from ml_buildpack.apply.layer_store import remove_tree
from ml_buildpack.plan.import_run import Died, ImportFailure, ImportPlan, ImportRun, Raised, Stopped
from ml_buildpack.redaction import redact
from ml_buildpack.sizes import render_bytes

# The kernel would end the whole build, with a message that names nobody, if the rest was used up too.
_MEMORY_SHARE = 0.8
# Libraries in C do not ask Python before they connect; those that know proxies find none. Port 9 discards.
_NOWHERE = "http://127.0.0.1:9"
_PROXIES = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOWHERE)
# Version 2, then 1, as a container sees its own.
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_CGROUP_STATISTICS = (Path("/sys/fs/cgroup/memory.stat"), Path("/sys/fs/cgroup/memory/memory.stat"))


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportTracer:
    """Where and how the application is imported. `env` is what the image's processes will see."""

    python: str
    env: Mapping[str, str]
    app_dir: Path
    scratch: Path
    server_sources: Path
    seconds_max: float

    def trace(self, plan: ImportPlan) -> tuple[ImportRun, tuple[str, ...]]:
        """What the import took, and the files of the application that it changed for good. Raises: CommandFailed."""
        place = self.scratch / "import"
        remove_tree(place)
        for name in ("home", "tmp", "site"):
            (place / name).mkdir(parents=True)
        # The server layer may be one that is kept: then nothing of it is here.
        (place / "site" / "model_server").symlink_to(self.server_sources)
        request = {
            "application": plan.application,
            "factory": plan.factory,
            "app_dir": plan.app_dir,
            "modules": plan.modules,
            "site": str(place / "site"),
            "report": str(place / "report.json"),
        }
        program = Path(__file__).with_name("traced_import.py").read_text(encoding="utf-8")
        limit = int(available_memory() * _MEMORY_SHARE)
        with restored_afterwards(self.app_dir, place) as restoration:
            limited = commands.run_limited(
                (self.python, "-c", program, json.dumps(request)),
                env=self._environment(place),
                cwd=self.app_dir,
                output=place / "output.txt",
                seconds=self.seconds_max,
                resident_bytes=limit,
            )
        run = self._read(place / "report.json", limited, limit)
        remove_tree(place)
        return run, tuple(restoration.lost)

    def _environment(self, place: Path) -> dict[str, str]:
        return {
            **self.env,
            **_PROXIES,
            "HOME": str(place / "home"),
            "TMPDIR": str(place / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            # The order of sets may decide what a module imports.
            "PYTHONHASHSEED": "0",
        }

    def _read(self, report: Path, limited: commands.LimitedResult, memory_limit: int) -> ImportRun:
        match limited.ended_by:
            case commands.Limit.TIME:
                return ImportRun(failure=Stopped(limit=f"{self.seconds_max:g} seconds"))
            case commands.Limit.MEMORY:
                return ImportRun(failure=Stopped(limit=f"{render_bytes(memory_limit)} of memory"))
            case None:
                pass
        try:
            document = json.loads(report.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # Ended by a signal, or by an application that calls os._exit.
            result = limited.result
            return ImportRun(failure=Died(exit_code=result.exit_code, output_tail=result.output_tail))
        return ImportRun(
            files=tuple(document["files"]),
            seconds=document["seconds"],
            resident_bytes=document["resident_bytes"],
            network=document["network"],
            failure=_read_failure(document["failure"]),
        )


def _read_failure(document: Mapping[str, Any] | None) -> ImportFailure | None:
    if document is None:
        return None
    module = document["type_module"]
    return Raised(
        type=document["type"] if module == "builtins" else f"{module}.{document['type']}",
        message=redact(document["message"]),
        missing_module=document["missing_module"],
        at=document["at"],
    )


def available_memory() -> int:
    """The bytes that a process can take before the kernel ends one: of the machine, or of the container if less."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    machine = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    limit = next((amount for path in _CGROUP_LIMITS if (amount := _read_amount(path)) is not None), None)
    # Not what the cgroup uses in all: it counts the files that were just downloaded, which make room by themselves.
    return machine if limit is None else min(machine, max(limit - _anonymous_bytes(), 0))


def _read_amount(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        # There is none, or it says `max`.
        return None


def _anonymous_bytes() -> int:
    for path in _CGROUP_STATISTICS:
        with suppress(OSError):
            words = dict(line.split()[:2] for line in path.read_text(encoding="ascii").splitlines())
            return int(words.get("anon") or words.get("total_rss") or 0)
    return 0

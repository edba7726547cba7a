"""Builds that must fail: what to change in a Flask app, its index and its environment, and what the log must say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.contract import BuildResult, ContractPlatform
from support.flask_project import write_flask_app
from support.local_index import Faults, LocalIndex

# The tools wait longer from try to try, twenty seconds in all.
NO_RETRIES = {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}
# The footer of errors that are no fault of the project, its environment or its platform.
OURS = "This is a fault of the buildpack"


def shown(error_id: str) -> str:
    """How a log shows the error of that id. tests/rules/test_every_error_is_provoked.py collects the uses."""
    return f"[Error {error_id}: "


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Files that are written over a Flask app, faults of the index, variables and bindings; what the log must say."""

    says: tuple[str, ...]
    requirements: str | bytes | None = "flask\ntiny-model==1.0\n"
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    bindings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)


def build_case(case: Case, platform: ContractPlatform, index: LocalIndex, app: Path) -> BuildResult:
    """One build of a case; the application is written to `app`."""
    write_flask_app(app, None)
    if case.requirements is not None:
        text = case.requirements
        (app / "requirements.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, content in case.files.items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    index.faults = case.faults
    return platform.build(app, env={"PIP_INDEX_URL": index.url, **NO_RETRIES, **case.env}, bindings=case.bindings)


def check_text(case: Case, result: BuildResult) -> None:
    """The exit code, the evidence, numbered fixes, and nothing that asks for a report."""
    assert 1 == result.exit_code, result.output
    assert [] == [part for part in case.says if part not in result.output], result.output
    assert case.says[0].startswith("[Error ML-")
    assert "\n1. " in result.output
    assert OURS not in result.output

"""One application for each way to say "here is my application": found, built, served, and stopped."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from support.container import serve
from support.pack import FIXTURES, Pack

pytestmark = pytest.mark.image


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A fixture, what the log says of its entry, and what it answers on /healthz."""

    app: str
    log: str
    answer: dict[str, str]
    flags: tuple[str, ...] = ()


OK = {"status": "ok"}
CASES = (
    Case(app="django-wsgi", log="Web: site_/wsgi.py:7 application (django, wsgi)", answer={**OK, "door": "wsgi"}),
    Case(app="falcon-asgi", log="Web: api.py:9 app (falcon, asgi)", answer=OK),
    Case(app="bottle", log="Web: server.py:9 app (bottle, wsgi)", answer=OK),
    Case(app="aiohttp", log="Web: main.py:8 create_app (aiohttp)", answer=OK),
    Case(app="src-layout-factory", log="Web: src/pkg/__init__.py:1 create_app (flask, wsgi)", answer=OK),
    Case(app="procfile", log="Process web: python serve.py --port $PORT", answer={**OK, "by": "procfile"}),
    Case(
        app="two-entries",
        log="Web: app.py:3 app (bottle, wsgi)",
        answer={**OK, "by": "app"},
        flags=("--env", "BP_APP=app:app"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.app)
def test_an_application_is_found_and_served(pack: Pack, case: Case) -> None:
    """As any user, and without a setting, except where two applications are equally good."""
    made = pack.build_well(FIXTURES / "apps" / case.app, case.app, *case.flags)

    with serve(made.image, ready_path="/healthz", user="12345:0") as served:
        answer = served.get_json("/healthz")
        exit_code, _ = served.stop(grace_s=10)

    assert ((case.log,), (200, case.answer), 0) == (made.lines(case.log), answer, exit_code)


def test_another_process_of_the_procfile_runs_by_its_name(pack: Pack) -> None:
    """`docker run --entrypoint hello IMAGE` runs it, without the web server."""
    made = pack.build_well(FIXTURES / "apps" / "procfile", "procfile")

    assert b"hello\n" == pack.engine.containers.run(made.image, entrypoint="hello", remove=True)

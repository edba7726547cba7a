"""Applications are found in the source, whatever way a project writes them, and without running it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ml_buildpack.errors import Mistake
from ml_buildpack.facts.web_app import Interface, WebEntry, WebScan, find_web_entries
from support.projects import write_project

WSGI, ASGI, AIOHTTP = Interface.WSGI, Interface.ASGI, Interface.AIOHTTP


def scan(root: Path, sources: dict[str, str | bytes]) -> WebScan:
    """The scan of a project with these files."""
    return find_web_entries(write_project(root, sources))


def entry(  # noqa: PLR0913  # one per field that cases differ in
    target: str,
    interface: Interface,
    framework: str,
    *,
    line: int = 2,
    path: str = "",
    factory: bool = False,
    app_dir: str = "",
    same_as: str = "",
    made_by: str = "",
) -> WebEntry:
    """An entry; its path follows from its module unless it is given."""
    module, _, attribute = target.partition(":")
    return WebEntry(
        module=module,
        attribute=attribute,
        interface=interface,
        framework=framework,
        path=path or f"{app_dir}/{module.replace('.', '/')}.py".removeprefix("/"),
        line=line,
        factory=factory,
        app_dir=app_dir,
        same_as=same_as,
        made_by=made_by,
    )


FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
MAIN_FASTAPI = entry("main:app", ASGI, "fastapi")
MAIN_FLASK = entry("main:app", WSGI, "flask")

ONE_FILE = [
    # what each framework calls its application
    ("fastapi", FASTAPI, MAIN_FASTAPI),
    ("flask", FLASK, MAIN_FLASK),
    ("starlette", "from starlette.applications import Starlette\napp = Starlette()", ("app", ASGI, "starlette")),
    ("litestar", "import litestar\napp = litestar.Litestar([])", ("app", ASGI, "litestar")),
    ("quart", "from quart import Quart\napp = Quart(__name__)", ("app", ASGI, "quart")),
    ("sanic", "from sanic import Sanic\napp = Sanic('x')", ("app", ASGI, "sanic")),
    ("falcon", "import falcon\napp = falcon.App()", ("app", WSGI, "falcon")),
    ("falcon-2", "import falcon\napp = falcon.API()", ("app", WSGI, "falcon")),
    ("falcon-asgi", "import falcon.asgi\napp = falcon.asgi.App()", ("app", ASGI, "falcon")),
    ("falcon-asgi-imported", "from falcon.asgi import App\napp = App()", ("app", ASGI, "falcon")),
    ("bottle", "import bottle\napp = bottle.Bottle()", ("app", WSGI, "bottle")),
    ("bottle-default", "import bottle\napp = bottle.default_app()", ("app", WSGI, "bottle")),
    ("aiohttp", "from aiohttp import web\napp = web.Application()", ("app", AIOHTTP, "aiohttp")),
    ("connexion", "import connexion\napp = connexion.AsyncApp(__name__)", ("app", ASGI, "connexion")),
    ("apiflask", "from apiflask import APIFlask\napp = APIFlask(__name__)", ("app", WSGI, "flask")),
    ("plain-asgi", "\nasync def app(scope, receive, send): ...", ("app", ASGI, "asgi")),
    ("plain-wsgi", "\ndef application(environ, start_response): ...", ("application", WSGI, "wsgi")),
    ("gradio", "import gradio as gr\napp = gr.mount_gradio_app(make(), demo, path='/')", ("app", ASGI, "fastapi")),
    # ways to import
    ("import-as", "import fastapi as fa\napp = fa.FastAPI()", ("app", ASGI, "fastapi")),
    ("from-import-as", "from fastapi import FastAPI as F\napp = F()", ("app", ASGI, "fastapi")),
    ("long-path", "from fastapi.applications import FastAPI\napp = FastAPI()", ("app", ASGI, "fastapi")),
    ("star-import", "from flask import *\napp = Flask(__name__)", ("app", WSGI, "flask")),
    # ways to bind
    ("any-name", "from flask import Flask\nduration_prediction = Flask('x')", ("duration_prediction", WSGI, "flask")),
    ("annotated", "from fastapi import FastAPI\napp: FastAPI = FastAPI()", ("app", ASGI, "fastapi")),
    ("annotation-alone", "from fastapi import FastAPI\napp: FastAPI = magic()", ("app", ASGI, "fastapi")),
    ("if", "from flask import Flask\nif True: app = Flask('x')\nelse: app = None", ("app", WSGI, "flask")),
    ("either", "from flask import Flask\napp = Flask('x') if DEBUG else Flask('y')", ("app", WSGI, "flask")),
    ("with", "from flask import Flask\nwith lock: app = Flask('x')", ("app", WSGI, "flask")),
    (
        "try",
        "try:\n from fastapi import FastAPI\nexcept ImportError:\n FastAPI = None\nfinally:\n app = FastAPI()",
        ("app", ASGI, "fastapi", 6),
    ),
    # classes of the project
    ("subclass", "import flask\nclass A(flask.Flask): ...\nclass B(A): ...\napp = B('x')", ("app", WSGI, "flask", 4)),
    # what stands in front of an application
    ("rebound-by-unknown-call", f"{FASTAPI}app = trace(app)", MAIN_FASTAPI),
    ("wrapped-same-name", f"{FASTAPI}app = CORSMiddleware(app, allow_origins=['*'])", MAIN_FASTAPI),
    ("proxy-fix", f"{FLASK}app = ProxyFix(app)", MAIN_FLASK),
    ("proxy-fix-attribute", f"{FLASK}app.wsgi_app = ProxyFix(app.wsgi_app)", MAIN_FLASK),
    ("instrumentator", f"{FASTAPI}app = Instrumentator().instrument(app).expose(app)", MAIN_FASTAPI),
    ("wsgi-behind-asgi", f"{FLASK}app = WsgiToAsgi(app)", entry("main:app", ASGI, "flask")),
    ("asgi-behind-wsgi", f"{FASTAPI}app = a2wsgi.ASGIMiddleware(app)", entry("main:app", WSGI, "fastapi")),
    ("wrapped-other-name", f"{FASTAPI}front = socketio.ASGIApp(sio, app)", ("front", ASGI, "fastapi", 3)),
    ("middle-of-three", f"{FASTAPI}front = AMiddleware(BMiddleware(app))", ("front", ASGI, "fastapi", 3)),
    # what hangs below one
    ("mounted", f"{FASTAPI}v1 = FastAPI()\napp.mount('/v1', v1)", MAIN_FASTAPI),
    ("mounted-wrapped", f"{FASTAPI}old = flask.Flask('x')\napp.mount('/', WSGIMiddleware(old))", MAIN_FASTAPI),
    ("routed", f"{FASTAPI}v1 = FastAPI()\nroot = [Mount('/v1', app=v1)]", MAIN_FASTAPI),
    (
        "dispatched",
        f"{FLASK}sub = Flask('y')\napp.wsgi_app = DispatcherMiddleware(app.wsgi_app, {{'/y': sub}})",
        MAIN_FLASK,
    ),
    ("shadowed-name", f"{FASTAPI}def f(app):\n root = FastAPI()\n root.mount('/', app)", MAIN_FASTAPI),
    # inside other objects
    ("dash", "import dash\napp = dash.Dash()\nserver = app.server", ("server", WSGI, "dash", 3)),
    # factories
    ("factory", "from flask import Flask\ndef create_app(c=None): return Flask('x')", ("create_app()", WSGI, "flask")),
    (
        "factory-with-locals",
        "import flask\ndef make_app():\n  from flask import Flask\n  a = Flask('x')\n  if a: return a",
        ("make_app()", WSGI, "flask"),
    ),
    ("factory-annotated", "from fastapi import FastAPI\ndef get_app() -> FastAPI: ...", ("get_app()", ASGI, "fastapi")),
    (
        "aiohttp-async",
        "from aiohttp import web\nasync def create_app(): return web.Application()",
        ("create_app()", AIOHTTP, "aiohttp"),
    ),
    (
        "keyword-defaults",
        "import flask\ndef create_app(*, a=1, **k): return flask.Flask(a)",
        ("create_app()", WSGI, "flask"),
    ),
    (
        "bottle-default-imported",
        "from bottle import route, default_app\n@route('/')\ndef index(): ...",
        ("default_app()", WSGI, "bottle", 1),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), [pytest.param(*case[1:], id=case[0]) for case in ONE_FILE])
def test_an_application_is_found_however_it_is_written(
    tmp_path: Path, source: str, expected: WebEntry | tuple[str, Interface, str] | tuple[str, Interface, str, int]
) -> None:
    """Each source binds exactly one thing that a server could serve."""
    if not isinstance(expected, WebEntry):
        attribute, interface, framework, line = expected if len(expected) == 4 else (*expected, 2)
        factory = attribute.endswith("()")
        expected = entry(f"main:{attribute.removesuffix('()')}", interface, framework, factory=factory, line=line)

    found = scan(tmp_path, {"main.py": source})

    assert ((expected,), ("main.py",), ()) == (found.entries, found.searched, found.unparsable)


NOTHING = {
    "router": "from fastapi import APIRouter\nrouter = APIRouter()",
    "blueprint": "from flask import Blueprint\nbp = Blueprint('b', 'Flask')",
    "under-main-guard": "from flask import Flask\nif __name__ == '__main__':\n app = Flask('x')",
    "inside-a-function": "from flask import Flask\ndef serve():\n app = Flask('x')\n app.run()",
    "inside-a-class": "from flask import Flask\nclass Server:\n app = Flask('x')",
    "class-itself": "from fastapi import FastAPI\napp = FastAPI",
    "same-name-elsewhere": "from myframework import FastAPI\napp = FastAPI()",
    "extension": "from flask_restful import Api\nfrom fl import Flask\napi = Api(Flask)",
    "generator": "from fastapi import FastAPI\ndef create_app():\n yield\n return FastAPI()",
    "unusual-function-name": "from flask import Flask\ndef client(): return Flask('x')",
    "endless-recursion": "def create_app(): return create_app()\napp = create_app()",
    "import-of-itself": "from main import app\n",
    "starlette-extras": "from starlette.routing import Router\napp = Router()",
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in NOTHING.items()])
def test_what_no_server_could_serve_is_not_found(tmp_path: Path, source: str) -> None:
    """Such sources leave nothing but the list of what was read."""
    found = scan(tmp_path, {"main.py": source})

    assert ((), ("main.py",), ()) == (found.entries, found.searched, found.unparsable)


SEVERAL_FILES = [
    (
        "app-package",
        {"app/__init__.py": "", "app/main.py": FASTAPI},
        [entry("app.main:app", ASGI, "fastapi")],
    ),
    ("app-namespace", {"app/main.py": FASTAPI}, [entry("app.main:app", ASGI, "fastapi")]),
    ("src-module", {"src/main.py": FASTAPI}, [entry("main:app", ASGI, "fastapi", app_dir="src")]),
    (
        "src-package",
        {"src/__init__.py": "", "src/main.py": FASTAPI},
        [entry("src.main:app", ASGI, "fastapi")],
    ),
    ("below-src", {"src/pkg/main.py": FASTAPI}, [entry("pkg.main:app", ASGI, "fastapi", app_dir="src")]),
    (
        "src-imported-by-its-name",
        {"src/main.py": f"from src.model import load\n{FASTAPI}", "src/model.py": ""},
        [entry("src.main:app", ASGI, "fastapi", line=3)],
    ),
    (
        "src-with-relative-imports",
        {"src/main.py": f"from .model import load\n{FASTAPI}", "src/model.py": ""},
        [entry("src.main:app", ASGI, "fastapi", line=3)],
    ),
    (
        "siblings-imported-absolutely",
        {"backend/main.py": f"import schemas\n{FASTAPI}", "backend/schemas.py": ""},
        [entry("main:app", ASGI, "fastapi", line=3, app_dir="backend")],
    ),
    (
        "sibling-of-a-foreign-name-in-a-package",
        {"pkg/__init__.py": "", "pkg/main.py": f"import redis\n{FASTAPI}", "pkg/redis.py": ""},
        [entry("pkg.main:app", ASGI, "fastapi", line=3)],
    ),
    (
        "sibling-of-a-standard-name",
        {"pkg/main.py": f"import logging\n{FASTAPI}", "pkg/logging.py": ""},
        [entry("pkg.main:app", ASGI, "fastapi", line=3)],
    ),
    (
        "directory-that-no-import-can-spell",
        {"my-service/main.py": FASTAPI},
        [entry("main:app", ASGI, "fastapi", app_dir="my-service")],
    ),
    ("deeper", {"service/api/v1/server.py": FASTAPI}, [entry("service.api.v1.server:app", ASGI, "fastapi")]),
    (
        "package-init",
        {"pkg/__init__.py": FLASK},
        [entry("pkg:app", WSGI, "flask", path="pkg/__init__.py")],
    ),
    ("other-file-at-the-top", {"churn_service.py": FLASK}, [entry("churn_service:app", WSGI, "flask")]),
    (
        "shallow-files-first",
        {"pkg/app.py": FLASK, "zeta.py": FLASK, "main.py": FASTAPI},
        [MAIN_FASTAPI, entry("zeta:app", WSGI, "flask"), entry("pkg.app:app", WSGI, "flask")],
    ),
    (
        "django",
        {
            "manage.py": "",
            "site_/wsgi.py": "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()",
            "site_/asgi.py": "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()",
        },
        [entry("site_.asgi:application", ASGI, "django"), entry("site_.wsgi:application", WSGI, "django")],
    ),
    (
        "django-next-to-its-manage",
        {
            "web/manage.py": "",
            "web/site_/wsgi.py": "import django.core.wsgi\napplication = django.core.wsgi.get_wsgi_application()",
        },
        [entry("site_.wsgi:application", WSGI, "django", app_dir="web")],
    ),
    (
        "factory-of-another-module",
        {"wsgi.py": "from shop.factory import create_app\napp = create_app('prod')", "shop/factory.py":
            "from flask import Flask\ndef create_app(config): return Flask(config)"},
        [entry("wsgi:app", WSGI, "flask", made_by="shop/factory.py:create_app")],
    ),
    (
        "factory-below-src",
        {
            "src/wsgi.py": "from shop.factory import create_app\napp = create_app('prod')",
            "src/shop/factory.py": "from flask import Flask\ndef create_app(config): return Flask(config)",
        },
        [entry("wsgi:app", WSGI, "flask", app_dir="src", made_by="src/shop/factory.py:create_app")],
    ),
    (
        "factory-that-calls-another",
        {"main.py": "import flask\ndef create_app(): return flask.Flask('x')\ndef get_app(): return create_app()"},
        [
            entry("main:create_app", WSGI, "flask", factory=True),
            entry("main:get_app", WSGI, "flask", line=3, factory=True, made_by="main.py:create_app"),
        ],
    ),
    (
        "factory-through-a-package",
        {
            "pkg/__init__.py": "from .factory import create_app",
            "pkg/factory.py": "import flask\ndef create_app(): return flask.Flask('x')",
            "main.py": "import pkg\napp = pkg.create_app()",
        },
        [
            entry("main:app", WSGI, "flask", made_by="pkg/factory.py:create_app"),
            entry("pkg:create_app", WSGI, "flask", path="pkg/__init__.py", line=1, factory=True,
                  same_as="pkg/factory.py:create_app"),
        ],
    ),
    (
        "re-export",
        {"main.py": "from pkg.api import app as application", "pkg/api.py": FASTAPI},
        [
            entry("main:application", ASGI, "fastapi", line=1, same_as="pkg/api.py:app"),
            entry("pkg.api:app", ASGI, "fastapi"),
        ],
    ),
    (
        "circular-imports",
        {"main.py": f"from routes import x\n{FASTAPI}", "routes.py": "from main import app\nx = app"},
        [entry("main:app", ASGI, "fastapi", line=3)],
    ),
    (
        "star-import-of-a-module",
        {
            "wsgi.py": "from shop import *\napp = create_app()",
            "shop.py": "import flask\ndef create_app(): return flask.Flask('x')",
        },
        [
            entry("shop:create_app", WSGI, "flask", factory=True),
            entry("wsgi:create_app", WSGI, "flask", line=1, factory=True, same_as="shop.py:create_app"),
            entry("wsgi:app", WSGI, "flask", made_by="shop.py:create_app"),
        ],
    ),
    (
        "class-of-another-module",
        {
            "main.py": "from web.kit import Service\napp = Service()",
            "web/kit.py": "import fastapi\nclass Service(fastapi.FastAPI): ...",
        },
        [MAIN_FASTAPI],
    ),
    (
        "wrapped-in-another-module",
        {"main.py": FASTAPI, "asgi.py": "import socketio, main\napp = socketio.ASGIApp(sio, main.app)"},
        [entry("asgi:app", ASGI, "fastapi")],
    ),
    (
        "mounted-in-another-module",
        {"main.py": f"from api import app as v1\n{FASTAPI}app.mount('/v1', v1)", "api.py": FASTAPI},
        [entry("main:app", ASGI, "fastapi", line=3)],
    ),
    (
        "global-returned-by-a-factory",
        {"main.py": f"{FASTAPI}def get_app(): return app"},
        [MAIN_FASTAPI, entry("main:get_app", ASGI, "fastapi", line=3, factory=True, made_by="main.py:app")],
    ),
    ("alias", {"main.py": f"{FLASK}application = app"},
     [MAIN_FLASK, entry("main:application", WSGI, "flask", line=3, same_as="main.py:app")]),
    ("vendored-framework", {"main.py": "from bottle import Bottle\napp = Bottle()", "bottle.py": "class Bottle: ..."},
     [entry("main:app", WSGI, "bottle")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sources", "expected"), [pytest.param(sources, expected, id=name) for name, sources, expected in SEVERAL_FILES]
)
def test_applications_are_found_across_the_files_of_a_project(
    tmp_path: Path, sources: dict[str, str | bytes], expected: list[WebEntry]
) -> None:
    """Each entry is imported under the name, and from the directory, that its own imports need."""
    assert expected == list(scan(tmp_path, sources).entries)


@pytest.mark.parametrize(
    "path",
    ["tests/app.py", "docs/main.py", "examples/app.py", "pkg/tests/app.py", "notebooks/app.py", "scripts/serve.py",
     "setup.py", "conftest.py", "test_app.py", "app_test.py", "pkg/service.py", ".hidden/main.py"],
)  # fmt: skip
def test_files_for_another_purpose_are_not_searched(tmp_path: Path, path: str) -> None:
    """What stands there is not what the image is for; only the setting can name it."""
    found = scan(tmp_path, {path: FLASK})

    assert WebScan(entries=(), searched=(), unparsable=()) == WebScan(
        entries=found.entries, searched=found.searched, unparsable=found.unparsable
    )


def test_the_setting_can_name_what_is_not_searched(tmp_path: Path) -> None:
    """Every module is listed with all its applications and names, the unusual places and names included."""
    found = scan(tmp_path, {"scripts/serve.py": f"{FLASK}def start(): return app", "train.py": "x = 1"})

    assert [("train", None, ()), ("scripts.serve", ("Flask", "app", "start"), ("app", "start"))] == [
        (module.module, module.names, tuple(one.attribute for one in module.entries)) for module in found.modules
    ]


def test_names_that_appear_at_run_time_leave_the_names_unknown(tmp_path: Path) -> None:
    """A module that sets globals may have any name, so that none can be called missing."""
    found = scan(tmp_path, {"main.py": f"{FLASK}globals()['other'] = app"})

    assert [None] == [module.names for module in found.modules]


UNREADABLE = [
    ("python-2", b"import flask\nprint 'hello'\n", 2, "print 'hello'"),
    ("unfinished", b"from fastapi import FastAPI\napp = FastAPI(\n", 2, "app = FastAPI("),
    ("not-utf-8", b"from flask import Flask\napp = Flask('caf\xe9')", None, None),
    ("null-byte", b"from flask import Flask\napp = Flask('x')\0", None, None),
    ("utf-16", "\ufefffrom flask import Flask".encode("utf-16-le"), None, None),
    ("unknown-encoding", b"# coding: klingon\nfrom flask import Flask\napp = Flask('x')", None, None),
    ("too-large", FLASK.encode() + b"#" * (1024 * 1024), None, ""),
    ("deep-chain", FLASK.encode() + b"x = a" + b".a" * 300_000, None, ""),
    ("deep-unary", FLASK.encode() + b"x = " + b"-" * 90_000 + b"a", None, ""),
    ("deep-parentheses", FLASK.encode() + b"x = " + b"(" * 90_000, 3, None),
]


@pytest.mark.parametrize(
    ("source", "line", "text"), [pytest.param(source, line, text, id=name) for name, source, line, text in UNREADABLE]
)
def test_a_file_that_python_could_not_read_is_a_mistake(
    tmp_path: Path, source: bytes, line: int | None, text: str | None
) -> None:
    """The mistake names the file, and the line where the parser tells it; other files are still read."""
    found = scan(tmp_path, {"app.py": source, "main.py": FASTAPI})

    if text is None:
        assert (("app.py",), (MAIN_FASTAPI,)) == (tuple(one.where for one in found.unparsable), found.entries)
    else:
        details = tuple(one.detail for one in found.unparsable)
        expected = tuple(Mistake(where="app.py", line=line, text=text, detail=detail) for detail in details)
        assert (expected, (MAIN_FASTAPI,)) == (found.unparsable, found.entries)
        assert len(details) == 1


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(b"\xef\xbb\xbf" + FLASK.encode(), id="byte-order-mark"),
        pytest.param(b"# -*- coding: latin-1 -*-; from flask import Flask\napp = Flask('x') # caf\xe9", id="cookie"),
        pytest.param(FLASK.replace("\n", "\r\n").encode(), id="crlf"),
        pytest.param(FLASK.encode() + b"pattern = '\\d'\n", id="doubtful-escape"),
        pytest.param(FLASK.encode() + b"if a: pass\n" + b"elif a: pass\n" * 1500, id="long-elif-chain"),
        pytest.param(FLASK.encode() + b"x = a" + b".f()" * 400, id="long-call-chain"),
    ],
)
def test_a_file_that_python_reads_is_read(tmp_path: Path, source: bytes) -> None:
    """Marks, cookies, line ends and warnings of the parser do not matter."""
    source = source.replace(b"; from", b"\nfrom", 1) if source.startswith(b"# -*-") else source
    found = scan(tmp_path, {"main.py": source})

    assert (["main:app"], ()) == ([one.target for one in found.entries], found.unparsable)


NEAR_MISSES = [
    (
        "bottle",
        "from bottle import route, run\n@route('/predict')\ndef predict(): ...",
        Mistake(
            where="main.py",
            line=2,
            text="@route('/predict')",
            detail="The handlers belong to Bottle's default application, which has no name in this module: "
            "add `app = bottle.default_app()`.",
        ),
    ),
    (
        "dash",
        "from dash import Dash\napp = Dash()",
        Mistake(
            where="main.py",
            line=2,
            text="app",
            detail="A server needs the application inside Dash's object: add `server = app.server`.",
        ),
    ),
    (
        "arguments",
        "from flask import Flask\ndef create_app(config): return Flask(config)",
        Mistake(
            where="main.py",
            line=2,
            text="create_app",
            detail="A server calls a factory without arguments: give every parameter a default.",
        ),
    ),
    (
        "async",
        "from fastapi import FastAPI\nasync def create_app(): return FastAPI()",
        Mistake(
            where="main.py",
            line=2,
            text="create_app",
            detail="A server calls a factory and does not await it: make it a plain function.",
        ),
    ),
]


@pytest.mark.parametrize(
    ("source", "expected"), [pytest.param(source, expected, id=name) for name, source, expected in NEAR_MISSES]
)
def test_what_is_nearly_an_entry_is_told_with_the_change_it_needs(
    tmp_path: Path, source: str, expected: Mistake
) -> None:
    """Only where nothing else was found: otherwise it is no obstacle."""
    alone = scan(tmp_path / "alone", {"main.py": source})
    beside = scan(tmp_path / "beside", {"main.py": source, "app.py": FASTAPI})

    assert ((), (expected,)) == (alone.entries, alone.unparsable)
    assert ((entry("app:app", ASGI, "fastapi"),), ()) == (beside.entries, beside.unparsable)


def test_only_files_with_a_telling_word_are_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large project must not make the build wait: parsing a thousand files takes seconds, searching them does not."""
    source = "import numpy as np\ndef transform(values):\n    return [value * 2 for value in values]\n"
    sources: dict[str, str | bytes] = {f"pkg/part_{number}.py": source for number in range(50)}
    files = write_project(tmp_path, {**sources, "main.py": FASTAPI})
    parsed: list[bytes] = []
    parse = ast.parse

    def note(data: bytes) -> ast.Module:
        parsed.append(data)
        return parse(data)

    monkeypatch.setattr(ast, "parse", note)
    found = find_web_entries(files)

    assert ((MAIN_FASTAPI,), [FASTAPI.encode()]) == (found.entries, parsed)


def test_nothing_is_imported_or_run(tmp_path: Path) -> None:
    """The source may do anything when it runs, so it never does during a build."""
    marker = tmp_path / "ran"
    scan(tmp_path / "project", {"main.py": f"{FASTAPI}open({str(marker)!r}, 'w')\nraise SystemExit"})

    assert not marker.exists()

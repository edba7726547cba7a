"""Which application is served: the one that is named, else the one that stands out, else an error that names them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_buildpack.errors import InvalidSettings, Mistake, NoWebEntry, TwoWebEntries
from ml_buildpack.facts.web_app import Interface, ScannedModule, WebEntry, WebScan
from ml_buildpack.plan.web_entry import choose_web_entry

WSGI, ASGI = Interface.WSGI, Interface.ASGI


def at(path: str, attribute: str = "app", *, line: int = 2, app_dir: str = "") -> WebEntry:
    """A Flask application of that name in that file."""
    inside = path.removeprefix(f"{app_dir}/").removesuffix(".py").removesuffix("/__init__")
    return WebEntry(
        module=inside.replace("/", "."),
        attribute=attribute,
        interface=WSGI,
        framework="flask",
        path=path,
        line=line,
        app_dir=app_dir,
    )


def fastapi(entry: WebEntry) -> WebEntry:
    """The entry, made by FastAPI."""
    return replace(entry, interface=ASGI, framework="fastapi")


def django(entry: WebEntry, interface: Interface) -> WebEntry:
    """The entry, made by Django."""
    return replace(entry, interface=interface, framework="django")


def scan(*entries: WebEntry, modules: tuple[ScannedModule, ...] = ()) -> WebScan:
    """A scan that found these entries, and these modules."""
    return WebScan(entries=entries, searched=("main.py",), unparsable=(), modules=modules)


def choose(found: WebScan, *, app: str | None = None, server: str | None = None, needs: str = "") -> WebEntry:
    """The choice for a project with those requirements."""
    return choose_web_entry(found, app=app, server=server, requirement_names=frozenset(needs.split()))


MAIN = at("main.py")
CREATE_APP = replace(at("main.py", "create_app", line=5), factory=True)
MADE = replace(MAIN, made_by="shop/__init__.py:create_app")
SHOP_FACTORY = replace(at("shop/__init__.py", "create_app"), factory=True)
SITE_WSGI = django(at("site_/wsgi.py", "application"), WSGI)
SITE_ASGI = django(at("site_/asgi.py", "application"), ASGI)

STANDING_OUT = [
    ("the-only-one", [MAIN], MAIN),
    ("usual-module-before-others", [at("zeta.py"), at("pkg/main.py")], at("pkg/main.py")),
    ("shallow-before-deep", [at("pkg/main.py"), fastapi(MAIN)], fastapi(MAIN)),
    ("package-as-deep-as-its-modules", [at("a/b/app.py"), at("a/__init__.py")], at("a/__init__.py")),
    ("usual-name-before-others", [MAIN, at("main.py", "admin", line=1)], MAIN),
    ("instance-before-factory", [at("main.py", "shop"), CREATE_APP], at("main.py", "shop")),
    ("usual-factory-name", [CREATE_APP, replace(CREATE_APP, attribute="init_api")], CREATE_APP),
    ("re-export", [at("pkg/app.py"), replace(MAIN, same_as="pkg/app.py:app")],
     replace(MAIN, same_as="pkg/app.py:app")),
    ("re-export-at-the-same-depth", [at("app.py"), replace(at("wsgi.py"), same_as="app.py:app")],
     replace(at("wsgi.py"), same_as="app.py:app")),
    ("alias", [MAIN, replace(at("main.py", "application", line=9), same_as="main.py:app")], MAIN),
    ("made-by-a-factory", [MADE, SHOP_FACTORY], MADE),
    ("made-in-an-unusual-module", [replace(MADE, path="run.py", module="run"), SHOP_FACTORY],
     replace(MADE, path="run.py", module="run")),
    ("made-twice-for-two-servers", [MADE, replace(MADE, path="wsgi.py", module="wsgi")],
     replace(MADE, path="wsgi.py", module="wsgi")),
    ("global-and-its-getter", [MAIN, replace(CREATE_APP, made_by="main.py:app")], MAIN),
    ("django", [SITE_ASGI, SITE_WSGI], SITE_WSGI),
]  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "expected"), [pytest.param(entries, expected, id=name) for name, entries, expected in STANDING_OUT]
)
@pytest.mark.parametrize("order", [1, -1], ids=["as-listed", "reversed"])
def test_the_entry_that_stands_out_is_served(entries: list[WebEntry], expected: WebEntry, order: int) -> None:
    """Conventional and shallow ones first; one application under two names is no second candidate."""
    assert expected == choose(scan(*entries[::order]))


EQUAL = [
    ("two-modules", [MAIN, fastapi(at("app.py"))]),
    ("two-packages", [at("a/main.py"), at("b/app.py")]),
    ("two-unusual-modules", [at("left.py"), at("right.py")]),
    ("two-usual-names", [MAIN, at("main.py", "server", line=7)]),
    ("two-unusual-names", [at("main.py", "left"), at("main.py", "right", line=3)]),
    ("two-made-in-one-module", [replace(MADE, attribute="left"), replace(MADE, attribute="right", line=3)]),
    ("two-sites", [SITE_WSGI, django(at("other/wsgi.py", "application"), WSGI)]),
]


@pytest.mark.parametrize("entries", [pytest.param(entries, id=name) for name, entries in EQUAL])
def test_two_equal_applications_are_an_error_that_names_both(entries: list[WebEntry]) -> None:
    """Sorted by file and line, whatever order they were found in."""
    with pytest.raises(TwoWebEntries) as caught:
        choose(scan(*entries))

    expected = sorted((entry.path, entry.line, entry.target) for entry in entries)
    assert expected == [(one.where, one.line, one.text) for one in caught.value.candidates]


def test_a_candidate_says_what_it_is() -> None:
    """The message can be read without opening the files."""
    with pytest.raises(TwoWebEntries) as caught:
        choose(scan(CREATE_APP, fastapi(at("app.py"))))

    assert caught.value.candidates == (
        Mistake(where="app.py", line=2, text="app:app", detail="a fastapi application (asgi)"),
        Mistake(where="main.py", line=5, text="main:create_app", detail="a flask factory (wsgi)"),
    )


@pytest.mark.parametrize(
    ("server", "needs", "expected"),
    [
        pytest.param("uvicorn", "django", SITE_ASGI, id="server-setting"),
        pytest.param("gunicorn", "django channels", SITE_WSGI, id="server-setting-wins"),
        pytest.param(None, "django channels", SITE_ASGI, id="channels"),
        pytest.param(None, "django daphne", SITE_ASGI, id="daphne"),
        pytest.param(None, "django uvicorn", SITE_ASGI, id="uvicorn"),
        pytest.param(None, "django uvicorn gunicorn", SITE_WSGI, id="both-servers"),
        pytest.param(None, "django", SITE_WSGI, id="nothing-says-it"),
    ],
)
def test_a_django_site_is_served_through_the_door_its_server_needs(
    server: str | None, needs: str, expected: WebEntry
) -> None:
    """Every Django project has a `wsgi.py` and an `asgi.py`, and they are one application."""
    assert expected == choose(scan(SITE_ASGI, SITE_WSGI), server=server, needs=needs)


def test_the_server_setting_decides_between_interfaces() -> None:
    """Two applications are no conflict where only one of them can be served by the named server."""
    assert fastapi(at("app.py")) == choose(scan(MAIN, fastapi(at("app.py"))), server="uvicorn")


def test_an_application_of_the_other_interface_is_still_found() -> None:
    """The setting chooses among several; a single application is served whatever it says."""
    assert MAIN == choose(scan(MAIN), server="uvicorn")


def test_nothing_found_is_an_error_with_the_search() -> None:
    """What was read, and what could not be read, are the evidence."""
    mistake = Mistake(where="app.py", line=1, text="print 1", detail="not Python")
    found = WebScan(entries=(), searched=("app.py", "main.py"), unparsable=(mistake,))

    with pytest.raises(NoWebEntry) as caught:
        choose(found)

    assert (("app.py", "main.py"), (mistake,)) == (caught.value.searched, caught.value.unparsable)


# --- the setting -----------------------------------------------------------------------------------------------------

HIDDEN = replace(at("scripts/serve.py", "start"), factory=True)
SCRIPT = ScannedModule(module="scripts.serve", path="scripts/serve.py", names=("start", "other"), entries=(HIDDEN,))
MODULES = (
    ScannedModule(module="main", path="main.py", names=("app", "served"), entries=(MAIN,)),
    SCRIPT,
    ScannedModule(module="pkg.api", path="src/pkg/api.py", app_dir="src", entries=()),
    ScannedModule(module="left.same", path="left/same.py"),
    ScannedModule(module="right.same", path="right/same.py"),
)
PROJECT = scan(MAIN, modules=MODULES)


def unknown(path: str, target: str, interface: Interface, *, app_dir: str = "", factory: bool = False) -> WebEntry:
    """An entry of which the source told nothing."""
    module, _, attribute = target.partition(":")
    return WebEntry(
        module=module, attribute=attribute, interface=interface, framework="", path=path, line=1, app_dir=app_dir,
        factory=factory,
    )  # fmt: skip


NAMED = [
    ("module-and-attribute", "main:app", None, "", MAIN),
    ("module-alone", "main", None, "", MAIN),
    ("unusual-place", "scripts.serve:start", None, "", HIDDEN),
    ("factory-with-parentheses", "scripts.serve:start()", None, "", HIDDEN),
    ("module-alone-in-an-unusual-place", "scripts.serve", None, "", HIDDEN),
    ("from-another-directory", "serve:start", None, "", replace(HIDDEN, module="serve", app_dir="scripts")),
    ("interface-of-the-server", "main:served", "uvicorn", "flask", unknown("main.py", "main:served", ASGI)),
    ("interface-of-asgi-requirements", "main:served", None, "starlette numpy", unknown("main.py", "main:served", ASGI)),
    ("interface-of-wsgi-requirements", "main:served", None, "falcon", unknown("main.py", "main:served", WSGI)),
    (
        "unread-module",
        "pkg.api:build()",
        "gunicorn",
        "",
        unknown("src/pkg/api.py", "pkg.api:build", WSGI, app_dir="src", factory=True),
    ),
    ("through-src", "src.pkg.api:app", "uvicorn", "", unknown("src/pkg/api.py", "src.pkg.api:app", ASGI)),
    ("spaces", " main:app ", None, "", MAIN),
]


@pytest.mark.parametrize(
    ("app", "server", "needs", "expected"),
    [pytest.param(*case, id=name) for name, *case in NAMED],
)
def test_the_setting_wins_and_can_name_anything(app: str, server: str | None, needs: str, expected: WebEntry) -> None:
    """Also what no search would find; the interface comes from the source, the server, or the requirements."""
    assert expected == choose(PROJECT, app=app, server=server, needs=needs)


def test_the_setting_decides_between_equal_applications() -> None:
    """It is the first repair that the error offers."""
    other = at("app.py")
    modules = (MODULES[0], ScannedModule(module="app", path="app.py", names=("app",), entries=(other,)))

    assert other == choose(scan(MAIN, other, modules=modules), app="app:app")


REFUSED = [
    ("file-name", "src/main.py", "It is not `module:attribute`, such as `main:app`, or `module:factory()`."),
    ("empty", "", "It is not `module:attribute`, such as `main:app`, or `module:factory()`."),
    ("no-module", "mian:app", 'No file of the project is the module `mian`. Did you mean "main"?'),
    ("no-name", "main:ap", 'main.py binds no name `ap`. Did you mean "app"?'),
    ("ambiguous-module", "same:app", "Several files could be the module `same`: left/same.py and right/same.py."),
    ("nothing-in-the-module", "pkg.api", "No application was found in src/pkg/api.py: name it, as in `pkg.api:app`."),
    ("instance-called", "main:app()", "`app` is the application itself: leave the parentheses out."),
    (
        "interface-unknown",
        "main:served",
        (
            "Neither the source nor the requirements tell whether this is WSGI or ASGI: "
            "set BP_SERVER to gunicorn or to uvicorn."
        ),
    ),
]


@pytest.mark.parametrize(("app", "detail"), [pytest.param(app, detail, id=name) for name, app, detail in REFUSED])
def test_a_setting_that_cannot_be_served_is_refused(app: str, detail: str) -> None:
    """With what was written, and what would be right."""
    with pytest.raises(InvalidSettings) as caught:
        choose(PROJECT, app=app)

    assert caught.value.mistakes == (Mistake(where="BP_APP", text=app, detail=detail),)


def test_requirements_of_both_kinds_do_not_decide_an_interface() -> None:
    """Guessing would fail only when the container starts."""
    with pytest.raises(InvalidSettings):
        choose(PROJECT, app="main:served", needs="flask fastapi")

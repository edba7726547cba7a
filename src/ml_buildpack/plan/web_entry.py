"""Which of the applications that were found is served. Pure: reads a `WebScan` and opens no file.

Called by build where no `Procfile` says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from ml_buildpack.errors import InvalidSettings, Mistake, NoWebEntry, TwoWebEntries
from ml_buildpack.facts.spelling import did_you_mean
from ml_buildpack.facts.web_app import CONVENTIONAL_MODULES, Interface, ScannedModule, WebEntry, WebScan

APP_SETTING = "BP_APP"
_APP = re.compile(r"(?P<module>\w+(?:\.\w+)*)(?::(?P<attribute>\w+)(?P<call>\(\))?)?")
_USUAL_NAMES = frozenset({"app", "application", "api", "server", "create_app", "make_app", "build_app", "get_app"})
# Modules that are written for a server alone, in the order in which they are taken.
_FOR_SERVERS = ("wsgi", "asgi")

_SERVER_INTERFACES = {"gunicorn": Interface.WSGI, "uvicorn": Interface.ASGI}
_ASGI_REQUIREMENTS = frozenset({"fastapi", "starlette", "litestar", "quart", "sanic"})
_WSGI_REQUIREMENTS = frozenset({"flask", "django", "bottle", "falcon"})
_DJANGO_ASGI_REQUIREMENTS = frozenset({"channels", "daphne"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """The `app` setting, taken apart. `attribute` is "" where it names a module alone."""

    text: str
    module: str
    attribute: str
    called: bool


def choose_web_entry(
    scan: WebScan, *, app: str | None, server: str | None, requirement_names: frozenset[str]
) -> WebEntry:
    """The entry to serve: the one that `app` names, else the best of those in the usual places.

    `requirement_names` are normalised. Raises: NoWebEntry; TwoWebEntries; InvalidSettings where `app` cannot be served.
    """
    if app is not None:
        return _named(scan, _parse(app), server, requirement_names)
    if not scan.entries:
        raise NoWebEntry(searched=scan.searched, unparsable=scan.unparsable)
    return _best(scan.entries, server, requirement_names)


# --- the best of several ---------------------------------------------------------------------------------------------


def _best(entries: tuple[WebEntry, ...], server: str | None, requirement_names: frozenset[str]) -> WebEntry:
    """The entry that stands out: conventional modules before others, shallow ones before deep ones.

    Two names of one object are one application, and so are a factory and what it made.
    """
    served = _of_preferred_interface(entries, server, requirement_names)
    top = min(_place_rank(entry) for entry in served)
    leaders = list(_best_of_each_module(entry for entry in served if _place_rank(entry) == top))
    if _are_different(leaders):
        raise TwoWebEntries(candidates=tuple(_candidate(entry) for entry in leaders))
    application = _application(leaders[0])
    return min((entry for entry in served if _application(entry) == application), key=_rank_within_application)


def _place_rank(entry: WebEntry) -> tuple[bool, int]:
    return _module_stem(entry) not in (*CONVENTIONAL_MODULES, "__init__"), entry.path.count("/")


def _name_rank(entry: WebEntry) -> tuple[bool, bool]:
    return entry.factory, entry.attribute not in _USUAL_NAMES


def _rank_within_application(entry: WebEntry) -> tuple[object, ...]:
    """A tuple that says which of several ways to one application is taken; the module's name decides only here."""
    stem = _module_stem(entry)
    order = (*_FOR_SERVERS, *(name for name in CONVENTIONAL_MODULES if name not in _FOR_SERVERS))
    position = order.index(stem) if stem in order else len(order)
    return entry.factory, _place_rank(entry), position, _name_rank(entry), entry.path, entry.line


def _best_of_each_module(entries: Iterable[WebEntry]) -> Iterator[WebEntry]:
    """The entries of each module with its best kind of name, sorted by path and line."""
    for _, group in groupby(sorted(entries, key=lambda entry: (entry.path, entry.line)), key=lambda entry: entry.path):
        members = list(group)
        best = min(_name_rank(entry) for entry in members)
        yield from (entry for entry in members if _name_rank(entry) == best)


def _are_different(leaders: list[WebEntry]) -> bool:
    """Whether they are more than one application.

    One factory may be called in several modules, one for each server; called twice in one module, it makes two.
    """
    applications = {_application(entry) for entry in leaders}
    objects = {(entry.path, entry.same_as or entry.place) for entry in leaders}
    return len(applications) > 1 or len(objects) > len({entry.path for entry in leaders})


def _application(entry: WebEntry) -> str:
    """Equal for everything that leads to the same application."""
    if entry.framework == "django":
        # `wsgi.py` and `asgi.py`, which every project has, are two doors to one site.
        return f"{entry.path.rpartition('/')[0]}/"
    return entry.made_by or entry.same_as or entry.place


def _of_preferred_interface(
    entries: tuple[WebEntry, ...], server: str | None, requirement_names: frozenset[str]
) -> tuple[WebEntry, ...]:
    wanted = _SERVER_INTERFACES.get(server or "")
    matching = tuple(entry for entry in entries if entry.interface is wanted)
    if matching:
        return matching
    uvicorn_only = "uvicorn" in requirement_names and "gunicorn" not in requirement_names
    asgi = uvicorn_only or not _DJANGO_ASGI_REQUIREMENTS.isdisjoint(requirement_names)
    second = Interface.WSGI if asgi else Interface.ASGI
    sites = {_application(entry) for entry in entries if entry.framework == "django" and entry.interface is not second}
    return tuple(entry for entry in entries if entry.interface is not second or _application(entry) not in sites)


def _candidate(entry: WebEntry) -> Mistake:
    kind = "factory" if entry.factory else "application"
    detail = f"a {entry.framework} {kind} ({entry.interface.value})"
    return Mistake(where=entry.path, line=entry.line, text=entry.target, detail=detail)


def _module_stem(entry: WebEntry) -> str:
    return entry.path.rpartition("/")[2].removesuffix(".py")


# --- the one that the setting names ----------------------------------------------------------------------------------


def _parse(app: str) -> _Wanted:
    found = _APP.fullmatch(app.strip())
    if found is None:
        raise _invalid(app, "It is not `module:attribute`, such as `main:app`, or `module:factory()`.")
    attribute = found["attribute"] or ""
    return _Wanted(text=app, module=found["module"], attribute=attribute, called=found["call"] is not None)


def _named(scan: WebScan, wanted: _Wanted, server: str | None, requirement_names: frozenset[str]) -> WebEntry:
    module = _find_module(scan.modules, wanted)
    if not wanted.attribute:
        usual = tuple(entry for entry in scan.entries if entry.path == module.path)
        if not usual and not module.entries:
            raise _invalid(
                wanted.text, f"No application was found in {module.path}: name it, as in `{module.module}:app`."
            )
        return _imported_as(module, _best(usual or module.entries, server, requirement_names))
    for entry in module.entries:
        if entry.attribute == wanted.attribute:
            return _imported_as(module, _checked(entry, wanted))
    if module.names is not None and wanted.attribute not in module.names:
        hint = did_you_mean(wanted.attribute, module.names)
        raise _invalid(wanted.text, f"{module.path} binds no name `{wanted.attribute}`.{hint}")
    return WebEntry(
        module=module.module,
        attribute=wanted.attribute,
        interface=_guessed_interface(wanted, server, requirement_names),
        framework="",
        path=module.path,
        line=1,
        factory=wanted.called,
        app_dir=module.app_dir,
    )


def _find_module(modules: tuple[ScannedModule, ...], wanted: _Wanted) -> ScannedModule:
    """The file of the module, and how it is imported under that very name."""
    by_depth = sorted(modules, key=lambda module: (module.path.count("/"), module.path))
    for module in by_depth:
        if module.module == wanted.module:
            return module
    renamed = [found for module in by_depth if (found := _under_name(module, wanted.module)) is not None]
    nearest = [module for module in renamed if module.path.count("/") == renamed[0].path.count("/")]
    if not nearest:
        hint = did_you_mean(wanted.module, (module.module for module in modules))
        raise _invalid(wanted.text, f"No file of the project is the module `{wanted.module}`.{hint}")
    if len(nearest) > 1:
        paths = " and ".join(module.path for module in nearest)
        raise _invalid(wanted.text, f"Several files could be the module `{wanted.module}`: {paths}.")
    return nearest[0]


def _under_name(module: ScannedModule, name: str) -> ScannedModule | None:
    """The module as it is imported under `name`, from whatever directory makes that possible."""
    stem, wanted = module.path.removesuffix(".py").removesuffix("/__init__"), name.replace(".", "/")
    if not f"/{stem}".endswith(f"/{wanted}"):
        return None
    return replace(module, module=name, app_dir=stem.removesuffix(wanted).removesuffix("/"))


def _imported_as(module: ScannedModule, entry: WebEntry) -> WebEntry:
    return replace(entry, module=module.module, app_dir=module.app_dir)


def _checked(entry: WebEntry, wanted: _Wanted) -> WebEntry:
    if wanted.called and not entry.factory:
        detail = f"`{entry.attribute}` is the application itself: leave the parentheses out."
        raise _invalid(wanted.text, detail)
    return entry


def _guessed_interface(wanted: _Wanted, server: str | None, requirement_names: frozenset[str]) -> Interface:
    known = _SERVER_INTERFACES.get(server or "")
    if known is not None:
        return known
    asgi = not _ASGI_REQUIREMENTS.isdisjoint(requirement_names)
    wsgi = not _WSGI_REQUIREMENTS.isdisjoint(requirement_names)
    if asgi is wsgi:
        unknown = "Neither the source nor the requirements tell whether this is WSGI or ASGI"
        raise _invalid(wanted.text, f"{unknown}: set BP_SERVER to gunicorn or to uvicorn.")
    return Interface.ASGI if asgi else Interface.WSGI


def _invalid(text: str, detail: str) -> InvalidSettings:
    return InvalidSettings(mistakes=(Mistake(where=APP_SETTING, text=text, detail=detail),))

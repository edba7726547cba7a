"""Service bindings that say where packages come from, and who to be there: types `pypi`, `pip` and `netrc`.

An entry is one value (`index-url`, `extra-index-url`, `username`, `password`, `token`) or a whole file (`pip.conf`,
`netrc`). A secret that is wrong is never quoted: messages name the binding and the entry. Source: servicebinding.io;
the names of the two file entries are those of Paketo's Python buildpacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from ml_buildpack.errors import InvalidBinding, Mistake
from ml_buildpack.facts.bindings import Binding, Secret
from ml_buildpack.facts.index_source import Index, IndexSource, Login
from ml_buildpack.facts.logins import MalformedNetrcError, read_netrc_text
from ml_buildpack.facts.pip_configuration import MalformedPipConfigurationError, read_pip_configuration

INDEX_TYPES = frozenset({"pypi", "pip", "netrc"})
CERTIFICATE_TYPE = "ca-certificates"

# Other spellings of the same entry, in lower case and with hyphens.
_OTHER_NAMES = {
    "url": "index-url",
    "uri": "index-url",
    "user": "username",
    ".netrc": "netrc",
    "pip-conf": "pip.conf",
    "extra-index-urls": "extra-index-url",
}
_KNOWN = ("index-url", "extra-index-url", "username", "password", "token", "pip.conf", "netrc")
# The user name that PyPI and its kin want beside a token.
_TOKEN_USER = "__token__"  # noqa: S105  # a name, not a secret
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexBindings:
    """What all bindings say, in the order of their names."""

    sources: tuple[IndexSource, ...] = ()
    logins: tuple[Login, ...] = ()


class _Refused(Exception):
    """An entry cannot be used. The message is a sentence without the entry's content."""

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


def read_index_bindings(bindings: tuple[Binding, ...]) -> IndexBindings:
    """The indexes and logins of all bindings of these types. Raises: InvalidBinding, with all mistakes."""
    sources: list[IndexSource] = []
    logins: list[Login] = []
    mistakes: list[Mistake] = []
    for binding in bindings:
        if binding.type not in INDEX_TYPES:
            continue
        try:
            entries = _entries(binding)
            sources.extend(_sources(binding, entries))
            logins.extend(_logins(entries))
        except _Refused as error:
            place = f"binding {binding.name}" + (f", entry {error.key}" if error.key else "")
            mistakes.append(Mistake(where=place, detail=str(error)))
    if mistakes:
        raise InvalidBinding(mistakes=tuple(mistakes))
    return IndexBindings(sources=tuple(sources), logins=tuple(logins))


def read_certificates(bindings: tuple[Binding, ...]) -> tuple[str, ...]:
    """The certificate authorities of all bindings of the type `ca-certificates`, as PEM texts. Raises: InvalidBinding.

    Certificates by which a build would say who it is (client certificates) are not among what a build can be given.
    """
    texts: list[str] = []
    mistakes: list[Mistake] = []
    for binding in bindings:
        for key in binding.entries if binding.type == CERTIFICATE_TYPE else ():
            text = binding.read(key)
            texts.append(text)
            if _CERTIFICATE not in text:
                detail = f'It is no certificate in PEM format, which begins with "{_CERTIFICATE}".'
                mistakes.append(Mistake(where=f"binding {binding.name}, entry {key}", detail=detail))
    if mistakes:
        raise InvalidBinding(mistakes=tuple(mistakes))
    return tuple(texts)


def _entries(binding: Binding) -> dict[str, str]:
    found: dict[str, str] = {}
    for written in binding.entries:
        key = written.lower().replace("_", "-")
        key = _OTHER_NAMES.get(key, key)
        if key in _KNOWN:
            found[key] = binding.read(written)
    if not found:
        raise _Refused(f"It has none of the entries {', '.join(_KNOWN)}.")
    return found


def _sources(binding: Binding, entries: dict[str, str]) -> tuple[IndexSource, ...]:
    origin = f"binding {binding.name}"
    user, password = entries.get("username"), entries.get("password")
    if "token" in entries:
        user, password = user or _TOKEN_USER, entries["token"]
    urls = [entries["index-url"]] if entries.get("index-url") else []
    extra = entries.get("extra-index-url", "").split()
    if (user or password) and not (urls or extra):
        raise _Refused("A user name, password or token needs an index-url beside it: it is sent nowhere else.")
    for key, url in (*(("index-url", url) for url in urls), *(("extra-index-url", url) for url in extra)):
        if not urlsplit(url).netloc:
            raise _Refused("It is not the address of an index.", key=key)
    own = IndexSource(
        origin=origin,
        default=Index(url=_with_login(urls[0], user, password)) if urls else None,
        extra=tuple(Index(url=_with_login(url, user, password)) for url in extra),
    )
    return (*((own,) if own.urls else ()), *_pip_sources(origin, entries))


def _pip_sources(origin: str, entries: dict[str, str]) -> tuple[IndexSource, ...]:
    if "pip.conf" not in entries:
        return ()
    try:
        # Nothing lies beside a binding's file, so a relative path in it can only be meant from the root.
        return (read_pip_configuration(entries["pip.conf"], origin=origin, directory=Path("/")),)
    except MalformedPipConfigurationError as error:
        raise _Refused(str(error), key="pip.conf") from None


def _logins(entries: dict[str, str]) -> tuple[Login, ...]:
    try:
        return read_netrc_text(entries.get("netrc", ""))
    except MalformedNetrcError as error:
        raise _Refused(str(error), key="netrc") from None


def _with_login(url: str, user: str | None, password: str | None) -> Secret:
    parts = urlsplit(url)
    if parts.username is not None or not (user or password):
        return Secret(value=url)
    login = quote(user or "", safe="") + (f":{quote(password, safe='')}" if password else "")
    return Secret(value=urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}")))
